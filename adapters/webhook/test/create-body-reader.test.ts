import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBodyReader, type BodyReader } from '../src/create-body-reader.js';

/** A gate that tells what it holds. */
const countBytes = () => {
  let held = 0;
  return {
    held: () => held,
    hold: (bytes: number): void => {
      held += bytes;
    },
    release: (bytes: number): void => {
      held -= bytes;
    },
  };
};

const requestOf = (stream: PassThrough): IncomingMessage =>
  // `as`: of a request only the stream and the headers are read.
  Object.assign(stream, { headers: {} }) as unknown as IncomingMessage;

/** Sends the chunks one by one; the body, copied while it is there, or why there is none. */
async function readChunks(read: BodyReader, chunks: readonly Uint8Array[]): Promise<string> {
  const stream = new PassThrough();
  const body = new Promise<string>((resolve) => {
    read(requestOf(stream), (reading) => {
      resolve(reading.kind === 'body' ? reading.bytes.toString('latin1') : reading.kind);
    });
  });
  for (const chunk of chunks) {
    stream.write(chunk);
    await new Promise(setImmediate);
  }
  stream.end();
  return await body;
}

describe('createBodyReader', () => {
  it('joins the chunks of every body, whatever comes between them', async () => {
    const chunk = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 255 }).map((byte) => new Uint8Array(100_000).fill(byte)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(chunk, { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
        async (bodies) => {
          const gate = countBytes();
          const read = createBodyReader({ gate, limit: 1_000_000 });
          const got = await Promise.all(bodies.map((chunks) => readChunks(read, chunks)));
          expect(got).toEqual(bodies.map((chunks) => Buffer.concat(chunks).toString('latin1')));
          expect(gate.held()).toBe(got.reduce((sum, body) => sum + body.length, 0));
        },
      ),
    );
  });

  it('joins bodies in one buffer, and only one longer than nearly every review in one of its own', async () => {
    const read = createBodyReader({ gate: countBytes(), limit: 1_000_000 });
    const memoryOf = (length: number): Promise<ArrayBufferLike> =>
      new Promise((resolve) => {
        const stream = new PassThrough();
        read(requestOf(stream), (reading) => {
          if (reading.kind === 'body') resolve(reading.bytes.buffer);
        });
        stream.write(Buffer.alloc(length / 2));
        stream.end(Buffer.alloc(length / 2));
      });
    const room = await memoryOf(2_000);
    expect(await memoryOf(200_000)).toBe(room);
    expect(await memoryOf(300_000)).not.toBe(room);
    expect(await memoryOf(256 * 1024)).toBe(room);
  });

  it('lets go of what it held of a body that is too large or breaks off', async () => {
    const gate = countBytes();
    const read = createBodyReader({ gate, limit: 10 });
    expect(await readChunks(read, [Buffer.alloc(6), Buffer.alloc(6)])).toBe('too-large');
    expect(gate.held()).toBe(0);
    const stream = new PassThrough();
    const broken = new Promise((resolve) => {
      read(requestOf(stream), resolve);
    });
    stream.write(Buffer.alloc(6));
    await new Promise(setImmediate);
    expect(gate.held()).toBe(6);
    stream.destroy(new Error('reset'));
    expect(await broken).toEqual({ kind: 'aborted' });
    expect(gate.held()).toBe(0);
  });

  it('holds no byte of a body that was read, as long as its request may live', async () => {
    const read = createBodyReader({ gate: countBytes(), limit: 1_000_000 });
    const stream = new PassThrough();
    const request = requestOf(stream);
    const send = (length: number): WeakRef<Buffer> => {
      const chunk = Buffer.alloc(length, 0x20);
      stream.write(chunk);
      return new WeakRef(chunk);
    };
    const length = await new Promise<number>((resolve) => {
      read(request, (reading) => {
        resolve(reading.kind === 'body' ? reading.bytes.length : -1);
      });
      send(100_000);
      const last = send(200_000);
      stream.end();
      Object.assign(request, { last });
    });
    expect(length).toBe(300_000);
    const { last } = request as unknown as { last: WeakRef<Buffer> };
    await expect.poll(() => (collectGarbage(), last.deref())).toBeUndefined();
    expect(request.listenerCount('data')).toBe(1);
  });
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
