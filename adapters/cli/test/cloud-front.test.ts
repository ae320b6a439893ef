import { createAwsClients } from 'irsa-aws';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeCloudFront } from '../../aws/test/fake-cloud-front.js';
import { irsa, type CliRun } from './test-io.js';

let aws: LocalAws;
let cloudFront: FakeCloudFront;
beforeEach(async () => {
  aws = await startLocalAws({ tls: false });
  for (const [name, value] of Object.entries(aws.env({ administrator: true })))
    vi.stubEnv(name, value);
  // The public's way to the edges: there is none here.
  vi.stubGlobal('fetch', () => Promise.reject(new Error('ENOTFOUND')));
  cloudFront = new FakeCloudFront();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await aws.close();
});

const run = (argv: readonly string[]): Promise<CliRun> =>
  irsa(argv, {
    awsClients: async (options) => ({ ...(await createAwsClients(options)), cloudFront }),
  });
const target = [
  ...['--name', 'cluster-1', '--account-id', '111122223333', '--bucket', 'my-oidc'],
  ...['--region', 'us-west-2', '--via', 'cloudfront'],
];
const wanted = [...target, '--key', 'sa.pub', '--role', 's3-echoer=default/s3-echoer'];

describe('irsa issuer --via cloudfront', () => {
  it('makes the distribution first, and takes the host name that it gives as the issuer', async () => {
    const plan = await run(['issuer', 'plan', ...wanted]);
    expect(plan.stdout).toMatch(/create-distribution[\s\S]*then: CloudFront then gives/);
    const applied = await run(['issuer', 'apply', ...wanted, '--yes']);
    expect(applied.exitCode).toBe(0);
    expect(applied.stderr).toMatch(
      /create-distribution[\s\S]*create-provider arn:aws:iam::111122223333:oidc-provider\/d111111abcdef8\.cloudfront\.net/,
    );
    expect((await run(['issuer', 'plan', ...wanted])).stdout).toMatch(/nothing to do/);
    const down = await run(['issuer', 'teardown', ...target, '--yes']);
    expect(down.stderr).toMatch(/delete-provider[\s\S]*delete-distribution/);
  });

  it('takes host names of your own', async () => {
    const own = [
      ...['--alias', 'oidc.example.com'],
      ...['--certificate-arn', 'arn:aws:acm:us-east-1:111122223333:certificate/1'],
    ];
    const applied = await run(['issuer', 'apply', ...wanted, ...own, '--yes']);
    expect(applied.stderr).toMatch(/oidc-provider\/oidc\.example\.com/);
    expect((await run(['issuer', 'plan', ...wanted, ...own])).stdout).toMatch(/nothing to do/);
  });
});
