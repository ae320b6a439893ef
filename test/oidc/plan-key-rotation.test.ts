import fc from 'fast-check';
import {
  buildJwks,
  generateSigningKey,
  planKeyRotation,
  readPublicKeys,
  type JwkSet,
  type PublicKey,
  type RotationFacts,
  type RotationPlan,
} from 'irsa/oidc';
import { beforeAll, describe, expect, test } from 'vitest';
import { deepFreeze } from '../support/deep-freeze.js';
import { simulateRotation } from '../support/rotation-simulator.js';

let keys: PublicKey[];
let old: PublicKey;
let next: PublicKey;
let oldJwks: JwkSet;
let bothJwks: JwkSet;

beforeAll(async () => {
  keys = await Promise.all(
    Array.from({ length: 14 }, async () => {
      const { publicKeyPem } = await generateSigningKey({ algorithm: 'ES256' });
      return (await readPublicKeys(publicKeyPem)).keys[0]!;
    }),
  );
  [old, next] = keys as [PublicKey, PublicKey];
  oldJwks = await buildJwks([old]);
  bothJwks = await buildJwks([old, next]);
});

const now = new Date('2026-09-01T12:00:00Z');
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const longAgo = after(-400 * 86_400);

/** One API server that has signed with the old key for long, and a next key to go over to. */
const facts = (change: Partial<RotationFacts> = {}): RotationFacts =>
  deepFreeze({
    now,
    published: { jwks: oldJwks, changedAt: longAgo },
    apiServers: [
      { name: 'a', acceptedKids: [old.kid], signingKid: old.kid, signingSince: longAgo },
      { name: 'b', acceptedKids: [old.kid], signingKid: old.kid, signingSince: longAgo },
    ],
    nextKey: next,
    maxWebIdentityTokenLifetimeSeconds: 86_400,
    maxApiTokenLifetimeSeconds: 31_536_000,
    publishMarginSeconds: 600,
    jwksMaxAgeSeconds: 3600,
    clockSkewSeconds: 300,
    ...change,
  });

const factsWithoutNextKey = (change: Partial<RotationFacts>): RotationFacts => {
  const { nextKey, ...rest } = facts(change);
  expect(nextKey).toBeDefined();
  return rest;
};

const servers = (
  ...states: readonly [accepted: PublicKey[], signing: PublicKey, since?: Date][]
): RotationFacts['apiServers'] =>
  states.map(([accepted, signing, since], at) => ({
    name: 'abcdefgh'.charAt(at),
    acceptedKids: accepted.map(({ kid }) => kid),
    signingKid: signing.kid,
    ...(since && { signingSince: since }),
  }));

const kidsOf = (jwks: JwkSet | undefined): string[] | undefined => jwks?.keys.map(({ kid }) => kid);

