import { IrsaError } from 'irsa/errors';
import { reviewPod, serviceAccountOf } from 'irsa/patch';
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

/** Parses a body, looks its ServiceAccount up, and answers with what `reviewPod` says. Never rejects. */
export async function answerReview(
  exchange: Exchange,
  bytes: Buffer,
  options: AnswerReviewOptions,
): Promise<void> {
  let who: { readonly namespace?: string; readonly serviceAccount?: string } = {};
  try {
    const review = parseJson(bytes);
    const named = serviceAccountOf(review, options.settings);
    if (named !== undefined) who = { namespace: named.namespace, serviceAccount: named.name };
    // Awaiting what is here already would cost a turn of the microtask queue for every pod.
    const found = named && lookUp(options.findServiceAccount, named.namespace, named.name);
    const account = isThenable(found) ? await found.then(undefined, asLookupError) : found;
    let decision = 'failed';
    const reviewed = reviewPod(review, {
      findServiceAccount: () => account,
      roleMappings: current(options.roleMappings),
      podIdentityAssociations: current(options.podIdentityAssociations),
      settings: options.settings,
      jitter: options.random(),
      onOutcome: (outcome) => {
        decision = outcome.kind === 'skipped' ? outcome.reason : outcome.kind;
      },
    });
    exchange.answer(
      200,
      'application/json',
      JSON.stringify(withNotice(reviewed, options.notice?.())),
      { decision, uid: reviewed.response.uid, ...who },
    );
  } catch (error) {
    refuseFor(exchange, error, who);
  }
}

/** The parser's own message quotes the body, which may hold secrets. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    const got = bytes.length === 0 ? 'an empty body' : `${bytes.length} bytes that are not JSON`;
    throw new SyntaxError(`expected an AdmissionReview as JSON, got ${got}`);
  }
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

function refuseFor(
  exchange: Exchange,
  error: unknown,
  who: { readonly namespace?: string; readonly serviceAccount?: string },
): void {
  if (error instanceof SyntaxError) {
    exchange.refuse(400, 'BadRequest', error.message, { decision: 'not-json' });
  } else if (error instanceof LookupError) {
    const name = `${who.namespace ?? ''}/${who.serviceAccount ?? ''}`;
    exchange.refuse(
      503,
      'ServiceUnavailable',
      `ServiceAccount ${name} could not be read from the API server; create the pod again`,
      { decision: 'lookup-failed', ...who, error: error.cause },
    );
  } else if (error instanceof IrsaError) {
    exchange.refuse(400, 'BadRequest', error.message, { decision: 'not-a-review', ...who });
  } else {
    exchange.refuse(500, 'InternalError', 'irsa-webhook failed on this review; its log says why', {
      decision: 'failed',
      ...who,
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
