import { fileURLToPath } from 'node:url';
import type { DistributionConfig } from '@aws-sdk/client-cloudfront';
import { applyIssuerChanges, observeIssuer, type AwsClients, type FetchPublic } from 'irsa-aws';
import { planIssuer, type IssuerChange, type IssuerSpec } from 'irsa/iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCloudFront } from './fake-cloud-front.js';
import { bucket, documentOf, spec, startLocalTarget, type LocalTarget } from './local-target.js';

const golden = (name: string): string =>
  fileURLToPath(new URL(`golden/${name}.json`, import.meta.url));

let local: LocalTarget;
let cloudFront: FakeCloudFront;
let clients: AwsClients;
beforeEach(async () => {
  local = await startLocalTarget({ tls: false });
  cloudFront = new FakeCloudFront();
  clients = { ...local.clients, cloudFront };
});
afterEach(() => local.close());

const target = { kind: 's3', bucket, region: 'us-west-2', via: 'cloudfront' } as const;
const issuer = 'https://d111111abcdef8.cloudfront.net';
const early: IssuerSpec = { name: spec.name, accountId: spec.accountId, target, documents: [] };
/** The documents of the bucket's own issuer, the discovery document for another one. */
const documentsFor = (named: string): IssuerSpec['documents'] =>
  spec.documents.map((document) =>
    document.path.includes('.well-known')
      ? documentOf(document.path, JSON.stringify({ issuer: named }))
      : document,
  );
const full: IssuerSpec = { ...spec, target, issuer, documents: documentsFor(issuer) };
/** Serves what lies in the bucket, or an older document. */
const edge =
  (old: Record<string, string> = {}): FetchPublic =>
  (url) => {
    const path = url.slice(issuer.length + 1);
    const body =
      old[path] ?? Buffer.from(local.aws.readObject({ bucket, key: path }) ?? '').toString();
    return Promise.resolve({ status: body === '' ? 404 : 200, body });
  };
const plan = async (desired: IssuerSpec, fetchPublic = edge()): Promise<IssuerChange[]> =>
  planIssuer({ desired, observed: await observeIssuer({ spec: desired, clients, fetchPublic }) });
const run = async (
  desired: IssuerSpec,
  fetchPublic = edge(),
): ReturnType<typeof applyIssuerChanges> =>
  applyIssuerChanges(await plan(desired, fetchPublic), {
    spec: desired,
    clients,
    wait: () => Promise.resolve(),
  });
const written = (): unknown =>
  cloudFront.requests
    .filter(({ command }) => !/^(?:Get|List)/.test(command))
    .map(
      (request) =>
        JSON.parse(JSON.stringify(request).replace(/irsa-\d{10,}/, 'irsa-TIME')) as unknown,
    );
const asFile = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

