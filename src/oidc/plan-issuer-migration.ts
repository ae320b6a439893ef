import { PlanError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';

/** One API server as it runs now. */
export interface IssuingApiServer {
  /** Any name that is unique among the API servers. */
  readonly name: string;
  /** Its `--service-account-issuer`s in order: the first is written into tokens, all are accepted. */
  readonly issuers: readonly string[];
  /** Since when the first one is the first (or its last start, if that is all that is known). Missing counts as now. */
  readonly issuingSince?: Date;
}

/** Something that exists or not, and since when. */
export interface SetUp {
  readonly present: boolean;
  /** When it was set up last. Missing counts as now. */
  readonly changedAt?: Date;
}

/** What is known about one of the two issuers. */
export interface IssuerState {
  readonly issuer: Issuer | string;
  /** The discovery document and the JWKS, with every key that signs. */
  readonly documents: SetUp;
  /** The IAM OIDC provider, and the issuer in the trust policy of every role that pods assume. */
  readonly trust: SetUp;
}

/** What {@link planIssuerMigration} needs. */
export interface MigrationFacts {
  readonly now: Date;
  readonly from: IssuerState;
  readonly to: IssuerState;
  /** Every API server of the cluster, at least one. */
  readonly apiServers: readonly IssuingApiServer[];
  /**
   * The old issuer's URL is in wrong hands (a bucket name that somebody else took, a lost domain): it is distrusted
   * first, and its tokens stop working at AWS. Default false.
   */
  readonly fromIsCompromised?: boolean;
  /** The longest `expirationSeconds` of a projected token for AWS; the webhook's default is 86400. */
  readonly maxWebIdentityTokenLifetimeSeconds: number;
  /** The longest life of a token for the API server: 31536000 by default of Kubernetes. `Infinity` keeps the old issuer accepted. */
  readonly maxApiTokenLifetimeSeconds: number;
  /** How long documents and IAM take to be seen everywhere. Default 600. */
  readonly publishMarginSeconds?: number;
  /** The most by which any two clocks differ; counts twice before the old issuer goes, as in {@link RotationFacts}. Default 300. */
  readonly clockSkewSeconds?: number;
}

/**
 * What to do next:
 *
 * - `publish`: upload the new issuer's documents, with the keys that sign;
 * - `trust`: create the IAM OIDC provider of the new issuer, and add it to every trust policy beside the old one;
 * - `accept`: give the API servers in `apiServers` the `issuers` as `--service-account-issuer`s, in this order;
 * - `switch-issuer`: the same for one API server; its tokens now carry the new issuer;
 * - `distrust`: take the old issuer from the trust policies, then delete its IAM OIDC provider;
 * - `retire-documents`: delete the old documents, but keep the bucket or host: whoever gets its name owns the issuer;
 * - `retire-from-api-servers`: give the API servers in `apiServers` the new issuer alone;
 * - `done`: nothing.
 */
export type MigrationStep =
  | 'publish'
  | 'trust'
  | 'accept'
  | 'switch-issuer'
  | 'distrust'
  | 'retire-documents'
  | 'retire-from-api-servers'
  | 'done';

/** The next step of a change of issuer. Do it at `notBefore` or later, observe the facts anew, and ask again. */
export interface MigrationPlan {
  readonly step: MigrationStep;
  /** The names of the API servers to change; empty where the step changes none. */
  readonly apiServers: readonly string[];
  /** The `--service-account-issuer`s to give them, in order; empty where the step changes no API server. */
  readonly issuers: readonly string[];
  /** The earliest time at which the step is safe; never before `now`. */
  readonly notBefore: Date;
  readonly because: string;
  /** The old issuer, where its tokens stop working with this step or have stopped: only if it is compromised. */
  readonly breaks: readonly string[];
  /** Facts that counted as now because they were missing: each of them could bring `notBefore` forward. */
  readonly missingFacts: readonly string[];
}

interface Draft {
  readonly step: MigrationStep;
  readonly because: string;
  readonly apiServers?: readonly IssuingApiServer[];
  readonly issuers?: readonly string[];
  readonly notBefore?: number;
  readonly missingFacts?: readonly string[];
}

interface Parsed {
  readonly now: number;
  readonly from: string;
  readonly to: string;
  readonly apiServers: readonly IssuingApiServer[];
  readonly marginMs: number;
  readonly webIdentityMs: number;
  readonly apiMs: number;
}

/** Kubernetes' own bound on a token's life; far enough for a wait, and near enough for a Date. */
const maxSeconds = 2 ** 32;

const seconds = (value: unknown, path: string, infinite = false): number => {
  const isNumber = typeof value === 'number' && value >= 0;
  if (isNumber && (value <= maxSeconds || (infinite && value === Infinity))) return value * 1000;
  throw new TypeError(
    `planIssuerMigration: expected ${path} to be a number of seconds from 0 to ${maxSeconds}${infinite ? ', or Infinity' : ''}`,
  );
};

const assertTime = (date: unknown, path: string): void => {
  if (date === undefined || (date instanceof Date && !Number.isNaN(date.getTime()))) return;
  throw new TypeError(`planIssuerMigration: expected ${path} to be a valid Date`);
};

const parseFacts = (facts: MigrationFacts): Parsed => {
  const { now, apiServers, publishMarginSeconds = 600, clockSkewSeconds = 300 } = facts;
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) {
    throw new TypeError('planIssuerMigration: expected `now` to be a valid Date');
  }
  const [from, to] = [parseIssuer(facts.from.issuer), parseIssuer(facts.to.issuer)];
  if (from === to) throw new TypeError('planIssuerMigration: expected two different issuers');
  if (apiServers.length === 0) {
    throw new TypeError('planIssuerMigration: expected at least one API server in `apiServers`');
  }
  assertTime(facts.to.documents.changedAt, 'to.documents.changedAt');
  assertTime(facts.to.trust.changedAt, 'to.trust.changedAt');
  for (const { name, issuers, issuingSince } of apiServers) {
    assertTime(issuingSince, `apiServers[${name}].issuingSince`);
    if (issuers.length === 0) {
      throw new PlanError(
        `plan: expected API server ${JSON.stringify(name)} to have an issuer, got none; pass its --service-account-issuers in order`,
        { path: 'apiServers', expected: 'at least one issuer' },
      );
    }
  }
  const skew = seconds(clockSkewSeconds, 'clockSkewSeconds');
  const webIdentity = seconds(
    facts.maxWebIdentityTokenLifetimeSeconds,
    'maxWebIdentityTokenLifetimeSeconds',
  );
  const api = seconds(facts.maxApiTokenLifetimeSeconds, 'maxApiTokenLifetimeSeconds', true);
  return {
    now: now.getTime(),
    from,
    to,
    apiServers,
    marginMs: seconds(publishMarginSeconds, 'publishMarginSeconds') + skew,
    webIdentityMs: webIdentity + 2 * skew,
    apiMs: Math.max(api, webIdentity) + 2 * skew,
  };
};

