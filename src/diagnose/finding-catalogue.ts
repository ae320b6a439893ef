import type { CatalogueEntry } from './catalogue-entry.js';
import { issuerFindings, type IssuerFindingId } from './catalogue-issuer.js';
import { podFindings, type PodFindingId } from './catalogue-pod.js';
import { tokenFindings, type TokenFindingId } from './catalogue-token.js';

/** Every id that a finding of {@link explainWebIdentity} or {@link explainPod} can have. */
export type FindingId = TokenFindingId | IssuerFindingId | PodFindingId;

/**
 * Everything that can be wrong, with symptom, cause, how to see it and the fix: what `docs/failures.md` is made of.
 *
 * @example
 * ```ts
 * import { findingCatalogue } from 'irsa/diagnose';
 * console.log(findingCatalogue['provider-missing'].fix);
 * ```
 */
export const findingCatalogue: Readonly<Record<FindingId, CatalogueEntry>> = Object.freeze({
  ...tokenFindings,
  ...issuerFindings,
  ...podFindings,
});
