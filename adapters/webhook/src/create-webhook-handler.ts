import type { IncomingMessage, ServerResponse } from 'node:http';
import { IrsaError } from 'irsa/errors';
import { resolveMutationSettings, reviewPod, serviceAccountOf } from 'irsa/patch';
import type { AdmissionReviewResponse, ServiceAccount } from 'irsa/patch';
import { buildStatus, type StatusReason } from './build-status.js';
import { createLoadGate, type LoadGate } from './create-load-gate.js';
import { parseMediaType } from './parse-media-type.js';
import { readBody } from './read-body.js';
import type { Live, RequestEvent, WebhookHandlerOptions } from './types.js';

/**
 * 7 MiB. The API server takes requests of up to 3 MiB of JSON (etcd stores 1.5 MiB); a review of an update carries the object twice
 * and the envelope with options and user info. A longer body comes from nobody whom this server serves.
 *
 * @see {@link https://github.com/kubernetes/apiserver/blob/master/pkg/server/config.go | kube-apiserver: MaxRequestBodyBytes}
 */
export const defaultMaxBodyBytes: number = 7 * 1024 * 1024;

/** How long the API server waits when its URL does not say so: `timeoutSeconds` of a webhook defaults to 10. */
const defaultPatienceMs = 10_000;

/** The HTTP skin over `reviewPod`: method, media type, limit, JSON, lookup, answer. */
export interface WebhookHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  readonly gate: LoadGate;
  /** From now on `/readyz` says no and answers end their connection; reviews are still answered. */
  readonly drain: () => void;
  readonly close: () => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: RequestEvent['route'];
  readonly startedAt: number;
}

type Decided = Pick<RequestEvent, 'decision' | 'uid' | 'namespace' | 'serviceAccount' | 'error'>;

/**
 * Creates the request handler of the admission server: `/mutate` (POST), `/healthz` and `/readyz`.
 *
 * What is not a review gets an HTTP error with a Kubernetes `Status`, not a 200 with `allowed: false`: the pod is not at fault,
 * so the webhook's failurePolicy decides, as it does when no answer comes at all.
 */
