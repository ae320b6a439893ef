import { PlanError } from '../errors.js';
import {
  changedJwks,
  parseRotationFacts,
  type ApiServerFacts,
  type ParsedRotationFacts,
  type RotationFacts,
} from './rotation-facts.js';
import type { JwkSet } from './types.js';

/**
 * What to do next:
 *
 * - `publish`: upload `jwks`, which has the next key (and, in an emergency, no compromised ones), and the discovery
 *   document with it, which lists a new key's algorithm;
 * - `accept`: give the API servers in `apiServers` the keys in `kids` as `--service-account-key-file` too, and restart them;
 * - `switch-signer`: let the one API server in `apiServers` sign with the key in `kids` (`--service-account-signing-key-file`);
 * - `retire-from-jwks`: upload `jwks`, which has the keys in `kids` no more;
 * - `retire-from-api-servers`: take the keys in `kids` from the `--service-account-key-file`s of `apiServers`;
 * - `done`: nothing; every API server signs with the key in `kids` and old keys are gone.
 */
export type RotationStep =
  'publish' | 'accept' | 'switch-signer' | 'retire-from-jwks' | 'retire-from-api-servers' | 'done';

/** The next step of a rotation. Do it at `notBefore` or later, observe the facts anew, and ask again. */
export interface RotationPlan {
  readonly step: RotationStep;
  /** The keys that the step is about. */
  readonly kids: readonly string[];
  /** The names of the API servers to change; empty where the step changes none. */
  readonly apiServers: readonly string[];
  /** The earliest time at which the step is safe; never before `now`. */
  readonly notBefore: Date;
  /** Why this step, and why not earlier, in words. */
  readonly because: string;
  /** The key set to upload, in the steps `publish` and `retire-from-jwks`. */
  readonly jwks?: JwkSet;
  /**
   * Kids of compromised keys whose tokens stop working with this step, or have stopped and are still being signed;
   * empty in every other case.
   */
  readonly breaks: readonly string[];
  /** Facts that counted as now because they were missing: each of them could bring `notBefore` forward. */
  readonly missingFacts: readonly string[];
}

interface Draft {
  readonly step: RotationStep;
  readonly kids: readonly string[];
  readonly because: string;
  readonly apiServers?: readonly ApiServerFacts[];
  readonly notBefore?: number;
  readonly jwks?: JwkSet;
  readonly breaks?: readonly string[];
  readonly missingFacts?: readonly string[];
}

/** A time that may have counted as now. */
interface Since {
  readonly time: number;
  readonly missing: readonly string[];
}

const list = (kids: readonly string[]): string => kids.join(', ');

const namesOf = (servers: readonly ApiServerFacts[]): string =>
  servers.map(({ name }) => name).join(', ');

const hours = (ms: number): string => `${String(Math.round(ms / 36_000) / 100)} h`;

/** The kid that a rotation without a `nextKey` settles on: the published, safe one that an API server took up last. */
const settledKid = ({ apiServers, compromised, published }: ParsedRotationFacts): string => {
  const safe = apiServers.filter(({ signingKid }) => !compromised.has(signingKid));
  const usable = safe.filter(({ signingKid }) => published.has(signingKid));
  const since = ({ signingSince }: ApiServerFacts): number => signingSince?.getTime() ?? 0;
  const [first] = usable;
  if (first !== undefined) {
    return usable.reduce((a, b) => (since(b) > since(a) ? b : a), first).signingKid;
  }
  const why =
    safe[0] === undefined
      ? 'every key that signs is compromised: make one with generateSigningKey() and pass it'
      : `${safe[0].signingKid} signs but is not published: read it from the API server's /openid/v1/jwks and pass it`;
  throw new PlanError(`plan: expected a nextKey, got none, and ${why}`, {
    path: 'nextKey',
    expected: 'a key to publish',
  });
};