describe('CloudFront', () => {
  it('is made first, and tells the issuer its host name', async () => {
    await run(early);
    const { cloudFront: seen } = await observeIssuer({ spec: early, clients, fetchPublic: null });
    expect(seen?.distribution?.domainName).toBe('d111111abcdef8.cloudfront.net');
    expect(await plan(early)).toEqual([]);
    await expect(asFile(written())).toMatchFileSnapshot(golden('cloud-front-create'));
  });

  it('publishes behind it, and lets only this distribution read', async () => {
    await run(early);
    await run(full);
    expect(await plan(full)).toEqual([]);
    const { bucket: seen } = await observeIssuer({ spec: full, clients, fetchPublic: null });
    expect(seen?.policy?.Statement).toMatchObject([
      {
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Condition: {
          StringEquals: {
            'AWS:SourceArn': 'arn:aws:cloudfront::111122223333:distribution/E2EXAMPLE',
          },
        },
      },
    ]);
    expect(seen?.publicAccessBlock?.RestrictPublicBuckets).toBe(true);
  });

  it('takes an own host name and certificate', async () => {
    const own = {
      ...target,
      aliases: ['oidc.example.com'],
      certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/1',
    };
    const desired: IssuerSpec = {
      ...full,
      target: own,
      issuer: 'https://oidc.example.com',
      documents: documentsFor('https://oidc.example.com'),
    };
    await applyIssuerChanges(planIssuer({ desired, observed: {} }), { spec: desired, clients });
    expect(
      planIssuer({
        desired,
        observed: await observeIssuer({ spec: desired, clients, fetchPublic: null }),
      }),
    ).toEqual([]);
    await expect(asFile(written())).toMatchFileSnapshot(golden('cloud-front-alias'));
  });

  it('makes the edges forget a document that changed, or that they still serve', async () => {
    await run(early);
    await run(full);
    const jwks = documentOf(
      'openid/v1/jwks',
      JSON.stringify({ keys: [{ kid: 'k1' }, { kid: 'k3' }] }),
    );
    const rotated: IssuerSpec = { ...full, documents: [full.documents[0]!, jwks] };
    cloudFront.requests.length = 0;
    await run(rotated);
    expect(await plan(rotated, edge({ 'openid/v1/jwks': 'old' }))).toMatchObject([
      { kind: 'invalidate-distribution' },
    ]);
    // Not reachable is not old.
    expect(await plan(rotated, () => Promise.reject(new Error('ENOTFOUND')))).toEqual([]);
    await expect(asFile(written())).toMatchFileSnapshot(golden('cloud-front-rotate'));
  });

  it('repairs drift and keeps what others have set', async () => {
    await run(early);
    await run(full);
    cloudFront.drift(() => ({ WebACLId: 'theirs', PriceClass: 'PriceClass_100' }));
    cloudFront.requests.length = 0;
    expect(await plan(full)).toMatchObject([
      { kind: 'update-distribution', reason: 'its priceClass differs' },
    ]);
    await run(full);
    expect(await plan(full)).toEqual([]);
    await expect(asFile(written())).toMatchFileSnapshot(golden('cloud-front-repair'));
  });

  it('changes how long documents live', async () => {
    await run(early);
    const shorter: IssuerSpec = { ...early, target: { ...target, maxTtlSeconds: 60 } };
    cloudFront.requests.length = 0;
    await run(shorter);
    expect(await plan(shorter)).toEqual([]);
    expect(written()).toMatchObject([
      {
        command: 'UpdateCachePolicy',
        input: { Id: 'CP1', IfMatch: 'C1', CachePolicyConfig: { MaxTTL: 60, DefaultTTL: 60 } },
      },
    ]);
  });

  it('goes down from outside in, when every edge has forgotten it', async () => {
    await run(early);
    await run(full);
    cloudFront.requests.length = 0;
    cloudFront.deploying = 3;
    await run({ ...full, state: 'absent' });
    expect(await plan({ ...full, state: 'absent' })).toEqual([]);
    await expect(asFile(written())).toMatchFileSnapshot(golden('cloud-front-teardown'));
  });

  it.each<[string, IssuerSpec, IssuerSpec]>([
    ['made', early, full],
    ['taken down', full, { ...full, state: 'absent' }],
  ])(
    'is finished by the next run when any of its calls fails once while it is %s',
    async (_, from, to) => {
      await run(early);
      if (from === full) await run(full);
      else cloudFront.forget();
      const before = cloudFront.requests.length;
      const first = to === full ? early : to;
      await run(first);
      if (to === full) await run(full);
      const calls = [...new Set(cloudFront.requests.slice(before).map(({ command }) => command))];
      expect(calls.length).toBeGreaterThan(7);
      for (const command of calls) {
        for (const moment of ['before', 'after'] as const) {
          // From the start again.
          cloudFront.forget();
          await local.run({
            ...full,
            target: spec.target,
            state: 'absent',
            releaseBucketName: true,
          });
          if (from === full) {
            await run(early);
            await run(full);
          }
          cloudFront.failOnce(command, moment);
          const failed: unknown = await run(first)
            .then(() => (to === full ? run(full) : undefined))
            .catch((error: unknown) => error);
          expect(failed, command).toBeInstanceOf(Error);
          if (to === full) await run(early);
          await run(to);
          expect(await plan(to), `${command}, ${moment} it was done`).toEqual([]);
        }
      }
    },
  );

  it('says that it waits for the edges, and stops when it is told to', async () => {
    await run(early);
    await run(full);
    cloudFront.deploying = 1000;
    const controller = new AbortController();
    const said: string[] = [];
    const down: IssuerSpec = { ...full, state: 'absent' };
    const stopped = applyIssuerChanges(await plan(down), {
      spec: down,
      clients,
      signal: controller.signal,
      onProgress: ({ status, why }) => {
        if (status !== 'waiting') return;
        said.push(why ?? '');
        controller.abort(new Error('Ctrl-C'));
      },
    });
    await expect(stopped).rejects.toThrow('Ctrl-C');
    expect(said).toEqual(['CloudFront is still deploying the change before; this takes minutes']);
    cloudFront.deploying = 0;
    await run(down);
    expect(await plan(down)).toEqual([]);
  });

  it('keeps origins and settings of others, and takes away what it cannot live with', async () => {
    await run(early);
    await run(full);
    const theirs = { Id: 'theirs', DomainName: 'example.com' };
    cloudFront.drift((config) => ({
      Origins: {
        Quantity: 2,
        Items: [
          theirs,
          ...(config.Origins?.Items ?? []).map((item) => ({ ...item, OriginPath: '' })),
        ],
      },
      DefaultCacheBehavior: {
        ...config.DefaultCacheBehavior,
        CachePolicyId: undefined,
        MinTTL: 5,
        ForwardedValues: { QueryString: true, Cookies: { Forward: 'all' } },
      },
    }));
    expect(await plan(full)).toMatchObject([{ kind: 'update-distribution' }]);
    await run(full);
    expect(await plan(full)).toEqual([]);
    const { input } = cloudFront.requests
      .filter(({ command }) => command === 'UpdateDistribution')
      .at(-1)!;
    const { DistributionConfig: config } = input as {
      readonly DistributionConfig: DistributionConfig;
    };
    expect(config.Origins?.Quantity).toBe(2);
    expect(config.Origins?.Items?.[0]).toEqual(theirs);
    expect(config.Origins?.Items?.[1]).toMatchObject({ Id: 'issuer', OriginPath: '' });
    expect(config.DefaultCacheBehavior).not.toHaveProperty('ForwardedValues');
    expect(config.DefaultCacheBehavior).not.toHaveProperty('MinTTL');
  });

  it('needs its client', async () => {
    await expect(observeIssuer({ spec: early, clients: local.clients })).rejects.toThrow(TypeError);
  });
});