export function createWebhookHandler(options: WebhookHandlerOptions): WebhookHandler {
  const {
    findServiceAccount,
    roleMappings,
    podIdentityAssociations,
    notReady,
    notice,
    observe = () => {},
    maxBodyBytes = defaultMaxBodyBytes,
    maxInFlight = 1000,
    maxBufferedBytes = 128 * 1024 * 1024,
    random = Math.random,
  } = options;
  const settings = resolveMutationSettings(options.settings ?? {});
  const gate = createLoadGate({ maxInFlight, maxBufferedBytes });
  let draining = false;

  const answer = (
    exchange: Exchange,
    status: number,
    contentType: string,
    body: string,
    decided: Decided,
  ): void => {
    const { response, route, startedAt } = exchange;
    const bytes = Buffer.from(body);
    if (!response.destroyed) {
      response.writeHead(status, {
        'content-type': contentType,
        'content-length': bytes.length,
        ...(draining && { connection: 'close' }),
      });
      response.end(exchange.request.method === 'HEAD' ? undefined : bytes);
    }
    observe({ route, status, seconds: (performance.now() - startedAt) / 1000, ...decided });
  };

  const refuse = (
    exchange: Exchange,
    code: number,
    reason: StatusReason,
    message: string,
    decided: Decided,
  ): void => {
    answer(exchange, code, 'application/json', buildStatus(code, reason, message), decided);
  };

  const probe = (exchange: Exchange, fault: string | undefined): void => {
    const { method } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') {
      exchange.response.setHeader('allow', 'GET, HEAD');
      refuse(exchange, 405, 'MethodNotAllowed', 'expected GET or HEAD', { decision: 'method' });
      return;
    }
    const text = fault === undefined ? 'ok\n' : `not ready: ${fault}\n`;
    answer(exchange, fault === undefined ? 200 : 503, 'text/plain; charset=utf-8', text, {
      decision: fault === undefined ? 'ok' : 'not-ready',
    });
  };

  const shed = (exchange: Exchange, waitedMs: number): boolean => {
    const reason = gate.shed(waitedMs, patienceOf(exchange.request.url));
    if (reason === undefined) return false;
    // 503 without Retry-After: client-go would repeat the call on its own and so feed the overload.
    refuse(
      exchange,
      503,
      'ServiceUnavailable',
      `irsa-webhook is overloaded (${reason}): add replicas or CPU`,
      {
        decision: 'overloaded',
      },
    );
    return true;
  };

  const review = async (exchange: Exchange, bytes: Buffer): Promise<void> => {
    let document: unknown;
    try {
      document = JSON.parse(bytes.toString());
    } catch {
      // The parser's own message quotes the body, which may hold secrets.
      const got = bytes.length === 0 ? 'an empty body' : `${bytes.length} bytes that are not JSON`;
      refuse(exchange, 400, 'BadRequest', `expected an AdmissionReview as JSON, got ${got}`, {
        decision: 'not-json',
      });
      return;
    }
    const named = serviceAccountOf(document);
    const who: Pick<Decided, 'namespace' | 'serviceAccount'> =
      named === undefined ? {} : { namespace: named.namespace, serviceAccount: named.name };
    let account: ServiceAccount | undefined;
    if (named !== undefined) {
      try {
        const found = findServiceAccount(named.namespace, named.name);
        // Awaiting a value that is here already would cost a turn of the microtask queue for every pod.
        account = isThenable(found) ? await found : found;
      } catch (error) {
        refuse(
          exchange,
          503,
          'ServiceUnavailable',
          `ServiceAccount ${named.namespace}/${named.name} could not be read from the API server; create the pod again`,
          { decision: 'lookup-failed', ...who, error },
        );
        return;
      }
    }
    let decision = 'failed';
    const reviewed = reviewPod(document, {
      findServiceAccount: () => account,
      roleMappings: current(roleMappings),
      podIdentityAssociations: current(podIdentityAssociations),
      settings,
      jitter: random(),
      onOutcome: (outcome) => {
        decision = outcome.kind === 'skipped' ? outcome.reason : outcome.kind;
      },
    });
    const body = JSON.stringify(withNotice(reviewed, notice?.()));
    answer(exchange, 200, 'application/json', body, {
      decision,
      uid: reviewed.response.uid,
      ...who,
    });
  };

  const mutate = (exchange: Exchange): void => {
    const { request, response } = exchange;
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      refuse(exchange, 405, 'MethodNotAllowed', 'expected POST', { decision: 'method' });
      return;
    }
    const mediaType = parseMediaType(request.headers['content-type']);
    if (mediaType !== 'application/json') {
      const got = mediaType ?? 'no media type';
      refuse(exchange, 415, 'UnsupportedMediaType', `expected application/json, got ${got}`, {
        decision: 'media-type',
      });
      return;
    }
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') {
      refuse(exchange, 415, 'UnsupportedMediaType', 'expected no Content-Encoding', {
        decision: 'media-type',
      });
      return;
    }
    const fault = notReady?.();
    if (fault !== undefined) {
      refuse(exchange, 503, 'ServiceUnavailable', `irsa-webhook is not ready: ${fault}`, {
        decision: 'not-ready',
      });
      return;
    }
    const lagMs = gate.lagMs();
    gate.enter();
    response.on('close', gate.leave);
    if (shed(exchange, lagMs)) return;
    readBody(request, maxBodyBytes, gate, (reading) => {
      switch (reading.kind) {
        case 'aborted':
          observe({
            route: 'mutate',
            status: 499,
            seconds: (performance.now() - exchange.startedAt) / 1000,
            decision: 'aborted',
          });
          return;
        case 'too-large':
          refuse(exchange, 413, 'RequestEntityTooLarge', `expected at most ${maxBodyBytes} bytes`, {
            decision: 'too-large',
          });
          // What still comes is dropped for a second, so that the answer can be read; then the connection ends.
          setTimeout(() => request.destroy(), 1000).unref();
          return;
        case 'body':
          if (shed(exchange, lagMs + performance.now() - exchange.startedAt)) {
            gate.release(reading.bytes.length);
            return;
          }
          review(exchange, reading.bytes)
            .catch((error: unknown) => {
              const known = error instanceof IrsaError;
              refuse(
                exchange,
                known ? 400 : 500,
                known ? 'BadRequest' : 'InternalError',
                known ? error.message : 'irsa-webhook failed on this review; its log says why',
                { decision: known ? 'not-a-review' : 'failed', ...(!known && { error }) },
              );
            })
            .finally(() => {
              gate.release(reading.bytes.length);
            });
      }
    });
  };

  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split('?', 1)[0];
    const exchange = (route: Exchange['route']): Exchange => ({
      request,
      response,
      route,
      startedAt: performance.now(),
    });
    switch (path) {
      case '/mutate':
        mutate(exchange('mutate'));
        return;
      case '/healthz':
        probe(exchange('healthz'), undefined);
        return;
      case '/readyz':
        probe(exchange('readyz'), draining ? 'shutting down' : notReady?.());
        return;
      default:
        refuse(exchange('other'), 404, 'NotFound', 'expected /mutate, /healthz or /readyz', {
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

/** The API server says how long it waits: `/mutate?timeout=5s`. */
function patienceOf(url: string | undefined): number {
  const seconds = /[?&]timeout=(\d{1,3})s(?:&|$)/.exec(url ?? '')?.[1];
  return seconds === undefined ? defaultPatienceMs : Number(seconds) * 1000;
}

function current<T>(live: Live<T> | undefined): T | undefined {
  // `as`: no value that may be live is itself a function.
  return typeof live === 'function' ? (live as () => T | undefined)() : live;
}

/** Adds a sentence to the warnings that the API server shows to whoever creates the pod. */
function withNotice(
  review: AdmissionReviewResponse,
  notice: string | undefined,
): AdmissionReviewResponse {
  if (notice === undefined) return review;
  const { response } = review;
  return { ...review, response: { ...response, warnings: [...(response.warnings ?? []), notice] } };
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
