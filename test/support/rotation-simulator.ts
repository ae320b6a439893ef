import {
  buildJwks,
  planKeyRotation,
  type JwkSet,
  type PublicKey,
  type RotationPlan,
} from 'irsa/oidc';

/** A small deterministic generator: the run is its seed. */
export const randomFrom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** What was the case from `from` until the next entry. Times are true milliseconds. */
interface Phase<T> {
  readonly from: number;
  readonly value: T;
}

type Timeline<T> = Phase<T>[];

const at = <T>(timeline: Timeline<T>, time: number): T => {
  let current = timeline[0]!.value;
  for (const { from, value } of timeline) if (from <= time) current = value;
  return current;
};

interface SimulatedServer {
  readonly name: string;
  /** How far its clock is from the true time. */
  readonly offset: number;
  readonly accepted: Timeline<ReadonlySet<string>>;
  readonly signing: Timeline<string>;
  /** As the operator wrote it down, or not. */
  signingSince: Date | undefined;
}

export interface SimulationOptions {
  readonly seed: number;
  /** At least ten keys. */
  readonly keys: readonly PublicKey[];
  /** Whether keys leak on the way. */
  readonly leaks: boolean;
  /** Whether facts are missing now and then. */
  readonly gaps: boolean;
  /** A planner to put in the place of ours, to see that the simulation catches a careless one. */
  readonly planner?: typeof planKeyRotation;
}

export interface SimulationResult {
  readonly steps: number;
  readonly done: boolean;
  readonly finalPublished: readonly string[];
  readonly finalAccepted: readonly string[];
  readonly target: string;
  /** Every token that was refused although it should not have been. */
  readonly refusals: readonly string[];
  readonly wrongBreaks: readonly string[];
}

const second = 1000;
const hour = 3600 * second;

/**
 * Lives through rotations of a cluster with several API servers whose clocks differ, an operator who is late, does steps
 * by halves, changes plans, forgets times and loses keys; then looks for tokens that were refused on the way.
 */
