import type { IncomingMessage } from 'node:http';
import type { LoadGate } from './create-load-gate.js';

/** A whole body, or why there is none. */
export type BodyReading =
  /** The bytes are the reader's own again once who asked for them returns: the next body is put in their place. */
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'aborted' };

/** Reads one request's body. */
export type BodyReader = (request: IncomingMessage, done: (reading: BodyReading) => void) => void;

/** What {@link createBodyReader} needs. */
export interface BodyReaderOptions {
  readonly gate: Pick<LoadGate, 'hold' | 'release'>;
  /** In bytes. */
  readonly limit: number;
}

/** Nearly every review is shorter; a longer one gets a buffer of its own. */
const roomBytes = 256 * 1024;

/**
 * Creates what reads bodies up to a limit and counts the bytes held in the gate; the caller releases them.
 * Past the limit what still comes is read and dropped, so that a client that writes before it reads gets its answer.
 */
export function createBodyReader({ gate, limit }: BodyReaderOptions): BodyReader {
  const join = createJoin();
  return (request, done) => {
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
      if (!settled) settle({ kind: 'body', bytes: join(chunks, length) });
    });
    request.on('error', () => {
      settle({ kind: 'aborted' });
    });
    request.on('close', () => {
      settle({ kind: 'aborted' });
    });
  };
}

/** Creates what joins chunks, in one buffer for all bodies (docs/adr/0706). */
function createJoin(): (chunks: readonly Buffer[], length: number) => Buffer {
  let room: Buffer | undefined;
  return (chunks, length) => {
    const [first] = chunks;
    if (chunks.length === 1 && first !== undefined) return first;
    if (length > roomBytes) return Buffer.concat(chunks, length);
    room ??= Buffer.allocUnsafeSlow(roomBytes);
    let at = 0;
    for (const chunk of chunks) at += chunk.copy(room, at);
    return room.subarray(0, length);
  };
}
