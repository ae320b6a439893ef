import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { resolveMutationSettings } from 'irsa/patch';
import { answerReview } from './answer-review.js';
import { createBodyReader } from './create-body-reader.js';
import { createExchange, type Exchange } from './create-exchange.js';
import { createHold } from './create-hold.js';
import { createLoadGate, type LoadGate } from './create-load-gate.js';
import { parseMediaType } from './parse-media-type.js';
import type { RequestEvent, WebhookHandlerOptions } from './types.js';

/**
 * 7 MiB. The API server takes requests of up to 3 MiB of JSON (etcd stores 1.5 MiB); a review of an update carries the object twice
 * and the envelope with options and user info. A longer body comes from nobody whom this server serves.
 *
 * @see {@link https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go | kube-apiserver: MaxRequestBodyBytes}
 */
export const defaultMaxBodyBytes: number = 7 * 1024 * 1024;

/** How long the API server waits when its URL does not say so: `timeoutSeconds` of a webhook defaults to 10. */
const defaultPatienceMs = 10_000;

/** Who sends more than the limit may read the answer for this long, while the rest of the body is dropped. */
const lingerMs = 1_000;

/** The HTTP skin over `reviewPod`: method, media type, limit, JSON, lookup, answer. */
export interface WebhookHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  readonly gate: LoadGate;
  /** From now on `/readyz` says no and answers end their connection; reviews are still answered. */
  readonly drain: () => void;
  readonly close: () => void;
}

/**
 * Creates the request handler of the admission server: `/mutate` (POST), `/healthz` and `/readyz`.
 *
 * What is not a review gets an HTTP error with a Kubernetes `Status`, not a 200 with `allowed: false`: the pod is not at fault,
 * so the webhook's failurePolicy decides, as it does when no answer comes at all.
 */
export function createWebhookHandler(options: WebhookHandlerOptions): WebhookHandler {
  const { notReady, observe = () => {}, maxBodyBytes = defaultMaxBodyBytes } = options;
  const { maxInFlight = 1000, maxBufferedBytes = 128 * 1024 * 1024 } = options;
  const review = {
    ...options,
    settings: resolveMutationSettings(options.settings ?? {}),
    random: options.random ?? Math.random,
  };
  const gate = createLoadGate({ maxInFlight, maxBufferedBytes });
  const answeredAt = new WeakMap<Socket, number>();
  const hold = createHold(gate);
  const readBody = createBodyReader({ gate, limit: maxBodyBytes });
  let draining = false;

  const mutate = (exchange: Exchange): void => {
    const { request, response } = exchange;
    if (!isWelcome(exchange) || !isReady(exchange, notReady?.())) return;
    const lagMs = gate.lagMs(answeredAt.get(request.socket));
    hold(request.socket, response);
    if (shed(exchange, gate, lagMs)) return;
    readBody(request, (reading) => {
      switch (reading.kind) {
        case 'aborted':
          exchange.abandon();
          return;
        case 'too-large':
          exchange.refuse(413, 'RequestEntityTooLarge', `expected at most ${maxBodyBytes} bytes`, {
            decision: 'too-large',
          });
          setTimeout(() => request.destroy(), lingerMs).unref();
          return;
        case 'body': {
          const { bytes } = reading;
          const release = (): void => {
            gate.release(bytes.length);
          };
          if (shed(exchange, gate, lagMs + exchange.ageMs())) {
            release();
            return;
          }
          const answered = answerReview(exchange, bytes, review);
          if (answered === undefined) release();
          else void answered.finally(release);
        }
      }
    });
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const route = routeOf(request.url);
    const isLast = (): boolean => draining;
    const exchange = createExchange(request, response, {
      route,
      isLast,
      observe: (event) => {
        // Not when the response closes: that may be a turn of the loop later, and the client may have asked again by then.
        answeredAt.set(request.socket, performance.now());
        observe(event);
      },
    });
    switch (route) {
      case 'mutate':
        mutate(exchange);
        return;
      case 'healthz':
        answerProbe(exchange, undefined);
        return;
      case 'readyz':
        answerProbe(exchange, draining ? 'shutting down' : notReady?.());
        return;
      case 'other':
        exchange.refuse(404, 'NotFound', 'expected /mutate, /healthz or /readyz', {
          decision: 'no-route',
        });
    }
  };

  return Object.assign(handle, {
    gate,
    drain: () => {
      draining = true;
    },
    close: gate.close,
  });
}

function routeOf(url: string | undefined): RequestEvent['route'] {
  switch (url?.split('?', 1)[0]) {
    case '/mutate':
      return 'mutate';
    case '/healthz':
      return 'healthz';
    case '/readyz':
      return 'readyz';
    default:
      return 'other';
  }
}

/** Method and media type; answers where they are not what they should be. */
function isWelcome(exchange: Exchange): boolean {
  const { method, headers } = exchange.request;
  if (method !== 'POST') {
    exchange.response.setHeader('allow', 'POST');
    exchange.refuse(405, 'MethodNotAllowed', 'expected POST', { decision: 'method' });
    return false;
  }
  const mediaType = parseMediaType(headers['content-type']);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (mediaType === 'application/json' && encoding === 'identity') return true;
  const message =
    mediaType === 'application/json'
      ? 'expected no Content-Encoding'
      : `expected application/json, got ${mediaType ?? 'no media type'}`;
  exchange.refuse(415, 'UnsupportedMediaType', message, { decision: 'media-type' });
  return false;
}

function isReady(exchange: Exchange, fault: string | undefined): boolean {
  if (fault === undefined) return true;
  exchange.refuse(503, 'ServiceUnavailable', `irsa-webhook is not ready: ${fault}`, {
    decision: 'not-ready',
  });
  return false;
}

function shed(exchange: Exchange, gate: LoadGate, waitedMs: number): boolean {
  const reason = gate.shed(waitedMs, patienceOf(exchange.request.url));
  if (reason === undefined) return false;
  // 503 without Retry-After: client-go would repeat the call on its own and so feed the overload.
  exchange.refuse(
    503,
    'ServiceUnavailable',
    `irsa-webhook is overloaded (${reason}): add replicas or CPU`,
    { decision: 'overloaded' },
  );
  return true;
}

function answerProbe(exchange: Exchange, fault: string | undefined): void {
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') {
    exchange.response.setHeader('allow', 'GET, HEAD');
    exchange.refuse(405, 'MethodNotAllowed', 'expected GET or HEAD', { decision: 'method' });
  } else if (fault === undefined) {
    exchange.answer(200, 'text/plain; charset=utf-8', 'ok\n', { decision: 'ok' });
  } else {
    exchange.answer(503, 'text/plain; charset=utf-8', `not ready: ${fault}\n`, {
      decision: 'not-ready',
    });
  }
}

/** The API server says how long it waits: `/mutate?timeout=5s`. */
function patienceOf(url: string | undefined): number {
  const seconds = /[?&]timeout=(\d{1,3})s(?:&|$)/.exec(url ?? '')?.[1];
  return seconds === undefined ? defaultPatienceMs : Number(seconds) * 1000;
}