describe('a rotation, step by step', () => {
  test('publishes the next key beside the old one, now', () => {
    const plan = planKeyRotation(facts());
    expect(plan).toMatchObject({ step: 'publish', kids: [next.kid], notBefore: now, breaks: [] });
    expect(kidsOf(plan.jwks)).toEqual([old.kid, next.kid]);
  });

  test('lets every API server accept it, without waiting', () => {
    const plan = planKeyRotation(
      facts({
        published: { jwks: bothJwks, changedAt: now },
        apiServers: servers([[old, next], old, longAgo], [[old], old, longAgo]),
      }),
    );
    expect(plan).toMatchObject({
      step: 'accept',
      kids: [next.kid],
      apiServers: ['b'],
      notBefore: now,
    });
    expect(plan.jwks).toBeUndefined();
  });

  test('switches one signer at a time, when the caches and the clocks allow it', () => {
    const published = { jwks: bothJwks, changedAt: after(-60) };
    const first = facts({
      published,
      apiServers: servers([[old, next], old, longAgo], [[old, next], old, longAgo]),
    });
    expect(planKeyRotation(first)).toMatchObject({
      step: 'switch-signer',
      kids: [next.kid],
      apiServers: ['a'],
      notBefore: after(-60 + 3600 + 300),
    });
    // The margin counts where it is longer than the max-age.
    expect(planKeyRotation({ ...first, publishMarginSeconds: 86_400 }).notBefore).toEqual(
      after(-60 + 86_400 + 300),
    );
    const second = facts({
      published,
      apiServers: servers([[old, next], next, after(-5)], [[old, next], old, longAgo]),
    });
    expect(planKeyRotation(second)).toMatchObject({ step: 'switch-signer', apiServers: ['b'] });
    expect(planKeyRotation(second).because).toContain('kube-controller-manager');
  });

  test('keeps the old key published for the longest web identity token since the last switch', () => {
    const plan = planKeyRotation(
      facts({
        published: { jwks: bothJwks, changedAt: longAgo },
        apiServers: servers([[old, next], next, after(-900)], [[old, next], next, after(-60)]),
      }),
    );
    expect(plan).toMatchObject({
      step: 'retire-from-jwks',
      kids: [old.kid],
      notBefore: after(-60 + 86_400 + 2 * 300),
      breaks: [],
      missingFacts: [],
    });
    expect(kidsOf(plan.jwks)).toEqual([next.kid]);
  });

  test('keeps it accepted for the longest API token, which may live a year', () => {
    const plan = planKeyRotation(
      facts({
        published: { jwks: { keys: [next.jwk] }, changedAt: now },
        apiServers: servers([[old, next], next, after(-90_000)], [[next], next, after(-90_000)]),
      }),
    );
    expect(plan).toMatchObject({
      step: 'retire-from-api-servers',
      kids: [old.kid],
      apiServers: ['a'],
      notBefore: after(-90_000 + 31_536_000 + 2 * 300),
    });
  });

  test('is done when only the new key is left, or when old tokens never end', () => {
    const rest = {
      published: { jwks: { keys: [next.jwk] }, changedAt: now },
      apiServers: servers([[next], next, longAgo]),
    };
    expect(planKeyRotation(facts(rest))).toMatchObject({ step: 'done', kids: [next.kid] });
    const kept = facts({
      ...rest,
      apiServers: servers([[next, old], next, longAgo]),
      maxApiTokenLifetimeSeconds: Infinity,
    });
    expect(planKeyRotation(kept)).toMatchObject({ step: 'done', breaks: [] });
    expect(planKeyRotation(kept).because).toContain(old.kid);
  });

  test('another rotation may begin while the old key is still accepted', () => {
    const third = keys[2]!;
    const plan = planKeyRotation(
      facts({
        published: { jwks: { keys: [next.jwk] }, changedAt: longAgo },
        apiServers: servers([[old, next], next, after(-90_000)]),
        nextKey: third,
      }),
    );
    expect(plan.step).toBe('publish');
    expect(kidsOf(plan.jwks)).toEqual([next.kid, third.kid]);
  });
});

test('a 101st key of a type is refused, since AWS would refuse every token', () => {
  const jwks = (count: number): JwkSet => ({
    keys: Array.from({ length: count }, (_, at) =>
      at === 0 ? old.jwk : { ...old.jwk, kid: `old-${at}` },
    ),
  });
  const plan = (count: number): RotationPlan =>
    planKeyRotation(facts({ published: { jwks: jwks(count), changedAt: longAgo } }));
  expect(plan(99).jwks?.keys).toHaveLength(100);
  expect(() => plan(100)).toThrow(expect.objectContaining({ code: 'ERR_PLAN' }));
  expect(() => plan(100)).toThrow(/at most 100/);
});

describe('facts that are missing', () => {
  test('count as now, and the plan names them', () => {
    const plan = planKeyRotation(
      facts({
        published: { jwks: bothJwks },
        apiServers: servers([[old, next], old, longAgo]),
      }),
    );
    expect(plan.notBefore).toEqual(after(3600 + 300));
    expect(plan.missingFacts).toEqual(['published.changedAt']);
    expect(plan.because).toContain('published.changedAt');
    const retire = planKeyRotation(
      facts({
        published: { jwks: bothJwks, changedAt: longAgo },
        apiServers: servers([[old, next], next], [[old, next], next, after(-86_000)]),
      }),
    );
    expect(retire.notBefore).toEqual(after(86_400 + 2 * 300));
    expect(retire.missingFacts).toEqual(['apiServers[a].signingSince']);
  });

  test('of single keys shorten the wait: addedAt and lastSignedAt', () => {
    const added = facts({
      published: { jwks: bothJwks, changedAt: now, addedAt: { [next.kid]: after(-3000) } },
      apiServers: servers([[old, next], old, longAgo]),
    });
    expect(planKeyRotation(added).notBefore).toEqual(after(900));
    const third = keys[2]!;
    const signed = facts({
      published: { jwks: { keys: [third.jwk, old.jwk, next.jwk] }, changedAt: longAgo },
      apiServers: servers([[old, next, third], next, after(-60)]),
      lastSignedAt: { [third.kid]: after(-90_000) },
    });
    const plan = planKeyRotation(signed);
    expect(plan).toMatchObject({ step: 'retire-from-jwks', kids: [third.kid], notBefore: now });
    expect(kidsOf(plan.jwks)).toEqual([old.kid, next.kid]);
  });
});

