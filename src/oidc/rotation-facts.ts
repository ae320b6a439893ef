import { JwksError, PlanError } from '../errors.js';
import { parseJwk } from './parse-jwk.js';
import { publicJwk } from './public-key.js';
import type { JwkSet, JwkSetLike, PublicJwk, PublicKey } from './types.js';

/** One API server as it runs now. */
export interface ApiServerFacts {
  /** Any name that is unique among the API servers. */
  readonly name: string;
  /** The kids of its `--service-account-key-file`s. */
  readonly acceptedKids: readonly string[];
  /** The kid of its `--service-account-signing-key-file`. */
  readonly signingKid: string;
  /** Since when it signs with that key (or its last start, if that is all that is known). Missing counts as now. */
  readonly signingSince?: Date;
}

/** What is published at the issuer now. */
export interface PublishedFacts {
  readonly jwks: JwkSetLike;
  /** When the JWKS changed last, e.g. the object's Last-Modified. Missing counts as now. */
  readonly changedAt?: Date;
  /** When single keys were added, by kid, where that is known: it beats `changedAt`. */
  readonly addedAt?: Readonly<Record<string, Date>>;
}

/** What {@link planKeyRotation} needs: facts, all of them observable, and the bounds of what may be under way. */
export interface RotationFacts {
  readonly now: Date;
  readonly published: PublishedFacts;
  /** Every API server of the cluster, at least one. */
  readonly apiServers: readonly ApiServerFacts[];
  /** The key to go over to; pass it until the plan is `done`. Default: the key that signs, so that old ones are retired. */
  readonly nextKey?: PublicKey;
  /** Kids of keys whose private half is in wrong hands. */
  readonly compromisedKids?: readonly string[];
  /**
   * When the last API server stopped signing with a key, by kid, for keys that no longer sign. Default: the last switch
   * of the API servers in `apiServers`. A server that signed with the key and has since been removed or replaced is not
   * among them: pass the moment when it was stopped, or the key retires while its last tokens are still good.
   */
  readonly lastSignedAt?: Readonly<Record<string, Date>>;
  /** The longest `expirationSeconds` of a projected token for AWS; the webhook's default is 86400. */
  readonly maxWebIdentityTokenLifetimeSeconds: number;
  /**
   * The longest life of a token for the API server: 31536000 with `--service-account-extend-token-expiration` (the
   * default of Kubernetes). `Infinity` where tokens in Secrets are still used: then old keys stay accepted.
   */
  readonly maxApiTokenLifetimeSeconds: number;
  /** How long to wait at least between publishing a key and signing with it. Default 600. */
  readonly publishMarginSeconds?: number;
  /** The max-age with which the JWKS is served; the longer of this and the margin is waited for. Default 3600. */
  readonly jwksMaxAgeSeconds?: number;
  /**
   * The most by which any two clocks differ: those of API servers and verifiers, yours, and whatever wrote the times down. Default 300. It counts
   * once before a key signs and twice before one retires: there two pairs of clocks come together, that of signer and verifier, and that of whoever
   * wrote the last switch down and yours.
   */
  readonly clockSkewSeconds?: number;
}

/** The facts, checked, with every default filled in. Times are milliseconds since 1970. */
export interface ParsedRotationFacts {
  readonly now: number;
  readonly published: ReadonlyMap<string, PublicJwk>;
  /** Entries under the empty kid: kept as long as their key is published under its name, too. */
  readonly duplicates: readonly PublicJwk[];
  readonly apiServers: readonly ApiServerFacts[];
  readonly compromised: ReadonlySet<string>;
  readonly nextKey: PublicKey | undefined;
  readonly cacheWaitMs: number;
  readonly webIdentityWaitMs: number;
  readonly apiWaitMs: number;
  readonly publishedAt: (kid: string) => number | undefined;
  readonly lastSignedAt: (kid: string) => number | undefined;
}

const timeOf = (date: unknown, path: string): number => {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new TypeError(`planKeyRotation: expected ${path} to be a valid Date`);
};

const optionalTime = (date: Date | undefined, path: string): number | undefined =>
  date === undefined ? undefined : timeOf(date, path);

/** Kubernetes' own bound on a token's life; far enough for a wait, and near enough for a Date. */
const maxSeconds = 2 ** 32;

const secondsOf = (value: unknown, path: string, infinite = false): number => {
  const isNumber = typeof value === 'number' && value >= 0;
  if (isNumber && (value <= maxSeconds || (infinite && value === Infinity))) return value * 1000;
  throw new TypeError(
    `planKeyRotation: expected ${path} to be a number of seconds from 0 to ${maxSeconds}${infinite ? ', or Infinity' : ''}`,
  );
};

/** What makes two entries the same key, whatever they are called. */
const materialOf = (jwk: PublicJwk): string =>
  jwk.kty === 'RSA' ? `${jwk.n}.${jwk.e}` : `${jwk.crv}.${jwk.x}.${jwk.y}`;

