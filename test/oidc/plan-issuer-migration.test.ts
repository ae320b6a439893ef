import fc from 'fast-check';
import { planIssuerMigration, type IssuingApiServer, type MigrationFacts } from 'irsa/oidc';
import { describe, expect, test } from 'vitest';
import { deepFreeze } from '../support/deep-freeze.js';
import { simulateMigration } from '../support/migration-simulator.js';

const from = 'https://s3-eu-west-1.amazonaws.com/my-oidc';
const to = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
const now = new Date('2026-09-01T12:00:00Z');
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const longAgo = after(-400 * 86_400);
const there = { present: true, changedAt: longAgo };
const absent = { present: false };

const facts = (change: Partial<MigrationFacts> = {}): MigrationFacts =>
  deepFreeze({
    now,
    from: { issuer: from, documents: there, trust: there },
    to: { issuer: to, documents: there, trust: there },
    apiServers: servers([from], [from]),
    maxWebIdentityTokenLifetimeSeconds: 86_400,
    maxApiTokenLifetimeSeconds: 31_536_000,
    publishMarginSeconds: 600,
    clockSkewSeconds: 300,
    ...change,
  });

const servers = (...issuers: readonly (readonly string[])[]): IssuingApiServer[] =>
  issuers.map((list, at) => ({ name: 'abc'.charAt(at), issuers: list, issuingSince: after(-60) }));

describe('issuers beside the two of the move', () => {
  // One of an earlier move, and the cluster's own name: their tokens are still about.
  const older = 'https://older.example.com';
  const own = 'https://kubernetes.default.svc';

  test.each<[string, readonly (readonly string[])[], Partial<MigrationFacts>, object]>([
    [
      'stay while servers begin to accept the new one',
      [
        [from, older, own],
        [from, older, own],
      ],
      {},
      { step: 'accept', issuers: [from, to, older, own] },
    ],
    [
      'stay when a server switches',
      [[from, to, older]],
      {},
      { step: 'switch-issuer', issuers: [to, from, older] },
    ],
    [
      'stay when the old one is retired',
      [[to, from, own]],
      { from: { issuer: from, documents: absent, trust: absent } },
      { step: 'retire-from-api-servers', issuers: [to, own] },
    ],
  ])('%s', (_what, lists, change, expected) => {
    const plan = planIssuerMigration(facts({ apiServers: servers(...lists), ...change }));
    expect(plan).toMatchObject(expected);
  });

  const third = 'https://third.example.com';

  test.each<[string, readonly (readonly string[])[], object]>([
    [
      'is accepted everywhere first, and goes on to sign where it does',
      [
        [third, own],
        [from, third],
      ],
      { step: 'accept', apiServers: ['a'], issuers: [third, from, to, own] },
    ],
    [
      'is accepted where it was not',
      [
        [third, from, to],
        [from, to],
      ],
      { step: 'accept', apiServers: ['b'], issuers: [from, to, third] },
    ],
    [
      'gives way to the new one, and stays accepted',
      [
        [to, from, third],
        [third, from, to],
      ],
      { step: 'switch-issuer', apiServers: ['b'], issuers: [to, from, third] },
    ],
  ])('one of them that still signs %s', (_what, lists, expected) => {
    const plan = planIssuerMigration(facts({ apiServers: servers(...lists) }));
    expect(plan).toMatchObject({ ...expected, breaks: [] });
  });

  test('is named at the end, and a move of its own retires it', () => {
    const gone = { issuer: from, documents: absent, trust: absent };
    const apiServers = servers([to, third]);
    const done = planIssuerMigration(facts({ from: gone, apiServers }));
    expect(done).toMatchObject({ step: 'done' });
    expect(done.because).toMatch(/third\.example\.com stays accepted/);
    const own = { issuer: third, documents: there, trust: there };
    expect(planIssuerMigration(facts({ from: own, apiServers })).step).toBe('distrust');
  });

  test('are kept apart where servers differ: one list for those it fits', () => {
    const plan = planIssuerMigration(facts({ apiServers: servers([from, own], [from]) }));
    expect(plan).toMatchObject({ step: 'accept', apiServers: ['a'], issuers: [from, to, own] });
  });
});