describe('half-done and odd states', () => {
  test('without a nextKey, the key that signs stays and old ones go', () => {
    const rest = factsWithoutNextKey({
      published: { jwks: bothJwks, changedAt: longAgo },
      apiServers: servers([[old, next], next, after(-200_000)]),
    });
    expect(planKeyRotation(rest)).toMatchObject({ step: 'retire-from-jwks', kids: [old.kid] });
  });

  test('without a nextKey, a switch that was begun is ended', () => {
    const rest = factsWithoutNextKey({
      published: { jwks: bothJwks, changedAt: longAgo },
      apiServers: servers([[old, next], old, longAgo], [[old, next], next, after(-60)]),
    });
    expect(planKeyRotation(rest)).toMatchObject({
      step: 'switch-signer',
      kids: [next.kid],
      apiServers: ['a'],
    });
  });

  test('a key that signs already is published and accepted at once', () => {
    const early = servers([[next], next, after(-5)], [[old], old, longAgo]);
    const plan = planKeyRotation(facts({ apiServers: early }));
    expect(plan).toMatchObject({ step: 'publish', notBefore: now });
    const accept = planKeyRotation(
      facts({ published: { jwks: bothJwks, changedAt: now }, apiServers: early }),
    );
    expect(accept).toMatchObject({
      step: 'accept',
      kids: [next.kid, old.kid],
      apiServers: ['a', 'b'],
    });
  });

  test('an entry without a kid goes with its key', async () => {
    const plan = planKeyRotation(
      facts({
        published: { jwks: await buildJwks([old, next], { legacyEmptyKid: true }) },
        apiServers: servers([[old, next], next, longAgo]),
      }),
    );
    expect(kidsOf(plan.jwks)).toEqual([next.kid]);
  });
});

describe('a leaked key', () => {
  const leaked = (): Partial<RotationFacts> => ({ compromisedKids: [old.kid] });

  test('leaves the JWKS at once, with the next key coming in', () => {
    const plan = planKeyRotation(facts(leaked()));
    expect(plan).toMatchObject({ step: 'publish', notBefore: now, breaks: [old.kid] });
    expect(kidsOf(plan.jwks)).toEqual([next.kid]);
  });

  test('signs on until tokens of the next key are good everywhere, and the plan says so', () => {
    const plan = planKeyRotation(
      facts({
        ...leaked(),
        published: { jwks: { keys: [next.jwk] }, changedAt: now },
        apiServers: servers([[old, next], old, longAgo]),
      }),
    );
    expect(plan).toMatchObject({
      step: 'switch-signer',
      notBefore: after(3600 + 300),
      breaks: [old.kid],
    });
  });

  test('is replaced first where the next key is ready, then leaves without any wait', () => {
    const ready = { jwks: bothJwks, changedAt: longAgo };
    const plan = planKeyRotation(
      facts({ ...leaked(), published: ready, apiServers: servers([[old, next], old, longAgo]) }),
    );
    expect(plan).toMatchObject({ step: 'switch-signer', notBefore: now, breaks: [] });
    const apart = facts({
      ...leaked(),
      published: ready,
      apiServers: servers([[old, next], next, after(-1)]),
    });
    expect(planKeyRotation(apart)).toMatchObject({
      step: 'retire-from-api-servers',
      kids: [old.kid],
      notBefore: now,
      breaks: [old.kid],
    });
    const last = planKeyRotation({ ...apart, apiServers: servers([[next], next, after(-1)]) });
    expect(last).toMatchObject({ step: 'retire-from-jwks', notBefore: now, breaks: [old.kid] });
    expect(kidsOf(last.jwks)).toEqual([next.kid]);
  });

  test('takes its nameless and renamed copies with it', () => {
    const copies = { keys: [old.jwk, { ...old.jwk, kid: 'renamed' }, { ...old.jwk, kid: '' }] };
    const plan = planKeyRotation(facts({ ...leaked(), published: { jwks: copies } }));
    expect(kidsOf(plan.jwks)).toEqual([next.kid]);
  });

  test('cannot be replaced by nothing or by itself', () => {
    const rest = factsWithoutNextKey(leaked());
    expect(() => planKeyRotation(rest)).toThrow(expect.objectContaining({ code: 'ERR_PLAN' }));
    expect(() => planKeyRotation(facts({ compromisedKids: [next.kid] }))).toThrow(
      expect.objectContaining({ code: 'ERR_PLAN', path: 'nextKey' }),
    );
  });
});

test('a signer whose key is nowhere to be had is no base for a plan', () => {
  const rest = factsWithoutNextKey({ apiServers: servers([[next], next, longAgo]) });
  expect(() => planKeyRotation(rest)).toThrow(/openid\/v1\/jwks/);
});