const parsePublished = (
  jwks: JwkSetLike,
): Pick<ParsedRotationFacts, 'published' | 'duplicates'> => {
  const published = new Map<string, PublicJwk>();
  const duplicates: PublicJwk[] = [];
  const { keys } = jwks as { keys?: unknown };
  if (!Array.isArray(keys)) {
    throw new JwksError(
      'JWKS: expected published.jwks to have an array `keys`; pass the parsed document',
      {
        path: 'published.jwks',
        expected: 'an array `keys`',
      },
    );
  }
  for (const member of keys as readonly object[]) {
    const { numbers, alg, kid = '' } = parseJwk({ ...member });
    const jwk = publicJwk(kid, alg, numbers);
    const material = materialOf(jwk);
    const earlier = published.get(kid);
    if (earlier !== undefined && materialOf(earlier) !== material) {
      throw new JwksError(
        `JWKS: expected a kid of its own for each key, got two different keys with kid ${JSON.stringify(kid.slice(0, 100))}`,
        { path: 'published.jwks', expected: 'unique kids' },
      );
    }
    if (kid === '') duplicates.push(jwk);
    else published.set(kid, jwk);
  }
  return { published, duplicates };
};

/** A leaked key is leaked under each of its names. */
const withSameMaterial = (
  kids: readonly string[],
  published: ReadonlyMap<string, PublicJwk>,
): ReadonlySet<string> => {
  const named = new Set(kids);
  const leaked = new Set(
    [...published.values()].filter(({ kid }) => named.has(kid)).map(materialOf),
  );
  const others = [...published.values()].filter((jwk) => leaked.has(materialOf(jwk)));
  return new Set([...kids, ...others.map(({ kid }) => kid)]);
};

const isList = (value: unknown): boolean => Array.isArray(value);

const parseApiServers = (apiServers: readonly ApiServerFacts[]): readonly ApiServerFacts[] => {
  if (!isList(apiServers) || apiServers.length === 0) {
    throw new TypeError('planKeyRotation: expected at least one API server in `apiServers`');
  }
  const names = new Set<string>();
  for (const { name, acceptedKids, signingKid, signingSince } of apiServers) {
    optionalTime(signingSince, `apiServers[${name}].signingSince`);
    if (names.has(name)) {
      throw new PlanError(
        `plan: expected API servers of different names, got ${JSON.stringify(name)} twice; list each once`,
        { path: 'apiServers', expected: 'unique names' },
      );
    }
    if (!isList(acceptedKids) || typeof signingKid !== 'string' || signingKid === '') {
      throw new TypeError(
        `planKeyRotation: expected API server ${JSON.stringify(name)} to have acceptedKids and a signingKid`,
      );
    }
    names.add(name);
  }
  return apiServers;
};

/** Checks the facts and fills in the defaults. */
export function parseRotationFacts(facts: RotationFacts): ParsedRotationFacts {
  const { published, apiServers, nextKey, compromisedKids = [], lastSignedAt = {} } = facts;
  const { publishMarginSeconds = 600, jwksMaxAgeSeconds = 3600, clockSkewSeconds = 300 } = facts;
  const skew = secondsOf(clockSkewSeconds, 'clockSkewSeconds');
  const margin = secondsOf(publishMarginSeconds, 'publishMarginSeconds');
  const maxAge = secondsOf(jwksMaxAgeSeconds, 'jwksMaxAgeSeconds');
  const webIdentity = secondsOf(
    facts.maxWebIdentityTokenLifetimeSeconds,
    'maxWebIdentityTokenLifetimeSeconds',
  );
  const api = secondsOf(facts.maxApiTokenLifetimeSeconds, 'maxApiTokenLifetimeSeconds', true);
  const changedAt = optionalTime(published.changedAt, 'published.changedAt');
  const parsed = parsePublished(published.jwks);
  const compromised = withSameMaterial(compromisedKids, parsed.published);
  if (nextKey !== undefined && compromised.has(nextKey.kid)) {
    throw new PlanError(
      'plan: expected a nextKey that is safe, got one that is among compromisedKids; make a new key with generateSigningKey()',
      { path: 'nextKey', expected: 'a key that is not compromised' },
    );
  }
  return {
    now: timeOf(facts.now, 'now'),
    ...parsed,
    apiServers: parseApiServers(apiServers),
    compromised,
    nextKey,
    cacheWaitMs: Math.max(margin, maxAge) + skew,
    webIdentityWaitMs: webIdentity + 2 * skew,
    apiWaitMs: api + 2 * skew,
    publishedAt: (kid) =>
      optionalTime(published.addedAt?.[kid], `published.addedAt[${kid}]`) ?? changedAt,
    lastSignedAt: (kid) => optionalTime(lastSignedAt[kid], `lastSignedAt[${kid}]`),
  };
}

/** The published set with one key more and some less; an entry without a kid goes with the last key of its material. */
export function changedJwks(
  facts: Pick<ParsedRotationFacts, 'published' | 'duplicates'>,
  change: { readonly add?: PublicKey | undefined; readonly remove?: readonly string[] },
): JwkSet {
  const removed = new Set(change.remove);
  const kept = [...facts.published.values()].filter(({ kid }) => !removed.has(kid));
  if (change.add !== undefined) {
    const { kid, alg, jwk } = change.add;
    if (kept.filter(({ kty }) => kty === jwk.kty).length >= 100) {
      throw new PlanError(
        `plan: expected at most 100 published ${jwk.kty} keys with the next one, got 101, and AWS refuses every token of that type beyond it; retire old keys first: plan without nextKey`,
        { path: 'published.jwks', expected: `at most 99 ${jwk.kty} keys beside the next one` },
      );
    }
    kept.push(publicJwk(kid, alg, parseJwk({ ...jwk, alg }).numbers));
  }
  const materials = new Set(kept.map(materialOf));
  return { keys: [...kept, ...facts.duplicates.filter((jwk) => materials.has(materialOf(jwk)))] };
}