describe('step by step', () => {
  test.each([
    ['publish', { to: { issuer: to, documents: absent, trust: absent } }, { notBefore: now }],
    ['trust', { to: { issuer: to, documents: there, trust: absent } }, { notBefore: now }],
    [
      'accept',
      { apiServers: servers([from, to], [from]) },
      { apiServers: ['b'], issuers: [from, to], notBefore: now },
    ],
    [
      'switch-issuer',
      {
        to: { issuer: to, documents: there, trust: { present: true, changedAt: after(-60) } },
        apiServers: servers([to, from], [from, to]),
      },
      { apiServers: ['b'], issuers: [to, from], notBefore: after(-60 + 600 + 300) },
    ],
    [
      'distrust',
      { apiServers: servers([to, from]) },
      { apiServers: [], issuers: [], notBefore: after(-60 + 86_400 + 2 * 300) },
    ],
    [
      'retire-documents',
      {
        from: { issuer: from, documents: there, trust: absent },
        apiServers: servers([to, from]),
      },
      { notBefore: after(-60 + 86_400 + 2 * 300) },
    ],
    [
      'retire-from-api-servers',
      { from: { issuer: from, documents: absent, trust: absent }, apiServers: servers([to, from]) },
      { apiServers: ['a'], issuers: [to], notBefore: after(-60 + 31_536_000 + 2 * 300) },
    ],
    [
      'done',
      { from: { issuer: from, documents: absent, trust: absent }, apiServers: servers([to]) },
      { notBefore: now },
    ],
  ] as const)('%s', (step, change, rest) => {
    expect(planIssuerMigration(facts(change))).toMatchObject({
      step,
      breaks: [],
      missingFacts: [],
      ...rest,
    });
  });

  test('an API server that was switched too early takes the old issuer’s tokens again', () => {
    const plan = planIssuerMigration(facts({ apiServers: servers([to], [from, to]) }));
    expect(plan).toMatchObject({ step: 'accept', apiServers: ['a'], issuers: [to, from] });
  });

  test('tokens without an end keep the old issuer accepted', () => {
    const plan = planIssuerMigration(
      facts({
        from: { issuer: from, documents: absent, trust: absent },
        apiServers: servers([to, from]),
        maxApiTokenLifetimeSeconds: Infinity,
      }),
    );
    expect(plan.step).toBe('done');
  });

  test('missing times count as now and are named', () => {
    const plan = planIssuerMigration(
      facts({
        to: { issuer: to, documents: there, trust: { present: true } },
        apiServers: servers([from, to]),
      }),
    );
    expect(plan).toMatchObject({ notBefore: after(900), missingFacts: ['to.trust.changedAt'] });
    const [server] = servers([to, from]);
    const { issuingSince, ...unknown } = server!;
    expect(issuingSince).toBeDefined();
    expect(planIssuerMigration(facts({ apiServers: [unknown] }))).toMatchObject({
      step: 'distrust',
      notBefore: after(86_400 + 2 * 300),
      missingFacts: ['apiServers[a].issuingSince'],
    });
  });
});

describe('an old issuer in wrong hands', () => {
  test('is distrusted at once, and the plan says what that breaks', () => {
    const plan = planIssuerMigration(facts({ fromIsCompromised: true }));
    expect(plan).toMatchObject({ step: 'distrust', notBefore: now, breaks: [from] });
    const next = planIssuerMigration(
      facts({ fromIsCompromised: true, from: { issuer: from, documents: there, trust: absent } }),
    );
    expect(next).toMatchObject({ step: 'accept', breaks: [from] });
  });
});

test.each([
  ['two times the same issuer', { to: { issuer: from, documents: there, trust: there } }],
  ['no API server', { apiServers: [] }],
  ['a wrong now', { now: new Date(NaN) }],
  [
    'a time as text',
    { apiServers: [{ name: 'a', issuers: [from], issuingSince: '2026-01-01' as never }] },
  ],
  [
    'a wrong time',
    { to: { issuer: to, documents: { present: true, changedAt: new Date(NaN) }, trust: there } },
  ],
  ['a wrong lifetime', { maxWebIdentityTokenLifetimeSeconds: Infinity }],
])('%s is a wrong call', (_, change) => {
  expect(() => planIssuerMigration(facts(change))).toThrow(TypeError);
});

test('an API server without an issuer, and an issuer that is none, are refused', () => {
  const empty = facts({ apiServers: servers([]) });
  expect(() => planIssuerMigration(empty)).toThrow(expect.objectContaining({ code: 'ERR_PLAN' }));
  const none = facts({ to: { issuer: 'http://a', documents: there, trust: there } });
  expect(() => planIssuerMigration(none)).toThrow(expect.objectContaining({ code: 'ERR_ISSUER' }));
});

describe('random clusters', () => {
  test('no valid token is refused at any step, and every change comes to its end', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(simulateMigration(seed)).toEqual({ done: true, refusals: [], wrongBreaks: [] });
      }),
      { numRuns: 1000 },
    );
  });

  const isCaught = (planner: typeof planIssuerMigration): boolean =>
    Array.from({ length: 300 }, (_, seed) => simulateMigration(seed, planner)).some(
      ({ refusals }) => refusals.length > 0,
    );

  test.each(['switch-issuer', 'distrust', 'retire-documents', 'retire-from-api-servers'])(
    'a planner that never waits before %s is caught',
    (step) => {
      expect(
        isCaught((given) => {
          const plan = planIssuerMigration(given);
          return plan.step === step ? { ...plan, notBefore: given.now } : plan;
        }),
        // Documents go after trust, which has waited: alone they are never too early.
      ).toBe(step !== 'retire-documents');
    },
  );

  test('a planner that counts the clocks’ difference once is caught', () => {
    expect(
      isCaught((given) => {
        const { clockSkewSeconds = 300 } = given;
        const plan = planIssuerMigration(given);
        if (!['distrust', 'retire-from-api-servers'].includes(plan.step)) return plan;
        const earlier = plan.notBefore.getTime() - clockSkewSeconds * 1000;
        return { ...plan, notBefore: new Date(Math.max(earlier, given.now.getTime())) };
      }),
    ).toBe(true);
  });

  test('a planner that drops a third issuer is caught', () => {
    expect(
      isCaught((given) => {
        const plan = planIssuerMigration(given);
        return { ...plan, issuers: plan.issuers.filter((url) => !url.includes('third')) };
      }),
    ).toBe(true);
  });

  test('a planner that looks at one API server only is caught', () => {
    expect(
      isCaught((given) =>
        planIssuerMigration({ ...given, apiServers: given.apiServers.slice(0, 1) }),
      ),
    ).toBe(true);
  });
});
