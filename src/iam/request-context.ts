import { offersClaim } from './check-trust-statement.js';

/** Looks a condition key up: its values (an empty list when it is absent in the request), or `unknown`. */
export type ContextLookup = (key: string) => readonly string[] | 'unknown';

/** What is known of an AssumeRoleWithWebIdentity request without sending it. */
export interface RequestFacts {
  readonly hostPath: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Further keys; `null` says that the key is absent. */
  readonly context?: Readonly<Record<string, string | readonly string[] | null>> | undefined;
  readonly now?: Date | undefined;
}

const textsOf = (claim: unknown): string[] => {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return list.filter((value) => ['string', 'number', 'boolean'].includes(typeof value)).map(String);
};

/** A key of some OIDC provider begins with a host, which has a dot; the prefixes of AWS (`aws:`, `sts:`, `saml:`) have none. */
const isIssuerKey = (key: string): boolean => /^(?:https?:\/\/|[^:]*\.)/.test(key);

/** The request context of a web identity; key names are compared without case, as IAM does. */
export function createContextLookup(facts: RequestFacts): ContextLookup {
  const { hostPath, claims, now } = facts;
  const given = new Map(
    Object.entries(facts.context ?? {}).map(([key, value]) => [key.toLowerCase(), value]),
  );
  const issuerPrefix = `${hostPath.toLowerCase()}:`;
  return (key) => {
    const lower = key.toLowerCase();
    const value = given.get(lower);
    if (value !== undefined)
      return value === null ? [] : typeof value === 'string' ? [value] : value;
    if (lower.startsWith(issuerPrefix)) {
      const claim = lower.slice(issuerPrefix.length);
      const offered = offersClaim(hostPath.toLowerCase(), claim);
      if (offered === 'unknown') return 'unknown';
      if (!offered) return [];
      // STS compares the authorized party with the client IDs when the token has one, and offers it as the audience.
      if (claim === 'aud' && typeof claims['azp'] === 'string') return [claims['azp']];
      return textsOf(claims[claim]);
    }
    // Keys of other providers are never in this request.
    if (isIssuerKey(lower)) return [];
    if (lower === 'aws:currenttime' && now !== undefined) return [now.toISOString()];
    if (lower === 'aws:epochtime' && now !== undefined) {
      return [String(Math.floor(now.getTime() / 1000))];
    }
    // STS has no plain http endpoint.
    if (lower === 'aws:securetransport') return ['true'];
    return 'unknown';
  };
}
