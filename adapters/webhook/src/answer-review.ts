import { IrsaError } from 'irsa/errors';
import { parseReviewBody, reviewPod } from 'irsa/patch';
import type { AdmissionReviewResponse, MutationSettings, ServiceAccount } from 'irsa/patch';
import type { Exchange } from './create-exchange.js';
import type { FindServiceAccount, Live, WebhookHandlerOptions } from './types.js';

/** What {@link answerReview} needs beside the body. */
export interface AnswerReviewOptions extends Pick<
  WebhookHandlerOptions,
  'roleMappings' | 'podIdentityAssociations' | 'notice'
> {
  readonly findServiceAccount: FindServiceAccount;
  readonly settings: MutationSettings;
  readonly random: () => number;
}

/** The ServiceAccount could not be asked for. */
class LookupError extends Error {}

/** Whom a review asked for. */
interface Asked {
  namespace?: string;
  serviceAccount?: string;
}

/**
 * Parses a body, looks its ServiceAccount up, and answers with what `reviewPod` says: at once where the ServiceAccount is known, else when
 * the promise resolves. Never throws, never rejects.
 */
export function answerReview(
  exchange: Exchange,
  bytes: Buffer,
  options: AnswerReviewOptions,
): Promise<void> | undefined {
  const asked: Asked = {};
  let waiting: PromiseLike<ServiceAccount | undefined> | undefined;
  try {
    const review = parseReviewBody(bytes);
    const answer = decide(review, options, (namespace, name) => {
      asked.namespace = namespace;
      asked.serviceAccount = name;
      const found = lookUp(options.findServiceAccount, namespace, name);
      if (!isThenable(found)) return found;
      waiting = found;
      return undefined;
    });
    if (waiting === undefined) {
      send(exchange, answer, asked);
      return undefined;
    }
    // Who must be waited for is rare: then all is decided a second time, with the answer.
    return Promise.resolve(waiting)
      .then((account) => {
        send(
          exchange,
          decide(review, options, () => account),
          asked,
        );
      }, asLookupError)
      .catch((error: unknown) => {
        refuseFor(exchange, error, asked);
      });
  } catch (error) {
    refuseFor(exchange, error, asked);
    return undefined;
  }
}

/** The review to send back, and in one word what was decided. */
interface Decision {
  readonly review: AdmissionReviewResponse;
  readonly decision: string;
}

function decide(
  review: unknown,
  options: AnswerReviewOptions,
  findServiceAccount: (namespace: string, name: string) => ServiceAccount | undefined,
): Decision {
  let decision = 'failed';
  const answer = reviewPod(review, {
    findServiceAccount,
    roleMappings: current(options.roleMappings),
    podIdentityAssociations: current(options.podIdentityAssociations),
    settings: options.settings,
    jitter: options.random(),
    onOutcome: (outcome) => {
      decision = outcome.kind === 'skipped' ? outcome.reason : outcome.kind;
    },
  });
  return { review: withNotice(answer, options.notice?.()), decision };
}

function send(exchange: Exchange, { review, decision }: Decision, asked: Asked): void {
  const { uid } = review.response;
  exchange.answer(200, 'application/json', toJson(review), { decision, uid, ...asked });
}

/** Base64 needs no escaping, and to look for what does would cost more than the rest of the answer. */
function toJson(review: AdmissionReviewResponse): string {
  const { response } = review;
  if (response.patch === undefined) return JSON.stringify(review);
  const text = JSON.stringify({ ...review, response: { ...response, patch: '' } });
  return text.replace('"patch":""', `"patch":"${response.patch}"`);
}

function lookUp(
  find: FindServiceAccount,
  namespace: string,
  name: string,
): ReturnType<FindServiceAccount> {
  try {
    return find(namespace, name);
  } catch (cause) {
    return asLookupError(cause);
  }
}

function asLookupError(cause: unknown): never {
  throw new LookupError('lookup failed', { cause });
}

function refuseFor(exchange: Exchange, error: unknown, asked: Asked): void {
  if (error instanceof LookupError) {
    const name = `${asked.namespace ?? ''}/${asked.serviceAccount ?? ''}`;
    exchange.refuse(
      503,
      'ServiceUnavailable',
      `ServiceAccount ${name} could not be read from the API server; create the pod again`,
      { decision: 'lookup-failed', ...asked, error: error.cause },
    );
  } else if (error instanceof IrsaError) {
    const decision = error.path === 'body' ? 'not-json' : 'not-a-review';
    exchange.refuse(400, 'BadRequest', error.message, { decision, ...asked });
  } else {
    exchange.refuse(500, 'InternalError', 'irsa-webhook failed on this review; its log says why', {
      decision: 'failed',
      ...asked,
      error,
    });
  }
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

function isThenable(
  value: ServiceAccount | undefined | PromiseLike<ServiceAccount | undefined>,
): value is PromiseLike<ServiceAccount | undefined> {
  return typeof value === 'object' && 'then' in value;
}
