import { isDeepStrictEqual } from 'node:util';
import fastJsonPatch from 'fast-json-patch';
import {
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  reviewPod,
} from 'irsa/patch';
import { IrsaError } from 'irsa/errors';
import type { Json } from '../support.js';
import { runGoWebhook, type GoCase } from './go-webhook.js';

/** One case in which the two webhooks differ. */
export interface Difference {
  readonly given: GoCase;
  readonly what: string;
  readonly go: unknown;
  readonly ours: unknown;
}

const orUndefined = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch (error) {
    // Where the Go webhook logs an error and keeps what it had, we throw, and the caller keeps what it had.
    if (error instanceof IrsaError) return undefined;
    throw error;
  }
};

const apply = (pod: Json, patch: Json[]): Json =>
  fastJsonPatch.applyPatch(structuredClone(pod), structuredClone(patch), true).newDocument;

/** The pod that `behavior: 'eks'` makes of a case, or null where it refuses it. */
export const ourPod = (given: GoCase): Json => {
  const { configMap, identities } = given;
  const outcome = computePodPatch({
    pod: given.pod,
    namespace: given.namespace ?? '',
    serviceAccount: given.serviceAccount,
    roleMappings: configMap === null ? undefined : orUndefined(() => parseRoleMappings(configMap)),
    podIdentityAssociations:
      identities === null ? undefined : orUndefined(() => parsePodIdentityAssociations(identities)),
    settings: { ...given.settings, behavior: 'eks' },
    jitter: given.jitter,
  });
  if (outcome.kind === 'rejected') return null;
  return outcome.kind === 'mutated' ? apply(given.pod, outcome.patch) : given.pod;
};

/** Pods that differ after Go's own typed round trip. */
const differencesOfPods = (
  program: string,
  pairs: readonly { given: GoCase; go: Json; ours: Json }[],
): Difference[] => {
  const differences: Difference[] = [];
  const normalised = runGoWebhook(
    program,
    pairs.flatMap(({ go, ours }) => [{ normalise: go }, { normalise: ours }]),
  );
  pairs.forEach(({ given }, index) => {
    const [one, other] = [normalised[2 * index]!, normalised[2 * index + 1]!];
    const isEqual =
      one.normalised === undefined || other.normalised === undefined
        ? one.message === other.message
        : isDeepStrictEqual(one.normalised, other.normalised);
    if (!isEqual)
      differences.push({
        given,
        what: 'pod',
        go: one.normalised ?? one,
        ours: other.normalised ?? other,
      });
  });
  return differences;
};

/** Runs cases through both webhooks and compares the pods that come out, after Go's own typed round trip. */
export const findDifferences = (program: string, cases: readonly GoCase[]): Difference[] => {
  const answers = runGoWebhook(program, cases);
  const differences: Difference[] = [];
  const pairs: { given: GoCase; go: Json; ours: Json }[] = [];
  cases.forEach((given, index) => {
    const answer = answers[index]!;
    const ours = ourPod(given);
    const differ = (what: string, go: unknown): void => {
      differences.push({ given, what, go, ours });
    };
    if (answer.panic !== undefined) {
      // A ConfigMap that the Go webhook dies of is one that we refuse to read.
      if (orUndefined(() => parseRoleMappings(given.configMap)) !== undefined) {
        differ('panic', answer.panic);
      }
    } else if (!answer.allowed || ours === null) {
      if (answer.allowed !== (ours !== null)) differ('allowed', answer);
    } else {
      let go: Json = given.pod;
      try {
        if (answer.patch !== undefined) go = apply(given.pod, answer.patch);
      } catch {
        // Its patch fits no pod of this shape (no metadata or no spec): there is no pod to compare with.
        return;
      }
      pairs.push({ given, go, ours });
    }
  });
  return [...differences, ...differencesOfPods(program, pairs)];
};

/**
 * Runs whole reviews through both webhooks and compares the envelope (whether the request is allowed, the uid) and the pod that
 * comes out. Of messages only "bad content" is held equal, the others are Go's own words. v0.6.17 does not echo the TypeMeta yet.
 */
export const findReviewDifferences = (program: string, cases: readonly GoCase[]): Difference[] => {
  const answers = runGoWebhook(program, cases);
  const differences: Difference[] = [];
  const pairs: { given: GoCase; go: Json; ours: Json }[] = [];
  cases.forEach((given, index) => {
    const go = answers[index]!;
    if (go.panic !== undefined) return;
    const { configMap, identities, serviceAccount, review } = given;
    const answer = reviewPod(review, {
      findServiceAccount: () => serviceAccount,
      roleMappings:
        configMap === null ? undefined : orUndefined(() => parseRoleMappings(configMap)),
      podIdentityAssociations:
        identities === null
          ? undefined
          : orUndefined(() => parsePodIdentityAssociations(identities)),
      settings: { ...given.settings, behavior: 'eks' },
      jitter: given.jitter,
    });
    const { response } = answer;
    const isBad = (message: string | undefined): boolean => message === 'bad content';
    const one = [go.allowed, go.uid, isBad(go.message)];
    const other = [response.allowed, response.uid, isBad(response.status?.message)];
    if (!isDeepStrictEqual(one, other)) {
      differences.push({ given, what: 'envelope', go: one, ours: other });
      return;
    }
    const pod = review?.request?.object;
    const patches = [go.patch, response.patch].map((patch: Json) =>
      typeof patch === 'string'
        ? JSON.parse(Buffer.from(patch, 'base64').toString('utf8'))
        : (patch ?? []),
    );
    try {
      pairs.push({ given, go: apply(pod, patches[0]), ours: apply(pod, patches[1]) });
    } catch {
      // The Go webhook's patch fits no object of this shape: there is no pod to compare with.
    }
  });
  return [...differences, ...differencesOfPods(program, pairs)];
};
