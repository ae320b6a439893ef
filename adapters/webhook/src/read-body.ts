import type { IncomingMessage } from 'node:http';
import type { LoadGate } from './create-load-gate.js';

/** A whole body, or why there is none. */
export type BodyReading =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'aborted' };

/**
 * Reads a request's body up to a limit and counts the bytes held in the gate; the caller releases them.
 * Past the limit what still comes is read and dropped, so that a client that writes before it reads gets its answer.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  gate: LoadGate,
  done: (reading: BodyReading) => void,
): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let settled = false;
  const settle = (reading: BodyReading): void => {
    if (settled) return;
    settled = true;
    if (reading.kind !== 'body') {
      gate.release(length);
      length = 0;
    }
    // A kept-alive connection holds its last request, and so these listeners, until the next one comes.
    chunks.length = 0;
    done(reading);
  };
  if (Number(request.headers['content-length']) > limit) {
    request.resume();
    settle({ kind: 'too-large' });
    return;
  }
  request.on('data', (chunk: Buffer) => {
    if (settled) return;
    length += chunk.length;
    gate.hold(chunk.length);
    chunks.push(chunk);
    if (length > limit) settle({ kind: 'too-large' });
  });
  request.on('end', () => {
    settle({
      kind: 'body',
      bytes:
        chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length),
    });
  });
  request.on('error', () => {
    settle({ kind: 'aborted' });
  });
  request.on('close', () => {
    settle({ kind: 'aborted' });
  });
}
