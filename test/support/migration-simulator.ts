import { planIssuerMigration, type MigrationFacts, type MigrationPlan } from 'irsa/oidc';
import { randomFrom } from './rotation-simulator.js';

export interface MigrationResult {
  readonly done: boolean;
  readonly refusals: readonly string[];
  readonly wrongBreaks: readonly string[];
}

const second = 1000;
const hour = 3600 * second;
const from = 'https://old.example.com';
const to = 'https://new.example.com';
const third = 'https://third.example.com';

interface SimulatedServer {
  readonly name: string;
  readonly offset: number;
  readonly issuers: Timeline<readonly string[]>;
  issuingSince: Date | undefined;
}

/** What holds from `since` on, by true time in milliseconds. */
type Timeline<T> = { since: number; value: T }[];

/** Lives through a change of issuer with clocks that differ, steps done by halves and times forgotten. */
export function simulateMigration(
  seed: number,
  planner: typeof planIssuerMigration = planIssuerMigration,
): MigrationResult {
  const random = randomFrom(seed);
  const between = (low: number, high: number): number => Math.round(low + random() * (high - low));
  const chance = (probability: number): boolean => random() < probability;
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;

  const clockSkewSeconds = pick([0, 10, 300]);
  const skew = clockSkewSeconds * second;
  const offset = (): number => between(-skew / 2, skew / 2);
  const publishMarginSeconds = pick([0, 600, 7200]);
  const maxWebIdentityTokenLifetimeSeconds = pick([600, 3600, 86_400]);
  const maxApiTokenLifetimeSeconds = pick([600, 3607, 31_536_000]);
  const fromIsCompromised = chance(0.15);
  const plannerOffset = offset();
  const start = Date.parse('2026-01-01T00:00:00Z');
  let time = start;
  const always = <T>(value: T): Timeline<T> => [{ since: -Infinity, value }];
  const facility = {
    from: { documents: always(true), trust: always(true) },
    to: { documents: always(false), trust: always(false) },
    // Nothing of the plan touches it.
    third: { documents: always(true), trust: always(true) },
  };
  const changed: Record<string, Date | undefined> = {};
  // No third issuer, one of an earlier move that is still accepted (perhaps not everywhere), or one whose move was never finished and that still signs.
  const past = pick(['none', 'accepted', 'unfinished'] as const);
  const beginWith = (): string[] => {
    if (past === 'none') return [from];
    if (past === 'accepted') return chance(0.7) ? [from, third] : [from];
    return chance(0.5) ? [third, from] : [from, third];
  };
  const servers: SimulatedServer[] = Array.from(
    { length: 1 + Math.floor(random() * 4) },
    (_, at) => ({
      name: `control-plane-${at}`,
      offset: offset(),
      issuers: always(beginWith()),
      issuingSince: new Date(start - 400 * 24 * hour),
    }),
  );
  const wrongBreaks: string[] = [];
  let brokenFrom = Infinity;
  let done = false;

  const state = (which: 'from' | 'to'): MigrationFacts['from'] => {
    const setUp = (what: 'documents' | 'trust'): MigrationFacts['from']['trust'] => {
      const changedAt = changed[`${which}.${what}`];
      return { present: facility[which][what].at(-1)!.value, ...(changedAt && { changedAt }) };
    };
    return {
      issuer: which === 'from' ? from : to,
      documents: setUp('documents'),
      trust: setUp('trust'),
    };
  };

  const carryOut = (plan: MigrationPlan): void => {
    for (const issuer of plan.breaks) {
      if (issuer !== from || !fromIsCompromised) wrongBreaks.push(issuer);
      brokenFrom = Math.min(brokenFrom, time);
    }
    const set = (which: 'from' | 'to', what: 'documents' | 'trust', value: boolean): void => {
      facility[which][what].push({ since: time, value });
      changed[`${which}.${what}`] = chance(0.15)
        ? undefined
        : new Date(time + pick([plannerOffset, offset(), offset()]));
    };
    if (plan.step === 'publish') set('to', 'documents', true);
    if (plan.step === 'trust') set('to', 'trust', true);
    if (plan.step === 'distrust') set('from', 'trust', false);
    if (plan.step === 'retire-documents') set('from', 'documents', false);
    const named = servers.filter(({ name }) => plan.apiServers.includes(name));
    const touched = chance(0.7) ? named : named.slice(0, 1);
    for (const server of touched) {
      const switches = server.issuers.at(-1)!.value[0] !== plan.issuers[0];
      server.issuers.push({ since: time, value: [...plan.issuers] });
      if (switches) {
        const clock = pick([plannerOffset, server.offset, offset()]);
        server.issuingSince = chance(0.15) ? undefined : new Date(time + clock);
      }
      time += between(0, 60) * second;
    }
  };

  for (let steps = 0; steps < 80 && !done; steps += 1) {
    const plan = planner({
      now: new Date(time + plannerOffset),
      from: state('from'),
      to: state('to'),
      apiServers: servers.map(({ name, issuers, issuingSince }) => ({
        name,
        issuers: issuers.at(-1)!.value,
        ...(issuingSince && { issuingSince }),
      })),
      fromIsCompromised,
      maxWebIdentityTokenLifetimeSeconds,
      maxApiTokenLifetimeSeconds,
      publishMarginSeconds,
      clockSkewSeconds,
    });
    done = plan.step === 'done';
    const wait = plan.notBefore.getTime() - (time + plannerOffset);
    if (wait > 0 && plan.missingFacts.length > 0) {
      for (const key of ['to.documents', 'to.trust'])
        changed[key] ??= new Date(time + plannerOffset);
      for (const server of servers) server.issuingSince ??= new Date(time + plannerOffset);
      continue;
    }
    time += Math.max(0, wait) + (chance(0.6) ? 0 : between(0, 2 * hour));
    if (!done) carryOut(plan);
  }

  const end = time;
  const refusals: string[] = [];
  const demand = (
    timeline: Timeline<boolean>,
    what: string,
    issuer: string,
    span: readonly [number, number],
  ): void => {
    timeline.forEach(({ since, value }, at) => {
      const until = Math.min(timeline[at + 1]?.since ?? Infinity, span[1], end);
      const lacksFrom = Math.max(since, span[0]);
      if (value || lacksFrom >= until) return;
      if (issuer === from && lacksFrom >= brokenFrom) return;
      refusals.push(`${what} of ${issuer} lacks from ${lacksFrom - start}`);
    });
  };
  for (const server of servers) {
    server.issuers.forEach(({ since, value }, at) => {
      const issuer = value[0]!;
      const [begin, stop] = [Math.max(since, start), server.issuers[at + 1]?.since ?? end];
      if (stop <= begin) return;
      const late = server.offset + skew / 2;
      const webEnd = stop + maxWebIdentityTokenLifetimeSeconds * second + late;
      // A switch needs what is new to have been there for the margin already.
      const webBegin = begin - (issuer === to ? publishMarginSeconds * second : 0);
      const which = issuer === to ? facility.to : issuer === from ? facility.from : facility.third;
      demand(which.documents, 'documents', issuer, [webBegin, webEnd]);
      demand(which.trust, 'trust', issuer, [webBegin, webEnd]);
      for (const other of servers) {
        const accepts = other.issuers.map((phase) => ({
          ...phase,
          value: phase.value.includes(issuer),
        }));
        const apiEnd = stop + maxApiTokenLifetimeSeconds * second + late;
        demand(accepts, other.name, issuer, [begin, apiEnd]);
      }
    });
  }
  // Who accepted the third issuer goes on to do so: nothing says that its tokens are over.
  for (const { name, issuers } of servers) {
    const [before] = issuers;
    if (before?.value.includes(third) !== true) continue;
    for (const { since, value } of issuers) {
      if (!value.includes(third)) refusals.push(`${name} dropped ${third} at ${since - start}`);
    }
  }
  return { done, refusals, wrongBreaks };
}
