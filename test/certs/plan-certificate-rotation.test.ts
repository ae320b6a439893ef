import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCertificateRotation, type CertificateRotationFacts } from 'irsa/certs';
import { PlanError } from 'irsa/errors';
import { holdRotationToItsPromise } from './hold-rotation.js';

const day = 86_400_000;
const now = new Date('2026-06-01T00:00:00Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * day);

const settled: CertificateRotationFacts = Object.freeze({
  now,
  authorities: [{ id: 'a', notAfter: inDays(3000) }],
  serving: [
    { replica: 'r0', authority: 'a', notAfter: inDays(60), since: inDays(-30) },
    { replica: 'r1', authority: 'a', notAfter: inDays(80), since: inDays(-10) },
  ],
  caBundle: ['a'],
  caBundleChangedAt: inDays(-30),
});
const successor = { id: 'b', notAfter: inDays(3650) };

describe('the next step', () => {
  it.each<[what: string, change: Partial<CertificateRotationFacts>, expected: object]>([
    ['nothing, and when to look again', {}, { step: 'none', notBefore: inDays(30) }],
    [
      'the first authority',
      { authorities: [], serving: [], caBundle: [] },
      { step: 'create-authority', because: 'there is no authority yet' },
    ],
    [
      'trust for the first authority',
      { serving: [], caBundle: [] },
      { step: 'trust-authority', caBundle: ['a'], notBefore: now },
    ],
    [
      'the first certificate, at once',
      { serving: [], caBundleChangedAt: now },
      { step: 'issue-serving', authority: 'a', replicas: [], notBefore: now },
    ],
    [
      'renewal of the replica that is due',
      { now: inDays(31) },
      { step: 'issue-serving', authority: 'a', replicas: ['r0'], notBefore: inDays(31) },
    ],
    [
      'a successor for an authority that nears its end',
      { authorities: [{ id: 'a', notAfter: inDays(179) }] },
      { step: 'create-authority', because: 'the authority nears its end' },
    ],
    [
      'a successor for a leaked authority',
      { compromised: ['a'] },
      { step: 'create-authority', because: 'the key of the authority has leaked' },
    ],
    [
      'a successor when the Secret is gone',
      { authorities: [{ id: 'a', notAfter: inDays(3000), canSign: false }] },
      { step: 'create-authority', because: 'no authority’s private key is at hand' },
    ],
    [
      'trust for the successor beside the old one',
      { authorities: [...settled.authorities, successor] },
      { step: 'trust-authority', authority: 'b', caBundle: ['a', 'b'] },
    ],
    [
      'its first signature only when all API servers trust it',
      {
        authorities: [...settled.authorities, successor],
        caBundle: ['a', 'b'],
        caBundleChangedAt: inDays(-0.001),
      },
      {
        step: 'issue-serving',
        authority: 'b',
        replicas: ['r0', 'r1'],
        notBefore: new Date(inDays(-0.001).getTime() + 300_000),
      },
    ],
    [
      'the rest of the replicas before the old one goes',
      {
        authorities: [...settled.authorities, successor],
        serving: [settled.serving[0]!, { ...settled.serving[1]!, authority: 'b' }],
        caBundle: ['a', 'b'],
      },
      {
        step: 'issue-serving',
        authority: 'b',
        replicas: ['r0'],
        notBefore: inDays(-30 + 300 / 86400),
      },
    ],
    [
      'farewell to the old one when nothing presents it',
      {
        authorities: [...settled.authorities, successor],
        serving: [{ replica: 'r0', authority: 'b', notAfter: inDays(90), since: inDays(-1) }],
        caBundle: ['a', 'b'],
      },
      { step: 'retire-authority', caBundle: ['b'], retired: ['a'] },
    ],
    [
      'repair of a bundle that was edited by hand',
      { caBundle: [] },
      { step: 'trust-authority', authority: 'a', caBundle: ['a'], notBefore: now },
    ],
    [
      'a new certificate, and no new trust, for a replica of a leaked authority that was taken from the bundle',
      {
        authorities: [...settled.authorities, successor],
        compromised: ['a'],
        caBundle: ['b'],
        caBundleChangedAt: now,
      },
      { step: 'issue-serving', authority: 'b', replicas: ['r0', 'r1'], notBefore: now },
    ],
    [
      'farewell to a leaked authority before a renewal that is due',
      {
        authorities: [...settled.authorities, successor],
        compromised: ['a'],
        serving: [{ replica: 'r0', authority: 'b', notAfter: inDays(9), since: inDays(-1) }],
        caBundle: ['a', 'b'],
      },
      { step: 'retire-authority', caBundle: ['b'], retired: ['a'] },
    ],
    [
      'a renewal that is due while nobody knows since when a leaked authority is not needed',
      {
        authorities: [...settled.authorities, successor],
        compromised: ['a'],
        serving: [{ replica: 'r0', authority: 'b', notAfter: inDays(9) }],
        caBundle: ['a', 'b'],
      },
      { step: 'issue-serving', authority: 'b', replicas: ['r0'], notBefore: now },
    ],
    [
      'a successor when the leaked authority alone is trusted: an empty bundle would trust nothing',
      {
        authorities: [...settled.authorities, successor],
        compromised: ['a'],
        serving: [{ replica: 'r0', authority: 'b', notAfter: inDays(9), since: inDays(-1) }],
        caBundle: ['a'],
      },
      { step: 'trust-authority', authority: 'b', caBundle: ['a', 'b'] },
    ],
  ])('%s', (_what, change, expected) => {
    expect(planCertificateRotation({ ...settled, ...change })).toMatchObject(expected);
  });

  it('refuses contradictions', () => {
    const twice = { ...settled, caBundle: ['a', 'a'] };
    expect(() => planCertificateRotation(twice)).toThrow(PlanError);
    const undated = { ...settled, authorities: [{ id: 'a', notAfter: new Date(Number.NaN) }] };
    expect(() => planCertificateRotation(undated)).toThrow(PlanError);
    expect(() => planCertificateRotation({ ...settled, now: new Date('x') })).toThrow(TypeError);
  });
});

describe('a leaked authority', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd');
  const date = fc.integer({ min: -400, max: 4000 }).map(inDays);
  const facts = fc.record(
    {
      now: fc.constant(now),
      authorities: fc.uniqueArray(fc.record({ id, notAfter: date, canSign: fc.boolean() }), {
        selector: (authority) => authority.id,
      }),
      serving: fc.uniqueArray(
        fc.record(
          { replica: id, authority: id, notAfter: date, since: date },
          { requiredKeys: ['replica', 'authority', 'notAfter'] },
        ),
        { selector: ({ replica }) => replica },
      ),
      caBundle: fc.uniqueArray(id),
      caBundleChangedAt: date,
      compromised: fc.uniqueArray(id, { minLength: 1 }),
    },
    { requiredKeys: ['now', 'authorities', 'serving', 'caBundle', 'compromised'] },
  );

  it('is never trusted again and signs nothing, whatever the facts; and no bundle is empty', () => {
    fc.assert(
      fc.property(facts, (known: CertificateRotationFacts) => {
        const plan = planCertificateRotation(known);
        const leaked = new Set(known.compromised);
        if (plan.step === 'trust-authority' || plan.step === 'issue-serving') {
          expect(leaked).not.toContain(plan.authority);
        }
        if ('caBundle' in plan) {
          expect(plan.caBundle.length).toBeGreaterThan(0);
          const added = plan.caBundle.filter((trusted) => !known.caBundle.includes(trusted));
          expect(added.filter((trusted) => leaked.has(trusted))).toEqual([]);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a webhook over years', () => {
  it('never presents a certificate that an API server does not trust', () => {
    holdRotationToItsPromise(1000);
  });
});
