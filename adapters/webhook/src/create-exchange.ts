import type { IncomingMessage, ServerResponse } from 'node:http';
import { buildStatus, type StatusReason } from './build-status.js';
import type { RequestEvent } from './types.js';

/** What is told about an exchange beyond what it knows itself. */
export type Decided = Omit<RequestEvent, 'route' | 'status' | 'seconds'>;

/** One request and its one answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  ageMs(): number;
  /** Sends the answer and tells the observer. */
  answer(status: number, contentType: string, body: string, decided: Decided): void;
  /** Answers with a Kubernetes `Status`. */
  refuse(code: number, reason: StatusReason, message: string, decided: Decided): void;
  /** Nobody waits for an answer any more. */
  abandon(): void;
}

/** What {@link createExchange} needs beside the two streams. */
export interface ExchangeOptions {
  readonly route: RequestEvent['route'];
  readonly observe: (event: RequestEvent) => void;
  /** Whether the connection ends with this answer. */
  readonly isLast: () => boolean;
}

/** Joins a request, its answer and what is told about them. */
export function createExchange(
  request: IncomingMessage,
  response: ServerResponse,
  options: ExchangeOptions,
): Exchange {
  const { route, observe, isLast } = options;
  const startedAt = performance.now();
  const ageMs = (): number => performance.now() - startedAt;
  const tell = (status: number, decided: Decided): void => {
    observe({ route, status, seconds: ageMs() / 1000, ...decided });
  };
  const answer: Exchange['answer'] = (status, contentType, body, decided) => {
    if (!response.destroyed) {
      const length = Buffer.byteLength(body);
      response.writeHead(status, {
        'content-type': contentType,
        'content-length': length,
        ...(isLast() && { connection: 'close' }),
      });
      // A string leaves in one write together with the head; a Buffer would be a second one. ASCII needs no encoding.
      response.end(
        request.method === 'HEAD' ? undefined : body,
        length === body.length ? 'latin1' : 'utf8',
      );
    }
    tell(status, decided);
  };
  return {
    request,
    response,
    ageMs,
    answer,
    refuse: (code, reason, message, decided) => {
      answer(code, 'application/json', buildStatus(code, reason, message), decided);
    },
    abandon: () => {
      // 499 as nginx has it: the client closed the connection.
      tell(499, { decision: 'aborted' });
    },
  };
}
