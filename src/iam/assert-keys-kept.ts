import type { ObservedIssuer } from './plan-types.js';
import { planError, type ResolvedSpec } from './resolve-issuer-spec.js';

/** The key IDs of a JWKS; undefined when the text is none. */
export const kidsOf = (body: string | undefined): string[] | undefined => {
  if (body === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const keys: unknown =
    typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
  if (!Array.isArray(keys)) return undefined;
  return keys.flatMap((key: unknown) =>
    typeof key === 'object' && key !== null && 'kid' in key && typeof key.kid === 'string'
      ? [key.kid]
      : [],
  );
};

/**
 * Refuses a plan that would take a key away from verifiers: one that is published now and that nobody has declared
 * retired, or one that an API server still signs with or accepts.
 */
export function assertKeysKept(spec: ResolvedSpec, observed: ObservedIssuer): void {
  const wanted = new Map(spec.documents.map((document) => [document.path, document]));
  const jwksPaths = new Set(
    spec.documents.filter(({ body }) => kidsOf(body) !== undefined).map(({ path }) => path),
  );
  if (jwksPaths.size === 0) return;
  const kept = new Set(spec.documents.flatMap(({ body }) => kidsOf(body) ?? []));
  for (const kid of observed.keysInUse ?? []) {
    if (!kept.has(kid)) {
      throw planError(
        'documents',
        `key ${JSON.stringify(kid)} is in use by an API server and is not in the JWKS to publish; add it`,
      );
    }
  }
  for (const { path, owned, body, sha256 } of observed.bucket?.objects ?? []) {
    const replaced = jwksPaths.has(path);
    if (!replaced && !owned) continue;
    const published = kidsOf(body);
    if (
      published === undefined &&
      replaced &&
      body === undefined &&
      sha256 !== wanted.get(path)?.sha256
    ) {
      throw planError(
        'observed.bucket.objects',
        `${path} would be replaced, and its body is not known; observe it, so that no key in use is lost`,
      );
    }
    for (const kid of published ?? []) {
      if (kept.has(kid) || spec.retiredKids.has(kid)) continue;
      throw planError(
        'documents',
        `key ${JSON.stringify(kid)} is published in ${path} and would disappear; carry it in the JWKS until planKeyRotation retires it, then name it in retiredKids`,
      );
    }
  }
}
