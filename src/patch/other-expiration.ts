import { parseInt64 } from './go/parse-int64.js';
import { fieldOf, textOf } from './read-json.js';
import { clampTokenExpiration, raiseTokenExpiration } from './token-expiration.js';

const annotated = (object: unknown, domain: string): string | undefined =>
  textOf(fieldOf(fieldOf(object, 'metadata'), 'annotations'), `${domain}/token-expiration`);

/** Kubernetes' own default. */
const unsaid = 3600;

/**
 * The lifetime that a ServiceAccount's annotation asks for, where the tokens of a pod have another. Undefined where the pod has
 * an annotation of its own, or where nobody asks: what the webhook is set to is not known here for certain.
 *
 * @param found - `expirationSeconds` of the pod's tokens
 */
export function otherExpiration(
  { pod, serviceAccount }: { readonly pod: unknown; readonly serviceAccount: unknown },
  domain: string,
  found: readonly unknown[],
): number | undefined {
  const text = annotated(serviceAccount, domain)?.trim();
  const asked = text === undefined ? undefined : parseInt64(text);
  if (asked === undefined || annotated(pod, domain) !== undefined) return undefined;
  // The Go webhook raises it only, ours shortens it too.
  const good: readonly unknown[] = [raiseTokenExpiration(asked), clampTokenExpiration(asked)];
  return found.length === 0 || found.some((seconds) => good.includes(seconds ?? unsaid))
    ? undefined
    : clampTokenExpiration(asked);
}
