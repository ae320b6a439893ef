import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createLoadGate } from '../src/create-load-gate.js';
import { readBody } from '../src/read-body.js';

const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

it('holds no byte of a body that was read, as long as its request may live', async () => {
  const gate = createLoadGate({ maxInFlight: 1, maxBufferedBytes: 1 });
  // `as`: of a request only the stream and the headers are read.
  const request = Object.assign(new PassThrough(), { headers: {} }) as unknown as IncomingMessage;
  const send = (length: number): WeakRef<Buffer> => {
    const chunk = Buffer.alloc(length, 0x20);
    (request as unknown as PassThrough).write(chunk);
    return new WeakRef(chunk);
  };
  const length = await new Promise<number>((resolve) => {
    readBody(request, 1_000_000, gate, (reading) => {
      resolve(reading.kind === 'body' ? reading.bytes.length : -1);
    });
    send(100_000);
    const last = send(200_000);
    (request as unknown as PassThrough).end();
    Object.assign(request, { last });
  });
  expect(length).toBe(300_000);
  const { last } = request as unknown as { last: WeakRef<Buffer> };
  await expect.poll(() => (collectGarbage(), last.deref())).toBeUndefined();
  expect(request.listenerCount('data')).toBe(1);
  gate.close();
});
