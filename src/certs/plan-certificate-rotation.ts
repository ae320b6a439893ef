import { PlanError } from '../errors.js';

/** An authority that the webhook knows. */
export interface AuthorityState {
  /** Any stable name; the certificate's fingerprint serves well. */
  readonly id: string;
  readonly notAfter: Date;
  /** Whether its private key is at hand; default true. */
  readonly canSign?: boolean;
}

/** The certificate that one replica presents now. */
export interface ServingState {
  readonly replica: string;
  /** The authority that signed it. */
  readonly authority: string;
  readonly notAfter: Date;
  /** Since when the replica presents it; a missing time counts as now. */
  readonly since?: Date;
}

/** The facts that {@link planCertificateRotation} plans from. */
export interface CertificateRotationFacts {
  readonly now: Date;
  readonly authorities: readonly AuthorityState[];
  readonly serving: readonly ServingState[];
  /** Ids of the authorities in the webhook configuration's `caBundle`, in order. */
  readonly caBundle: readonly string[];
  /** When the bundle was last changed; a missing time counts as now. */
  readonly caBundleChangedAt?: Date;
  /** Ids of authorities whose key has leaked. */
  readonly compromised?: readonly string[];
  /** How long until every API server has seen a change of the bundle, and a replica's report has reached us; default 300. */
  readonly trustDelaySeconds?: number;
  /** How long before its end a serving certificate is renewed; default 30 days. */
  readonly servingRenewalSeconds?: number;
  /** How long before its end an authority is succeeded; longer than a serving certificate lives. Default 180 days. */
  readonly authorityRenewalSeconds?: number;
}

/** The next step, and from when on it is safe. The caller does it, observes again and plans again. */
export type CertificatePlan = {
  /** Do it no earlier; in the past or now means at once. */
  readonly notBefore: Date;
  /** One sentence for people. */
  readonly because: string;
} & (
  | { readonly step: 'create-authority' }
  /** Write this bundle: the old ids and the new one. */
  | {
      readonly step: 'trust-authority';
      readonly authority: string;
      readonly caBundle: readonly string[];
    }
  /** Issue serving certificates signed by this authority to these replicas (empty: to the first). */
  | {
      readonly step: 'issue-serving';
      readonly authority: string;
      readonly replicas: readonly string[];
    }
  /** Write this bundle: without the ids that nothing needs any more. */
  | {
      readonly step: 'retire-authority';
      readonly caBundle: readonly string[];
      readonly retired: readonly string[];
    }
  /** Nothing to do; look again at `notBefore`. */
  | { readonly step: 'none' }
);

const daySeconds = 86_400;

/**
 * Plans the next step of renewing the webhook's certificates: trust the new authority first, sign with it when every API server trusts it, and let the
 * old one go when no replica needs it. At no moment does an API server meet a certificate that it does not trust. An authority whose key has leaked stays
 * trusted only as long as a replica presents a certificate of it, and is never trusted again.
 *
 * It keeps no state: any half-done run, and a bundle edited by hand, is picked up from the facts.
 *
 * @throws {@link PlanError} `ERR_PLAN` for facts that contradict one another
 * @example
 * ```ts
 * import { planCertificateRotation } from 'irsa/certs';
 * const plan = planCertificateRotation({
 *   now: new Date('2026-01-01T00:00:00Z'),
 *   authorities: [{ id: 'a', notAfter: new Date('2036-01-01T00:00:00Z') }],
 *   serving: [{ replica: 'webhook-0', authority: 'a', notAfter: new Date('2026-04-01T00:00:00Z') }],
 *   caBundle: ['a'],
 * });
 * console.log(plan.step, plan.notBefore.toISOString()); // none 2026-03-02T…Z
 * ```
 */
