import fc from 'fast-check';
import { applyIssuerChanges, observeIssuer, type ApplyResult, type AwsClients } from 'irsa-aws';
import { planIssuer, type IssuerSpec } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { absentSpec, bucket, documentOf, spec, startLocalTarget } from './local-target.js';

const withKeys = (...kids: string[]): IssuerSpec => ({
  ...spec,
  retiredKids: [],
  documents: [
    spec.documents[0]!,
    documentOf('openid/v1/jwks', JSON.stringify({ keys: kids.map((kid) => ({ kid })) })),
  ],
});

/** Two runs at once, their requests in an order that fast-check chooses and shrinks. */
const interleaved = async (
  scheduler: fc.Scheduler,
  local: Awaited<ReturnType<typeof startLocalTarget>>,
  specs: readonly IssuerSpec[],
): Promise<PromiseSettledResult<ApplyResult>[]> => {
  const slow = <Client extends { send: unknown }>(client: Client): Client => {
    const send = client.send as (command: object) => Promise<unknown>;
    const inTurn = async (command: object): Promise<unknown> => {
      await scheduler.schedule(Promise.resolve(), command.constructor.name);
      return send.call(client, command);
    };
    return { send: inTurn } as unknown as Client;
  };
  const runs = specs.map(async (desired) => {
    const clients: AwsClients = { s3: slow(local.clients.s3), iam: slow(local.clients.iam) };
    const observed = await observeIssuer({ spec: desired, clients });
    return applyIssuerChanges(planIssuer({ desired, observed }), { spec: desired, clients });
  });
  return scheduler.waitFor(Promise.allSettled(runs));
};

const refusals = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));

describe('two runs at once, in any order of their requests', () => {
  it('of the same issuer end in it, or are finished by the next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const local = await startLocalTarget({ tls: false });
        try {
          const results = await interleaved(scheduler, local, [spec, spec]);
          for (const reason of refusals(results))
            expect(reason).toMatchObject({ code: 'ERR_PLAN' });
          await local.run();
          expect(await local.plan()).toEqual([]);
        } finally {
          await local.close();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('with different keys never lose one: at most one of them writes, and says so', async () => {
    const [a, b] = [withKeys('k1', 'k2'), withKeys('k1', 'k3')];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const local = await startLocalTarget({ tls: false });
        try {
          await local.run();
          const results = await interleaved(scheduler, local, [a, b]);
          for (const reason of refusals(results))
            expect(reason).toMatchObject({ code: 'ERR_PLAN' });
          const done = results.map(({ status }) => status === 'fulfilled');
          expect(done.filter(Boolean)).toHaveLength(1);
          const jwks = local.aws.readObject({ bucket, key: 'openid/v1/jwks' });
          expect(Buffer.from(jwks ?? '').toString()).toBe((done[0] ? a : b).documents[1]!.body);
        } finally {
          await local.close();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('of two issuers in one bucket leave it to one of them', async () => {
    const other: IssuerSpec = { ...spec, name: 'cluster-2', provider: null, roles: [] };
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const local = await startLocalTarget({ tls: false });
        try {
          const results = await interleaved(scheduler, local, [
            { ...spec, provider: null, roles: [] },
            other,
          ]);
          const reasons = refusals(results);
          expect(reasons.length).toBeGreaterThan(0);
          for (const reason of reasons) expect(reason).toMatchObject({ code: 'ERR_PLAN' });
        } finally {
          await local.close();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('one up, one down, are at rest after the next run of either', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.constantFrom(spec, absentSpec),
        async (scheduler, last) => {
          const local = await startLocalTarget({ tls: false });
          try {
            await local.run();
            const results = await interleaved(scheduler, local, [withKeys('k1', 'k2'), absentSpec]);
            for (const reason of refusals(results))
              expect(reason).toMatchObject({ code: 'ERR_PLAN' });
            await local.run(last);
            expect(await local.plan(last)).toEqual([]);
          } finally {
            await local.close();
          }
        },
      ),
      { numRuns: 15 },
    );
  });
});