const hours = (ms: number): string => `${String(Math.round(ms / 36_000) / 100)} h`;

const names = (servers: readonly IssuingApiServer[]): string =>
  servers.map(({ name }) => name).join(', ');

/**
 * What a server accepts beside the two of the move: issuers of an earlier move, or the cluster's own name. They stay, even where one of them still
 * signs: the server goes over to the new one like the rest, and a move of its own retires the third.
 */
const othersOf = (server: Parsed['apiServers'][number], { from, to }: Parsed): readonly string[] =>
  server.issuers.filter((issuer) => issuer !== from && issuer !== to);

/** The servers that the first one's list fits: the same first issuer, the same others. A step names one list for all its servers. */
const alikeFirst = <Server extends Parsed['apiServers'][number]>(
  servers: readonly Server[],
  parsed: Parsed,
): Server[] => {
  const shape = (server: Server): string =>
    JSON.stringify([server.issuers[0], othersOf(server, parsed)]);
  const [first] = servers;
  return first === undefined ? [] : servers.filter((server) => shape(server) === shape(first));
};

const nextSetUp = (facts: MigrationFacts, parsed: Parsed): Draft | undefined => {
  const { from, to, apiServers, now, marginMs } = parsed;
  if (!facts.to.documents.present) {
    return {
      step: 'publish',
      because: `${to} has to serve its documents before IAM is told of it and before tokens carry it.`,
    };
  }
  if (!facts.to.trust.present) {
    return {
      step: 'trust',
      because: `Roles have to trust ${to} beside ${from} before any token carries it; the sub and aud conditions are written again under the new issuer.`,
    };
  }
  // Once every API server issues with the new one, those that have dropped the old one are ahead, not behind.
  const issuing = apiServers.filter(({ issuers }) => issuers[0] !== to);
  const signing = new Set(issuing.flatMap(({ issuers }) => issuers.slice(0, 1)));
  const needed = [...new Set([from, to, ...signing])];
  const deaf = apiServers.filter(({ issuers }) => needed.some((url) => !issuers.includes(url)));
  if (
    deaf.length > 0 &&
    (issuing.length > 0 || deaf.some(({ issuers }) => !issuers.includes(to)))
  ) {
    const alike = alikeFirst(deaf, parsed);
    const [model] = alike;
    const kept = model === undefined ? [] : [model.issuers[0] ?? from];
    const others = model === undefined ? [] : othersOf(model, parsed);
    return {
      step: 'accept',
      apiServers: alike,
      issuers: [...new Set([...kept, from, to, ...others, ...needed])],
      because: `Every API server has to accept ${needed.length === 2 ? 'both issuers' : needed.join(', ')} before any of them changes: ${names(alike)}. The first one listed is written into tokens. Restart them one at a time.`,
    };
  }
  const [next] = issuing;
  if (next === undefined) return undefined;
  const times = [facts.to.documents.changedAt, facts.to.trust.changedAt];
  const missingFacts = ['to.documents.changedAt', 'to.trust.changedAt'].filter(
    (_, at) => times[at] === undefined,
  );
  const since = Math.max(...times.map((time) => time?.getTime() ?? now));
  return {
    step: 'switch-issuer',
    apiServers: [next],
    issuers: [to, from, ...othersOf(next, parsed)],
    notBefore: since + marginMs,
    missingFacts,
    because: `${to} is served, trusted and accepted; documents and IAM may take ${hours(marginMs)} to be seen everywhere. Switch ${next.name} alone, then ask again.${missingFacts.length > 0 ? ' When they were set up is not known and counts as now.' : ''}`,
  };
};