export async function simulateRotation(options: SimulationOptions): Promise<SimulationResult> {
  const { keys, planner = planKeyRotation } = options;
  const random = randomFrom(options.seed);
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low));
  const chance = (probability: number): boolean => random() < probability;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

  const clockSkewSeconds = pick([0, 5, 300, 1800]);
  const skew = clockSkewSeconds * second;
  const offset = (): number =>
    chance(0.3) ? pick([-skew, skew]) / 2 : between(-skew / 2, skew / 2);
  const publishMarginSeconds = pick([0, 60, 600, 7200]);
  const jwksMaxAgeSeconds = pick([0, 60, 3600]);
  const cacheAge = Math.max(publishMarginSeconds, jwksMaxAgeSeconds) * second;
  const maxWebIdentityTokenLifetimeSeconds = pick([600, 3600, 86_400]);
  const maxApiTokenLifetimeSeconds = pick([600, 3607, 86_400, 31_536_000]);
  const webLife = maxWebIdentityTokenLifetimeSeconds * second;
  const apiLife = maxApiTokenLifetimeSeconds * second;

  // The beginning: one key signs everywhere, perhaps with an older one still published and accepted.
  const first = keys[0]!;
  const older = chance(0.4) ? keys[1] : undefined;
  const initial = older === undefined ? [first] : [older, first];
  let jwks: JwkSet = await buildJwks(initial, { legacyEmptyKid: chance(0.1) });
  const start = Date.parse('2026-01-01T00:00:00Z');
  const kidsOf = (set: JwkSet): ReadonlySet<string> => new Set(set.keys.map(({ kid }) => kid));
  const published: Timeline<ReadonlySet<string>> = [{ from: -Infinity, value: kidsOf(jwks) }];
  const plannerOffset = offset();
  const storageOffset = offset();
  const servers: SimulatedServer[] = Array.from(
    { length: 1 + Math.floor(random() * 4) },
    (_, i) => ({
      name: `control-plane-${i}`,
      offset: offset(),
      accepted: [{ from: -Infinity, value: new Set(initial.map(({ kid }) => kid)) }],
      signing: [{ from: -Infinity, value: first.kid }],
      signingSince: new Date(start - 400 * 24 * hour),
    }),
  );

  let time = start;
  let changedAt = new Date(start - 400 * 24 * hour) as Date | undefined;
  let nextIndex = 2;
  let nextKey: PublicKey = keys[nextIndex]!;
  const compromised = new Set<string>();
  /** When a plan that names the key in `breaks` was carried out first. */
  const brokenFrom = new Map<string, number>();
  const wrongBreaks: string[] = [];
  let unrest = Math.floor(random() * 6);
  let steps = 0;
  let done = false;
  let plan: RotationPlan;

  const askPlan = (): RotationPlan =>
    planner({
      now: new Date(time + plannerOffset),
      published: { jwks, ...(changedAt && { changedAt }) },
      apiServers: servers.map(({ name, accepted, signing, signingSince }) => ({
        name,
        acceptedKids: [...accepted.at(-1)!.value],
        signingKid: signing.at(-1)!.value,
        ...(signingSince && { signingSince }),
      })),
      nextKey,
      compromisedKids: [...compromised],
      maxWebIdentityTokenLifetimeSeconds,
      maxApiTokenLifetimeSeconds,
      publishMarginSeconds,
      jwksMaxAgeSeconds,
      clockSkewSeconds,
    });

  /** By the clock of what was changed, of the planner, or of a third party: a pipeline, an object store. */
  const writeDown = (clock: number): Date =>
    new Date(time + pick([clock, plannerOffset, offset()]));

  const carryOut = (): void => {
    for (const kid of plan.breaks) {
      if (!compromised.has(kid)) wrongBreaks.push(kid);
      if (!brokenFrom.has(kid)) brokenFrom.set(kid, time);
    }
    if (plan.jwks !== undefined) {
      ({ jwks } = plan);
      published.push({ from: time, value: kidsOf(jwks) });
      changedAt = options.gaps && chance(0.2) ? undefined : writeDown(storageOffset);
    }
    const named = servers.filter(({ name }) => plan.apiServers.includes(name));
    // Half of the work is done, then somebody goes to lunch.
    const touched = chance(0.7) ? named : named.slice(0, 1 + Math.floor(random() * named.length));
    for (const server of touched) {
      const accepted = server.accepted.at(-1)!.value;
      if (plan.step === 'accept') {
        server.accepted.push({ from: time, value: new Set([...accepted, ...plan.kids]) });
      } else if (plan.step === 'retire-from-api-servers') {
        const rest = [...accepted].filter((kid) => !plan.kids.includes(kid));
        server.accepted.push({ from: time, value: new Set(rest) });
      } else if (plan.step === 'switch-signer') {
        server.signing.push({ from: time, value: plan.kids[0]! });
        server.signingSince = options.gaps && chance(0.2) ? undefined : writeDown(server.offset);
      }
      time += chance(0.5) ? 0 : between(0, 120) * second;
    }
  };

  const disturb = (): void => {
    if (options.leaks && chance(0.5)) {
      const inUse = [
        ...published.at(-1)!.value,
        ...servers.flatMap((s) => [...s.accepted.at(-1)!.value]),
      ];
      const leaked = pick(inUse.filter((kid) => kid !== ''));
      compromised.add(leaked);
      if (leaked === nextKey.kid) nextKey = keys[++nextIndex]!;
    } else if (chance(0.5)) {
      // Another rotation begins before this one has ended.
      nextKey = keys[++nextIndex]!;
    } else {
      // Back to a key that signs somewhere, if it is safe.
      const signing = pick(servers).signing.at(-1)!.value;
      const back = keys.find(({ kid }) => kid === signing);
      if (back !== undefined && !compromised.has(back.kid)) nextKey = back;
    }
  };

  for (; steps < 200 && !done; steps += 1) {
    plan = askPlan();
    const stale = changedAt === undefined || servers.some((s) => s.signingSince === undefined);
    if (plan.step === 'done') {
      done = unrest === 0 || nextIndex >= keys.length - 2;
      if (!done) {
        unrest -= 1;
        disturb();
      }
      continue;
    }
    if (unrest > 0 && nextIndex < keys.length - 2 && chance(0.15)) {
      unrest -= 1;
      time += between(0, 2 * hour);
      disturb();
      continue;
    }
    const wait = plan.notBefore.getTime() - (time + plannerOffset);
    if (stale && wait > 0) {
      // A missing time counts as now for ever: the operator settles for the time of this look.
      changedAt ??= new Date(time + plannerOffset);
      for (const server of servers) server.signingSince ??= new Date(time + plannerOffset);
      continue;
    }
    time += Math.max(0, wait) + (chance(0.6) ? 0 : between(0, 3 * hour));
    carryOut();
  }

  const end = time;
  const refusals = [...findWorstCaseRefusals(), ...findSampledRefusals()];
  return {
    steps,
    done,
    finalPublished: [...published.at(-1)!.value],
    finalAccepted: [...new Set(servers.flatMap((server) => [...server.accepted.at(-1)!.value]))],
    target: nextKey.kid,
    refusals,
    wrongBreaks,
  };

  /** Each span in which a server signed with one key. */
  function spans(): { server: SimulatedServer; kid: string; from: number; to: number }[] {
    return servers.flatMap((server) =>
      server.signing.map(({ from, value }, index) => ({
        server,
        kid: value,
        from: Math.max(from, start),
        to: server.signing[index + 1]?.from ?? end,
      })),
    );
  }

  function isForgiven(kid: string, when: number): boolean {
    return (brokenFrom.get(kid) ?? Infinity) <= when;
  }

  /** No sample: the last token of each span, with the longest life, before the slowest clock and the stalest cache. */
  function findWorstCaseRefusals(): string[] {
    const found: string[] = [];
    const demand = (
      timeline: Timeline<ReadonlySet<string>>,
      where: string,
      kid: string,
      from: number,
      to: number,
    ): void => {
      timeline.forEach((phase, index) => {
        const until = timeline[index + 1]?.from ?? Infinity;
        const lackFrom = Math.max(phase.from, from);
        if (phase.value.has(kid) || lackFrom >= Math.min(until, to, end)) return;
        if (!isForgiven(kid, lackFrom))
          found.push(`${where}: ${kid} lacks from ${lackFrom - start}`);
      });
    };
    for (const { server, kid, from, to } of spans()) {
      if (to <= from) continue;
      const late = server.offset + skew / 2;
      demand(published, `JWKS (${server.name})`, kid, from - cacheAge, to + webLife + late);
      for (const other of servers) {
        demand(other.accepted, `${other.name} (${server.name})`, kid, from, to + apiLife + late);
      }
    }
    return found;
  }

  /** Tokens of random life and age, presented to a verifier with a cache of random age and to a random API server. */
  function findSampledRefusals(): string[] {
    const found: string[] = [];
    for (const { server, kid, from, to } of spans()) {
      if (to <= from) continue;
      for (let sample = 0; sample < 4; sample += 1) {
        const minted = chance(0.5) ? to - 1 : between(from, to);
        const forAws = chance(0.5);
        const life = (forAws ? webLife : apiLife) * (chance(0.5) ? 1 : random());
        const verifierOffset = offset();
        const expiry = minted + server.offset + life - verifierOffset;
        const presented = Math.min(end, chance(0.5) ? expiry - 1 : between(minted, expiry));
        if (presented < minted || isForgiven(kid, presented)) continue;
        const known = forAws
          ? at(published, presented - (chance(0.5) ? cacheAge : random() * cacheAge))
          : at(pick(servers).accepted, presented);
        if (!known.has(kid) && !compromised.has(kid)) {
          found.push(`token of ${kid}, minted ${minted - start}, presented ${presented - start}`);
        }
      }
    }
    return found;
  }
}