/** The latest of the switches: before it, any key that no longer signs may still have signed. */
const lastSwitch = ({ apiServers, now }: ParsedRotationFacts): Since => {
  const missing = apiServers
    .filter(({ signingSince }) => signingSince === undefined)
    .map(({ name }) => `apiServers[${name}].signingSince`);
  const times = apiServers.map(({ signingSince }) => signingSince?.getTime() ?? now);
  return { time: times.reduce((a, b) => Math.max(a, b)), missing };
};

/** Of some keys that no longer sign, those that can go first, and when. */
const firstToRetire = (
  facts: ParsedRotationFacts,
  kids: readonly string[],
  waitMs: number,
): { kids: string[]; notBefore: number; missing: readonly string[] } => {
  const fallback = lastSwitch(facts);
  const ends = kids.map((kid) => {
    const known = facts.lastSignedAt(kid);
    return { kid, end: (known ?? fallback.time) + waitMs, known: known !== undefined };
  });
  const first = ends.reduce((a, b) => (b.end < a.end ? b : a));
  const notBefore = Math.max(first.end, facts.now);
  return {
    kids: ends.filter(({ end }) => end <= notBefore).map(({ kid }) => kid),
    notBefore,
    missing: first.known ? [] : fallback.missing,
  };
};

/** What every step looks at. */
interface Situation {
  readonly facts: ParsedRotationFacts;
  /** The kid that is to sign everywhere in the end. */
  readonly target: string;
  readonly signing: ReadonlySet<string>;
  readonly toSwitch: readonly ApiServerFacts[];
  /** From when on every cache has the target; undefined as long as it is not published. */
  readonly maySignAt: number | undefined;
}

const situationOf = (facts: ParsedRotationFacts): Situation => {
  const { apiServers, nextKey, published, now } = facts;
  const target = nextKey?.kid ?? settledKid(facts);
  const publishedAt = published.has(target) ? (facts.publishedAt(target) ?? now) : undefined;
  return {
    facts,
    target,
    signing: new Set(apiServers.map(({ signingKid }) => signingKid)),
    toSwitch: apiServers.filter(({ signingKid }) => signingKid !== target),
    maySignAt: publishedAt === undefined ? undefined : publishedAt + facts.cacheWaitMs,
  };
};

const publishStep = ({ facts, target, signing }: Situation): Draft | undefined => {
  const { nextKey, published } = facts;
  if (nextKey === undefined || published.has(target)) return undefined;
  return {
    step: 'publish',
    kids: [target],
    jwks: changedJwks(facts, { add: nextKey }),
    because: signing.has(target)
      ? `${target} signs already and is not published: publish it at once.`
      : `${target} has to be in every verifier's cache before anything is signed with it: publish it first.`,
  };
};

const acceptStep = (situation: Situation): Draft | undefined => {
  const { kids, servers } = lackingKids(situation);
  if (servers.length === 0) return undefined;
  return {
    step: 'accept',
    kids,
    apiServers: servers,
    because: `Every API server has to accept a key before any of them signs with it; not so yet: ${namesOf(servers)}. Restart them one at a time.`,
  };
};

const switchStep = ({ facts, target, toSwitch, maySignAt }: Situation): Draft | undefined => {
  // A leaked signer goes first.
  const server =
    toSwitch.find(({ signingKid }) => facts.compromised.has(signingKid)) ?? toSwitch[0];
  if (server === undefined) return undefined;
  const isUnknown = facts.publishedAt(target) === undefined;
  const reasons = [
    `${target} is published and accepted everywhere; caches may lack it until ${hours(facts.cacheWaitMs)} after it was published.`,
    `Switch ${server.name} alone, then ask again${toSwitch.length === 1 ? '; with this last one, switch --service-account-private-key-file of kube-controller-manager too' : ''}.`,
    ...(isUnknown
      ? ['When it was published is not known and counts as now: pass published.changedAt.']
      : []),
  ];
  return {
    step: 'switch-signer',
    kids: [target],
    apiServers: [server],
    notBefore: maySignAt ?? facts.now,
    because: reasons.join(' '),
    missingFacts: isUnknown ? ['published.changedAt'] : [],
  };
};