export function planCertificateRotation(facts: CertificateRotationFacts): CertificatePlan {
  const { now, authorities, serving, caBundle } = facts;
  checkFacts(facts);
  const trustMs = (facts.trustDelaySeconds ?? 300) * 1000;
  const changedAt = facts.caBundleChangedAt ?? now;
  const trustedFrom = new Date(changedAt.getTime() + trustMs);
  const leaked = new Set(facts.compromised);
  const alive = serving.filter(({ notAfter }) => notAfter > now);

  // A leaked authority is never trusted again, whoever presents a certificate of it: the replica gets another one below.
  const orphan = alive.find(
    ({ authority }) => !caBundle.includes(authority) && !leaked.has(authority),
  );
  if (orphan !== undefined) {
    return {
      step: 'trust-authority',
      authority: orphan.authority,
      caBundle: [...caBundle, orphan.authority],
      notBefore: now,
      because: `${orphan.replica} presents a certificate of an authority that the bundle lacks`,
    };
  }
  const farewell = sayFarewell(facts, leaked, trustMs);
  if (farewell !== undefined && farewell.notBefore <= now) return farewell;

  const signer = chooseSigner(facts);
  if (signer === undefined) {
    return { step: 'create-authority', notBefore: now, because: whyNoSigner(facts) };
  }
  if (!caBundle.includes(signer.id)) {
    return {
      step: 'trust-authority',
      authority: signer.id,
      caBundle: [...caBundle, signer.id],
      notBefore: now,
      because: 'the API servers must trust the authority before anything is signed by it',
    };
  }

  const servingMs = (facts.servingRenewalSeconds ?? 30 * daySeconds) * 1000;
  const due = serving.filter(
    ({ authority, notAfter }) =>
      authority !== signer.id || notAfter.getTime() - servingMs <= now.getTime(),
  );
  if (due.length > 0 || serving.length === 0) {
    const trusted = ({ authority, notAfter }: ServingState): boolean =>
      notAfter > now && caBundle.includes(authority);
    // Where nothing is presented that the API servers trust, waiting protects nothing.
    const broken = due.filter((state) => !trusted(state));
    const other = due.some(({ authority }) => authority !== signer.id);
    const atOnce = broken.length > 0 || serving.length === 0 || !other;
    return {
      step: 'issue-serving',
      authority: signer.id,
      replicas: (broken.length > 0 ? broken : due).map(({ replica }) => replica),
      notBefore: atOnce ? now : earliest(trustedFrom, due, now),
      because: other
        ? 'the new authority is in the bundle; sign with it when every API server has seen that'
        : 'the serving certificate nears its end, or there is none',
    };
  }

  const retired = caBundle.filter((id) => id !== signer.id);
  if (retired.length > 0) {
    return {
      step: 'retire-authority',
      caBundle: [signer.id],
      retired,
      notBefore: new Date(lastChange(serving, now) + trustMs),
      because: 'every replica presents a certificate of the remaining authority',
    };
  }
  const renewals = [
    ...serving.map(({ notAfter }) => notAfter.getTime() - servingMs),
    signer.notAfter.getTime() - authorityRenewalMs(facts),
  ];
  return {
    step: 'none',
    notBefore: new Date(Math.min(...renewals)),
    because: `nothing is due; ${authorities.length === 1 ? 'the authority' : 'one authority'} is trusted and signs`,
  };
}

/** Takes leaked authorities that no replica needs from the bundle; never the last one. */
function sayFarewell(
  { serving, caBundle, now }: CertificateRotationFacts,
  leaked: ReadonlySet<string>,
  trustMs: number,
): CertificatePlan | undefined {
  const needed = new Set(serving.map(({ authority }) => authority));
  const retired = caBundle.filter((id) => leaked.has(id) && !needed.has(id));
  const rest = caBundle.filter((id) => !retired.includes(id));
  if (retired.length === 0 || rest.length === 0 || serving.length === 0) return undefined;
  return {
    step: 'retire-authority',
    caBundle: rest,
    retired,
    notBefore: new Date(lastChange(serving, now) + trustMs),
    because: 'its key has leaked, and no replica presents a certificate of it any more',
  };
}

const lastChange = (serving: readonly ServingState[], now: Date): number =>
  serving.map(({ since }) => (since ?? now).getTime()).reduce((a, b) => Math.max(a, b));

const authorityRenewalMs = ({ authorityRenewalSeconds }: CertificateRotationFacts): number =>
  (authorityRenewalSeconds ?? 180 * daySeconds) * 1000;

/** The authority that lasts longest of those that can still sign; a trusted one wins a tie. */
function chooseSigner(facts: CertificateRotationFacts): AuthorityState | undefined {
  const { now, authorities, caBundle, compromised = [] } = facts;
  const usable = authorities.filter(
    ({ id, notAfter, canSign }) =>
      canSign !== false &&
      !compromised.includes(id) &&
      notAfter.getTime() - authorityRenewalMs(facts) > now.getTime(),
  );
  const rank = ({ id, notAfter }: AuthorityState): number =>
    notAfter.getTime() + (caBundle.includes(id) ? 0.5 : 0);
  return usable.reduce<AuthorityState | undefined>(
    (best, next) => (best === undefined || rank(next) > rank(best) ? next : best),
    undefined,
  );
}

function whyNoSigner({ authorities, compromised = [] }: CertificateRotationFacts): string {
  if (authorities.length === 0) return 'there is no authority yet';
  if (authorities.some(({ id }) => compromised.includes(id))) {
    return 'the key of the authority has leaked';
  }
  return authorities.every(({ canSign }) => canSign === false)
    ? 'no authority’s private key is at hand'
    : 'the authority nears its end';
}

/** After the trust delay, but not after the first certificate ends. */
function earliest(trustedFrom: Date, due: readonly ServingState[], now: Date): Date {
  const ends = due.map(({ notAfter }) => notAfter.getTime()).filter((end) => end > now.getTime());
  return new Date(Math.min(trustedFrom.getTime(), ...ends));
}

function checkFacts({ now, authorities, serving, caBundle }: CertificateRotationFacts): void {
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) {
    throw new TypeError('now: expected a valid Date');
  }
  for (const [path, ids] of [
    ['authorities', authorities.map(({ id }) => id)],
    ['serving', serving.map(({ replica }) => replica)],
    ['caBundle', caBundle],
  ] as const) {
    const double = ids.find((id, index) => ids.indexOf(id) !== index);
    if (double !== undefined) {
      throw new PlanError(
        `${path}: expected each once, got ${JSON.stringify(double.slice(0, 100))} twice; merge what is known of it`,
        { path },
      );
    }
  }
  for (const { notAfter } of [...authorities, ...serving]) {
    if (!(notAfter instanceof Date) || Number.isNaN(notAfter.getTime())) {
      throw new PlanError('notAfter: expected a valid Date, got none; see inspectCertificate()', {
        path: 'notAfter',
      });
    }
  }
}
