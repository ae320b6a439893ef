import { planCertificateRotation, type AuthorityState } from 'irsa/certs';

/** A cluster with API servers that see a new bundle late, and replicas that load a new certificate late. */
export interface World {
  readonly seed: number;
  readonly replicas: number;
  readonly apiServers: number;
  /** A replica loads a new certificate after at most this. */
  readonly replicaLagSeconds: number;
  /** The planner runs at random times, on average this often. */
  readonly plannerEverySeconds: number;
  readonly leakAtDay?: number | undefined;
  /** How long after the leak somebody takes the leaked authority from the bundle by hand. */
  readonly editAfterSeconds?: number | undefined;
  readonly days: number;
}

interface Presented {
  readonly authority: string;
  readonly notAfter: number;
  readonly from: number;
}

interface Bundle {
  readonly ids: readonly string[];
  readonly from: number;
}

const day = 86_400_000;
const trustDelayMs = 300_000;
const authorityLife = 600 * day;
const servingLife = 90 * day;

/** Follows the plan for years, with each step done or lost at random, and lists every moment at which a handshake would have failed. */
export function simulateRotation(world: World): {
  untrusted: string[];
  /** Leaked authorities that were trusted again, or are trusted at the end. */
  leakedAndTrusted: string[];
  certificates: number;
  retired: number;
} {
  const random = lehmer(world.seed);
  const authorities: AuthorityState[] = [];
  const compromised: string[] = [];
  // What each replica presents and each API server trusts, newest last.
  const presented: Presented[][] = Array.from({ length: world.replicas }, () => []);
  const seen: Bundle[][] = Array.from({ length: world.apiServers }, () => []);
  let bundle: { ids: readonly string[]; at: number } = { ids: [], at: 0 };
  const untrusted: string[] = [];
  const leakedAndTrusted: string[] = [];
  let edited = false;
  // Replicas that the edit by hand has cut off, until every API server trusts what they present.
  const cutOff = new Set<number>();
  let certificates = 0;
  let retired = 0;
  let now = Date.parse('2026-01-01T00:00:00Z');
  const end = now + world.days * day;
  const leakAt = world.leakAtDay === undefined ? undefined : now + world.leakAtDay * day;

  const current = <T extends { from: number }>(history: T[], at: number): T | undefined => {
    for (let index = history.length - 1; index >= 0; index -= 1) {
      const entry = history[index];
      if (entry !== undefined && entry.from <= at) return entry;
    }
    return undefined;
  };

  const check = (at: number): void => {
    for (const [replica, history] of presented.entries()) {
      const certificate = current(history, at);
      if (certificate === undefined) continue;
      const refusing = seen.flatMap((bundles, server) => {
        const trusted = current(bundles, at)?.ids;
        const authority = authorities.find(({ id }) => id === certificate.authority);
        const fits =
          trusted?.includes(certificate.authority) === true &&
          certificate.notAfter > at &&
          (authority?.notAfter.getTime() ?? 0) > at;
        // Before the first bundle has reached an API server, nothing can be trusted.
        return fits || trusted === undefined ? [] : [server];
      });
      if (refusing.length === 0) cutOff.delete(replica);
      if (cutOff.has(replica)) continue;
      for (const server of refusing) {
        untrusted.push(`${new Date(at).toISOString()} replica ${replica} server ${server}`);
      }
    }
  };

  while (now < end && untrusted.length === 0) {
    if (leakAt !== undefined && leakAt <= now && compromised.length === 0) {
      const newest = authorities.at(-1);
      if (newest !== undefined) compromised.push(newest.id);
    }
    const editFrom = (leakAt ?? Infinity) + (world.editAfterSeconds ?? Infinity) * 1000;
    if (!edited && editFrom <= now) {
      edited = true;
      const ids = bundle.ids.filter((id) => !compromised.includes(id));
      bundle = { ids, at: now };
      for (const history of seen) history.push({ ids, from: now });
      for (const replica of presented.keys()) cutOff.add(replica);
    }
    const plan = planCertificateRotation({
      now: new Date(now),
      authorities,
      serving: presented.flatMap((history, replica) => {
        const certificate = current(history, now);
        if (certificate === undefined) return [];
        const { authority, notAfter, from } = certificate;
        return [
          {
            replica: String(replica),
            authority,
            notAfter: new Date(notAfter),
            since: new Date(from),
          },
        ];
      }),
      caBundle: bundle.ids,
      caBundleChangedAt: new Date(bundle.at),
      compromised,
    });
    const lost = random() < 0.1;
    if (plan.notBefore.getTime() <= now && !lost) {
      switch (plan.step) {
        case 'create-authority':
          authorities.push({
            id: `ca-${authorities.length}`,
            notAfter: new Date(now + authorityLife),
          });
          break;
        case 'trust-authority':
        case 'retire-authority':
          if (plan.step === 'retire-authority') retired += 1;
          leakedAndTrusted.push(
            ...plan.caBundle.filter((id) => compromised.includes(id) && !bundle.ids.includes(id)),
          );
          bundle = { ids: plan.caBundle, at: now };
          for (const history of seen) {
            history.push({ ids: plan.caBundle, from: now + Math.floor(random() * trustDelayMs) });
          }
          break;
        case 'issue-serving': {
          certificates += 1;
          const whom = plan.replicas.length === 0 ? presented.keys() : plan.replicas.map(Number);
          for (const replica of whom) {
            const from = now + Math.floor(random() * world.replicaLagSeconds * 1000);
            presented[replica]?.push({
              authority: plan.authority,
              notAfter: now + servingLife,
              from,
            });
          }
          break;
        }
        case 'none':
          break;
      }
    }
    const pause = Math.max(1, Math.floor(random() * 2 * world.plannerEverySeconds)) * 1000;
    // Most of the looks before the time has come would say the same.
    const wait = plan.notBefore.getTime() - now;
    const idle = Math.max(pause, plan.step === 'none' ? wait : Math.min(wait, 50 * pause));
    for (const part of [0.001, 0.3, 0.7, 1]) check(now + idle * part);
    now += idle;
  }
  untrusted.push(...[...cutOff].map((replica) => `replica ${replica} was never trusted again`));
  leakedAndTrusted.push(...bundle.ids.filter((id) => compromised.includes(id)));
  return { untrusted, leakedAndTrusted, certificates, retired };
}

/** A small generator of our own, so that a seed gives the same run everywhere. */
function lehmer(seed: number): () => number {
  let state = (Math.abs(seed) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