const nextStep = (facts: ParsedRotationFacts): Draft => {
  const situation = situationOf(facts);
  return (
    emergencyStep(situation) ??
    publishStep(situation) ??
    acceptStep(situation) ??
    switchStep(situation) ??
    retireStep(situation)
  );
};

/** Keys that sign, or are to sign, and the API servers that would refuse their tokens. */
const lackingKids = ({
  facts: { apiServers, compromised },
  target,
  signing,
}: Situation): { kids: string[]; servers: ApiServerFacts[] } => {
  const needed = [...new Set([target, ...signing])].filter((kid) => !compromised.has(kid));
  const accepted = new Map(apiServers.map((server) => [server, new Set(server.acceptedKids)]));
  const lacks = (server: ApiServerFacts, kid: string): boolean =>
    accepted.get(server)?.has(kid) !== true;
  return {
    kids: needed.filter((kid) => apiServers.some((server) => lacks(server, kid))),
    servers: apiServers.filter((server) => needed.some((kid) => lacks(server, kid))),
  };
};

/**
 * Whether a leaked signer can be switched off at once. Then that comes first: it takes minutes, and a change of the
 * JWKS could reset the only clock that says that the target is in every cache.
 */
const isReadyToReplace = ({ facts, target, toSwitch, maySignAt }: Situation): boolean =>
  maySignAt !== undefined &&
  maySignAt <= facts.now &&
  facts.apiServers.every(({ acceptedKids }) => acceptedKids.includes(target)) &&
  toSwitch.some(({ signingKid }) => facts.compromised.has(signingKid));

/** What a leaked key demands before everything else; nothing is waited for but what keeps other keys' tokens good. */
const emergencyStep = (situation: Situation): Draft | undefined => {
  const { facts, target, signing } = situation;
  const { apiServers, compromised, nextKey, published } = facts;
  const isIdle = (kid: string): boolean => compromised.has(kid) && !signing.has(kid);
  const accepting = apiServers.filter(({ acceptedKids }) => acceptedKids.some(isIdle));
  if (accepting.length > 0) {
    const kids = [...new Set(accepting.flatMap(({ acceptedKids }) => acceptedKids.filter(isIdle)))];
    return {
      step: 'retire-from-api-servers',
      kids,
      apiServers: accepting,
      breaks: kids,
      because: `${list(kids)} is compromised and signs nowhere any more: whoever has it is any service account until the API servers refuse it.`,
    };
  }
  const leaked = [...published.keys()].filter((kid) => compromised.has(kid));
  if (leaked.length === 0 || isReadyToReplace(situation)) return undefined;
  const add = published.has(target) ? undefined : nextKey;
  // Never empty: the target is published already, or comes in with this step.
  const jwks = changedJwks(facts, { add, remove: leaked });
  return {
    step: add === undefined ? 'retire-from-jwks' : 'publish',
    kids: add === undefined ? leaked : [add.kid],
    jwks,
    breaks: leaked,
    because: `${list(leaked)} is compromised: STS must not find it any more. Its tokens stop working at AWS, those of other keys do not; restart pods once the API servers sign with ${target}.`,
  };
};