test.each([
  ['now', { now: new Date(NaN) }],
  ['no API server', { apiServers: [] }],
  ['a lifetime', { maxWebIdentityTokenLifetimeSeconds: -1 }],
  ['a lifetime without an end', { maxWebIdentityTokenLifetimeSeconds: Infinity }],
  ['a life of a million years', { maxWebIdentityTokenLifetimeSeconds: 3e13 }],
  [
    'a time as text',
    {
      apiServers: [
        { name: 'a', acceptedKids: ['k'], signingKid: 'k', signingSince: '2026-01-01' as never },
      ],
    },
  ],
  ['a time', { published: { jwks: { keys: [] }, changedAt: new Date(NaN) } }],
  ['a skew', { clockSkewSeconds: '5' as unknown as number }],
  ['an API server', { apiServers: [{ name: 'a', acceptedKids: [], signingKid: '' }] }],
])('%s that is none is a wrong call', (_, change) => {
  expect(() => planKeyRotation(facts(change))).toThrow(TypeError);
});

test.each([
  ['an HTML page', '<html>' as unknown as JwkSet, 'ERR_JWKS'],
  ['a damaged key', { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }, 'ERR_KEY'],
])('%s for a published key set is refused', (_, jwks, code) => {
  expect(() => planKeyRotation(facts({ published: { jwks } }))).toThrow(
    expect.objectContaining({ code }),
  );
});

test('one kid for different keys, and one name for two API servers, are refused', () => {
  const doubled = { keys: [old.jwk, { ...next.jwk, kid: old.kid }] };
  expect(() => planKeyRotation(facts({ published: { jwks: doubled } }))).toThrow(
    expect.objectContaining({ code: 'ERR_JWKS' }),
  );
  const [server] = facts().apiServers;
  expect(() => planKeyRotation(facts({ apiServers: [server!, server!] }))).toThrow(
    expect.objectContaining({ code: 'ERR_PLAN' }),
  );
});

describe('random clusters', () => {
  test('no valid token is refused at any step, and every rotation comes to its end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), fc.boolean(), async (seed, leaks, gaps) => {
        const result = await simulateRotation({ seed, keys, leaks, gaps });
        expect(result.refusals).toEqual([]);
        expect(result.wrongBreaks).toEqual([]);
        expect(result.done).toBe(true);
        expect(result.finalPublished.filter((kid) => kid !== '')).toEqual([result.target]);
        expect(result.finalAccepted).toEqual([result.target]);
      }),
      { numRuns: 1000 },
    );
  });

  // The simulation has to catch planners that are careless in one point each.
  const careless: Record<string, (plan: RotationPlan, facts: RotationFacts) => RotationPlan> = {
    'never waits before a switch': (plan, { now: time }) =>
      plan.step === 'switch-signer' ? { ...plan, notBefore: time } : plan,
    'never waits before it retires from the JWKS': (plan, { now: time }) =>
      plan.step === 'retire-from-jwks' ? { ...plan, notBefore: time } : plan,
    'never waits before it retires from the API servers': (plan, { now: time }) =>
      plan.step === 'retire-from-api-servers' ? { ...plan, notBefore: time } : plan,
  };
  careless['counts the clock skew once before it retires'] = (plan, given) => {
    const { now: time, clockSkewSeconds = 300 } = given;
    if (!plan.step.startsWith('retire')) return plan;
    const earlier = plan.notBefore.getTime() - clockSkewSeconds * 1000;
    return { ...plan, notBefore: new Date(Math.max(earlier, time.getTime())) };
  };
  const withOtherFacts: Record<string, (facts: RotationFacts) => RotationFacts> = {
    'forgets the clock skew': (given) => ({ ...given, clockSkewSeconds: 0 }),
    'forgets the caches': (given) => ({ ...given, publishMarginSeconds: 0, jwksMaxAgeSeconds: 0 }),
    'believes that every API server accepts what one accepts': (given) => {
      const all = [...new Set(given.apiServers.flatMap(({ acceptedKids }) => acceptedKids))];
      return {
        ...given,
        apiServers: given.apiServers.map((server) => ({ ...server, acceptedKids: all })),
      };
    },
    'looks at the first API server only': (given) => ({
      ...given,
      apiServers: given.apiServers.slice(0, 1),
    }),
  };

  const isCaught = async (planner: typeof planKeyRotation): Promise<boolean> => {
    for (let seed = 0; seed < 200; seed += 1) {
      const result = await simulateRotation({ seed, keys, leaks: false, gaps: false, planner });
      if (result.refusals.length > 0) return true;
    }
    return false;
  };

  test.each(Object.keys(careless))('a planner that %s is caught', async (name) => {
    expect(await isCaught((given) => careless[name]!(planKeyRotation(given), given))).toBe(true);
  });

  test.each(Object.keys(withOtherFacts))('a planner that %s is caught', async (name) => {
    expect(await isCaught((given) => planKeyRotation(withOtherFacts[name]!(given)))).toBe(true);
  });
});