const lastSwitch = ({ apiServers, now }: Parsed): { time: number; missing: string[] } => ({
  time: apiServers
    .map(({ issuingSince }) => issuingSince?.getTime() ?? now)
    .reduce((a, b) => Math.max(a, b)),
  missing: apiServers
    .filter(({ issuingSince }) => issuingSince === undefined)
    .map(({ name }) => `apiServers[${name}].issuingSince`),
});

const nextStep = (facts: MigrationFacts, parsed: Parsed): Draft => {
  const { from, to, apiServers, webIdentityMs, apiMs } = parsed;
  if (facts.fromIsCompromised === true && facts.from.trust.present) {
    return {
      step: 'distrust',
      because: `Whoever holds ${from} can make tokens for every role that trusts it: distrust it now. Pods get credentials again with tokens of ${to}.`,
    };
  }
  const setUp = nextSetUp(facts, parsed);
  if (setUp !== undefined) return setUp;
  const { time, missing } = lastSwitch(parsed);
  const unknown = missing.length > 0 ? ' When that was is not known and counts as now.' : '';
  if (facts.from.trust.present) {
    return {
      step: 'distrust',
      notBefore: time + webIdentityMs,
      missingFacts: missing,
      because: `Web identity tokens of ${from} may be presented until ${hours(webIdentityMs)} after the last API server changed.${unknown}`,
    };
  }
  if (facts.from.documents.present && facts.fromIsCompromised !== true) {
    return {
      step: 'retire-documents',
      notBefore: time + webIdentityMs,
      missingFacts: missing,
      because: `No role trusts ${from} any more. Keep its bucket or host name.${unknown}`,
    };
  }
  const accepting = apiServers.filter(({ issuers }) => issuers.includes(from));
  if (accepting.length > 0 && Number.isFinite(apiMs)) {
    const alike = alikeFirst(accepting, parsed);
    const [model] = alike;
    return {
      step: 'retire-from-api-servers',
      apiServers: alike,
      issuers: [to, ...(model === undefined ? [] : othersOf(model, parsed))],
      notBefore: time + apiMs,
      missingFacts: missing,
      because: `Tokens of ${from} for the API server live up to ${hours(apiMs)}.${unknown}`,
    };
  }
  const others = [...new Set(apiServers.flatMap((server) => othersOf(server, parsed)))];
  const kept =
    others.length > 0 ? ` ${others.join(', ')} stays accepted: a move of its own retires it.` : '';
  return { step: 'done', because: `Every API server issues with ${to}.${kept}` };
};