const retireStep = ({ facts, target }: Situation): Draft => {
  const { apiServers, published } = facts;
  const old = [...published.keys()].filter((kid) => kid !== target);
  if (old.length > 0) {
    const { kids, notBefore, missing } = firstToRetire(facts, old, facts.webIdentityWaitMs);
    return {
      step: 'retire-from-jwks',
      kids,
      jwks: changedJwks(facts, { remove: kids }),
      notBefore,
      missingFacts: missing,
      because: `Web identity tokens that ${list(kids)} signed may be presented until ${hours(facts.webIdentityWaitMs)} after the last API server stopped signing with it.${missing.length > 0 ? ' When that was is not known and counts as now: pass signingSince or lastSignedAt.' : ''}`,
    };
  }
  const accepted = [...new Set(apiServers.flatMap(({ acceptedKids }) => acceptedKids))].filter(
    (kid) => kid !== target,
  );
  if (accepted.length > 0 && Number.isFinite(facts.apiWaitMs)) {
    const waitMs = Math.max(facts.apiWaitMs, facts.webIdentityWaitMs);
    const { kids, notBefore, missing } = firstToRetire(facts, accepted, waitMs);
    const gone = new Set(kids);
    return {
      step: 'retire-from-api-servers',
      kids,
      apiServers: apiServers.filter(({ acceptedKids }) =>
        acceptedKids.some((kid) => gone.has(kid)),
      ),
      notBefore,
      missingFacts: missing,
      because: `${list(kids)} is needed no more at AWS, but tokens for the API server that it signed live up to ${hours(facts.apiWaitMs)}: keep it accepted until then, it does no harm to rotate again meanwhile.${missing.length > 0 ? ' When it signed last is not known and counts as now: pass signingSince or lastSignedAt.' : ''}`,
    };
  }
  const kept =
    accepted.length > 0 ? ` ${list(accepted)} stays accepted: tokens without an end need it.` : '';
  return {
    step: 'done',
    kids: [target],
    because: `Every API server signs with ${target}, and it alone is published.${kept}`,
  };
};

/**
 * Says the next step of a signing-key rotation and the earliest time at which it is safe, from facts alone: it remembers
 * nothing, so that a rotation can be resumed from any half-done state.
 *
 * The order is: publish the next key · let every API server accept it · when every cache has it, switch the signers one
 * by one · when the longest web identity token is over, take the old key from the JWKS · when the longest API token is
 * over, take it from the API servers. No valid token is refused on the way, except, with `compromisedKids`, those of
 * the keys that a plan lists in `breaks`.
 *
 * @throws {@link PlanError} `ERR_PLAN` when a compromised key cannot be replaced for lack of a `nextKey`
 * @throws {@link JwksError} `ERR_JWKS`, {@link KeyError} `ERR_KEY` when the published key set cannot be read
 * @example
 * ```ts
 * import { buildJwks, generateSigningKey, planKeyRotation, readPublicKeys } from 'irsa/oidc';
 * const [old, next] = [await generateSigningKey(), await generateSigningKey()];
 * const { keys } = await readPublicKeys(old.publicKeyPem);
 * const [nextKey] = (await readPublicKeys(next.publicKeyPem)).keys;
 * const plan = planKeyRotation({
 *   now: new Date(),
 *   published: { jwks: await buildJwks(keys) },
 *   apiServers: [{ name: 'control-plane-1', acceptedKids: [old.kid], signingKid: old.kid }],
 *   ...(nextKey && { nextKey }),
 *   maxWebIdentityTokenLifetimeSeconds: 86_400,
 *   maxApiTokenLifetimeSeconds: 31_536_000,
 * });
 * console.log(plan.step, plan.jwks?.keys.length); // publish 2
 * ```
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys | OpenID Connect Core 1.0, section 10.1.1}
 */
export function planKeyRotation(facts: RotationFacts): RotationPlan {
  const parsed = parseRotationFacts(facts);
  const draft = nextStep(parsed);
  const { step, kids, because, jwks, apiServers = [], missingFacts = [] } = draft;
  const stillSigning = parsed.apiServers
    .map(({ signingKid }) => signingKid)
    .filter((kid) => parsed.compromised.has(kid) && !parsed.published.has(kid));
  return {
    step,
    kids,
    apiServers: apiServers.map(({ name }) => name),
    notBefore: new Date(Math.max(draft.notBefore ?? parsed.now, parsed.now)),
    because,
    ...(jwks === undefined ? {} : { jwks }),
    breaks: [...new Set([...(draft.breaks ?? []), ...stillSigning])],
    missingFacts,
  };
}