/**
 * Says the next step of a change of the issuer URL and the earliest time at which it is safe, from facts alone.
 *
 * The order is: serve the new documents · trust the new issuer in IAM · let every API server accept both · switch them
 * one by one · when the longest web identity token is over, distrust the old issuer and retire its documents · when the
 * longest API token is over, take it from the API servers. No valid token is refused on the way, unless the old issuer
 * is compromised.
 *
 * Issuers beside the two stay as they are: what signs with a third one (a move that was never finished) goes over to the new one too, and the third
 * is retired by a move of its own.
 *
 * @throws {@link PlanError} `ERR_PLAN` for an API server without any issuer
 * @throws {@link IssuerError} `ERR_ISSUER`
 * @example
 * ```ts
 * import { planIssuerMigration } from 'irsa/oidc';
 * const longAgo = new Date('2026-01-01');
 * const plan = planIssuerMigration({
 *   now: new Date('2026-09-01'),
 *   from: {
 *     issuer: 'https://s3-eu-west-1.amazonaws.com/my-oidc',
 *     documents: { present: true, changedAt: longAgo },
 *     trust: { present: true, changedAt: longAgo },
 *   },
 *   to: {
 *     issuer: 'https://my-oidc.s3.eu-west-1.amazonaws.com',
 *     documents: { present: true, changedAt: longAgo },
 *     trust: { present: false },
 *   },
 *   apiServers: [{ name: 'control-plane-1', issuers: ['https://s3-eu-west-1.amazonaws.com/my-oidc'] }],
 *   maxWebIdentityTokenLifetimeSeconds: 86_400,
 *   maxApiTokenLifetimeSeconds: 31_536_000,
 * });
 * console.log(plan.step); // trust
 * ```
 * @see {@link https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ | kube-apiserver: --service-account-issuer}
 */
export function planIssuerMigration(facts: MigrationFacts): MigrationPlan {
  const parsed = parseFacts(facts);
  const draft = nextStep(facts, parsed);
  const { step, because, apiServers = [], issuers = [], missingFacts = [] } = draft;
  const isIssuing = parsed.apiServers.some((server) => server.issuers[0] === parsed.from);
  const isBroken = facts.fromIsCompromised === true && (step === 'distrust' || isIssuing);
  return {
    step,
    apiServers: apiServers.map(({ name }) => name),
    issuers,
    notBefore: new Date(Math.max(draft.notBefore ?? parsed.now, parsed.now)),
    because,
    breaks: isBroken ? [parsed.from] : [],
    missingFacts,
  };
}
