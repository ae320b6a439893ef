import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixture, irsa, scratchFolder } from './test-io.js';

let aws: LocalAws;
beforeEach(async () => {
  // Plain http, because the SDK inside this process would need NODE_EXTRA_CA_CERTS from its start.
  aws = await startLocalAws({ tls: false });
  const { accessKeyId, secretAccessKey } = aws.administrator;
  vi.stubEnv('AWS_ENDPOINT_URL', aws.endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const common = [
  '--name',
  'cluster-1',
  '--account-id',
  '111122223333',
  '--bucket',
  'my-oidc',
  '--region',
  'us-west-2',
];
const wanted = [...common, '--key', 'sa.pub', '--role', 's3-echoer=default/s3-echoer'];

describe('irsa issuer, on a local AWS', () => {
  it('plans, asks, applies, finds nothing more to do, and takes it down again', async () => {
    const plan = await irsa(['issuer', 'plan', ...wanted]);
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    expect(plan.stdout).toMatch(/1\. create-bucket[\s\S]*create-provider[\s\S]*create-role/);
    expect(plan.stdout).toMatch(/why: {2}\S[\s\S]*risk: \S[\s\S]*undo: \S/);

    // Nobody answers: nothing happens, and the exit code says so.
    const unanswered = await irsa(['issuer', 'apply', ...wanted]);
    expect(unanswered.exitCode).toBe(1);
    expect(unanswered.stdout).toMatch(/nothing was changed/);
    const dry = await irsa(['issuer', 'apply', ...wanted, '--dry-run']);
    expect(dry.stdout).toMatch(/^\+ .*Federated/m);

    const questions: string[] = [];
    const applied = await irsa(['issuer', 'apply', ...wanted, '-o', 'json'], {
      confirm: (question) => Promise.resolve(questions.push(question) === 1),
    });
    expect(applied.exitCode).toBe(0);
    expect(questions).toEqual(['Make these changes?']);
    expect(applied.stderr).toMatch(/\[1\/\d+\] create-bucket/);
    const { changes, applied: done } = JSON.parse(applied.stdout) as {
      changes: unknown[];
      applied: unknown[];
    };
    expect(done).toHaveLength(changes.length);

    const again = await irsa(['issuer', 'plan', ...wanted]);
    expect(again.stdout).toBe('nothing to do: everything is as it should be\n');

    const down = await irsa(['issuer', 'teardown', ...common, '--yes']);
    expect(down.exitCode).toBe(0);
    expect(down.stderr).toMatch(/delete-provider/);
    expect(down.stderr).not.toMatch(/delete-bucket \d/);
    const downAgain = await irsa(['issuer', 'teardown', ...common, '--dry-run']);
    expect(downAgain.stdout).toMatch(/nothing to do/);
  });

  it('says what AWS refuses, in one line', async () => {
    await aws.close();
    const { exitCode, stderr } = await irsa(['issuer', 'plan', ...wanted]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^irsa: .*\n$/);
  }, 60_000);
});

describe('irsa issuer teardown, of a bucket that lost its tag', () => {
  it('says what it leaves, why, and what to do, and ends with 1', async () => {
    const { DeleteBucketTaggingCommand, S3Client } = await import('@aws-sdk/client-s3');
    await irsa(['issuer', 'apply', ...wanted, '--yes']);
    const s3 = new S3Client({ region: 'us-west-2', forcePathStyle: true });
    await s3.send(new DeleteBucketTaggingCommand({ Bucket: 'my-oidc' }));

    const dry = await irsa(['issuer', 'teardown', ...common, '--dry-run']);
    const told =
      /^warning teardown-bucket-untagged: s3:\/\/my-oidc is left as it is.*\n {2}seen: .*\n {2}do: {3}.*adopt/m;
    expect(dry).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(told) as string });
    const down = await irsa(['issuer', 'teardown', ...common, '--yes']);
    expect(down).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(told) as string });
    expect(down.stdout).toMatch(/^2 of 2 changes made$/m);

    const again = await irsa(['issuer', 'teardown', ...common, '--yes', '-o', 'json']);
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      changes: [],
      left: [{ id: 'teardown-bucket-untagged', severity: 'warning' }],
    });
    expect((await irsa(['issuer', 'teardown', ...common])).stdout).not.toMatch(/as it should be/);
    expect(aws.readObject({ bucket: 'my-oidc', key: 'openid/v1/jwks' })).toBeDefined();

    const adopted = await irsa(['issuer', 'teardown', ...common, '--adopt', '--yes']);
    expect(adopted.exitCode).toBe(0);
    expect(aws.readObject({ bucket: 'my-oidc', key: 'openid/v1/jwks' })).toBeUndefined();
  });
});

describe('irsa role create, on a local AWS', () => {
  const role = [
    ...['role', 'create', '--name', 'app', '--issuer', 'https://oidc.example.com'],
    ...['--account-id', '111122223333', '--service-account', 'default/app', '--yes'],
  ];
  it('creates a role, and adds another account to it', async () => {
    expect((await irsa(role)).stdout).toBe('1 of 1 changes made\n');
    expect((await irsa(role)).stdout).toMatch(/nothing to do/);
    const more = role.map((word) => (word === 'default/app' ? 'default/other' : word));
    const changed = await irsa([...more, '--dry-run']);
    expect(changed.stdout).toMatch(/^\+ .*system:serviceaccount:default:other/m);
  });
});

describe('irsa issuer, on a server that is not AWS’s', () => {
  const issuer = 'https://objects.example.com/my-oidc';
  const store = [
    ...['--name', 'cluster-1', '--bucket', 'my-oidc', '--region', 'us-west-2'],
    ...['--s3-compatible', '--issuer', issuer],
  ];
  beforeEach(() => {
    vi.stubEnv('AWS_ENDPOINT_URL', undefined);
    vi.stubEnv('AWS_ENDPOINT_URL_S3', aws.endpoint);
    // It lacks a part of S3, as such servers do.
    const notImplemented = { kind: 'error', code: 'NotImplemented', status: 501 } as const;
    aws.setFault([
      { ...notImplemented, operation: 'GetBucketOwnershipControls' },
      { ...notImplemented, operation: 'PutBucketOwnershipControls' },
    ]);
  });

  it('publishes and takes down with nobody’s account, and leaves IAM alone', async () => {
    const applied = await irsa(['issuer', 'apply', ...store, '--key', 'sa.pub', '--yes']);
    expect(applied).toMatchObject({ exitCode: 0 });
    expect(applied.stdout).toMatch(
      /^left out: set-bucket-ownership:s3:\/\/my-oidc: .*NotImplemented$/m,
    );
    const published = aws.readObject({
      bucket: 'my-oidc',
      key: '.well-known/openid-configuration',
    });
    expect(JSON.parse(new TextDecoder().decode(published))).toMatchObject({ issuer });
    const again = await irsa(['issuer', 'plan', ...store, '--key', 'sa.pub']);
    expect(again.stdout).toBe('nothing to do: everything is as it should be\n');
    const down = await irsa(['issuer', 'teardown', ...store, '--yes']);
    expect(down).toMatchObject({ exitCode: 0 });
    expect(aws.readObject({ bucket: 'my-oidc', key: 'openid/v1/jwks' })).toBeUndefined();
    expect(new Set(aws.requests().map(({ service }) => service))).toEqual(new Set(['s3']));
  });

  it.each<readonly [string[], RegExp]>([
    [[...store, '--account-id', '111122223333'], /expected --account-id.*or --s3-compatible/],
    [store.slice(0, -2), /--s3-compatible: needs --issuer/],
    [[...store, '--role', 'a=b/c'], /--role: needs --account-id/],
    [[...store, '--role', 'a=b/c', '--account-id', '111122223333'], /expected --account-id/],
  ])('%j is refused before anything is done', async (argv, message) => {
    const { exitCode, stderr } = await irsa(['issuer', 'apply', ...argv, '--key', 'sa.pub']);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(aws.requests()).toEqual([]);
  });
});

describe('irsa issuer, into a folder', () => {
  it('publishes without any AWS, and a stranger reads it as AWS must', async () => {
    const issuer = 'https://oidc.example.com';
    const directory = join(scratchFolder(), 'www');
    const target = ['--name', 'c1', '--directory', directory, '--issuer', issuer];
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    const run = await irsa(['issuer', 'apply', ...target, '--key', 'sa.pub', '--yes']);
    expect(run.exitCode).toBe(0);
    const jwks = readFileSync(join(directory, 'openid/v1/jwks'), 'utf8');
    expect(JSON.parse(jwks)).toEqual(JSON.parse((await irsa(['jwks', 'sa.pub'])).stdout));

    const serve = (broken: boolean) => (url: string | URL | Request) => {
      const path = (url as string).slice(issuer.length + 1);
      const body = readFileSync(join(directory, path), 'utf8');
      return Promise.resolve(
        new Response(broken ? body.replace(`"${issuer}"`, `"${issuer}/"`) : body, {
          headers: { 'content-type': 'application/json' },
        }),
      );
    };
    const good = await irsa(['issuer', 'verify', issuer, '--key', 'sa.pub'], {
      fetch: serve(false),
    });
    expect(good.exitCode).toBe(0);
    expect(good.stdout).toMatch(/a stranger reads it as AWS must/);
    const slash = await irsa(['issuer', 'verify', issuer], { fetch: serve(true) });
    expect(slash.exitCode).toBe(1);
    expect(slash.stdout).toMatch(/^error issuer/m);
  });
});

describe('irsa issuer, into a folder of others', () => {
  it('names the folder as the command line does, in text, JSON and refusals', async () => {
    const cwd = scratchFolder();
    const { mkdirSync, rmSync, writeFileSync } = await import('node:fs');
    const key = join(cwd, 'sa.pub');
    writeFileSync(key, fixture('sa.pub'));
    const target = ['--name', 'c1', '--directory', 'www', '--issuer', 'https://oidc.example.com'];
    const apply = ['issuer', 'apply', ...target, '--key', 'sa.pub', '--yes'];
    const planned = await irsa([...apply, '--dry-run', '-o', 'json'], { cwd });
    const { changes } = JSON.parse(planned.stdout) as {
      changes: readonly { id: string; resource: string }[];
    };
    expect(changes.map(({ id, resource }) => [id, resource])).toEqual([
      ['put-object:www/openid/v1/jwks', 'www/openid/v1/jwks'],
      ['put-object:www/.well-known/openid-configuration', 'www/.well-known/openid-configuration'],
    ]);
    mkdirSync(join(cwd, 'www/openid/v1'), { recursive: true });
    writeFileSync(join(cwd, 'www/openid/v1/jwks'), 'theirs');
    const refused = await irsa(apply, { cwd });
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/www\/openid\/v1\/jwks was not published by us/) as string,
    });
    expect(refused.stderr).not.toContain('s3:');

    rmSync(join(cwd, 'www'), { recursive: true });
    expect((await irsa(apply, { cwd })).exitCode).toBe(0);
    rmSync(join(cwd, 'www/.irsa-issuer.json'));
    const down = await irsa(['issuer', 'teardown', ...target, '--yes', '-o', 'json'], { cwd });
    expect(down.exitCode).toBe(1);
    expect(JSON.parse(down.stdout)).toMatchObject({
      left: [
        {
          id: 'teardown-document-unmarked',
          evidence: 'www/.well-known/openid-configuration, www/openid/v1/jwks',
        },
      ],
    });
    expect(down.stdout).not.toContain('s3:');
  });
});

describe('irsa issuer, into what is no folder', () => {
  it('says what to do', async () => {
    const target = [
      '--name',
      'c1',
      '--issuer',
      'https://oidc.example.com',
      '--directory',
      'sa.pub',
    ];
    const run = await irsa(['issuer', 'apply', ...target, '--key', 'sa.pub', '--yes']);
    expect(run).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^irsa: ENOTDIR: .*; name a folder that you may read and write\n$/,
      ) as string,
    });
  });
});

describe('irsa rotate', () => {
  const servers = ['--api-server', 'cp-1=sa.pub:sa.pub@2026-01-01T00:00:00Z', 'cp-2=sa.pub:sa.pub'];
  const jwks = async (cwd: string): Promise<void> => {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(cwd, 'jwks.json'), (await irsa(['jwks', 'sa.pub'])).stdout);
    writeFileSync(join(cwd, 'sa.pub'), fixture('sa.pub'));
    await irsa(['keys', 'create', '--name', 'next'], { cwd });
  };

  it('tells where each key stands, and the next step', async () => {
    const cwd = scratchFolder();
    await jwks(cwd);
    const options = ['--jwks', 'jwks.json', '--next-key', 'next.pub', ...servers];
    const status = await irsa(['rotate', 'status', ...options], { cwd });
    expect(status).toMatchObject({ exitCode: 0, stderr: '' });
    expect(status.stdout).toMatch(/yes +cp-1,cp-2 +cp-1,cp-2/);
    expect(status.stdout).toMatch(/no +- +-/);
    const next = await irsa(['rotate', 'next', ...options, '-o', 'json'], { cwd });
    expect(next.exitCode).toBe(0);
    const plan = JSON.parse(next.stdout) as { step: string; jwks: { keys: unknown[] } };
    expect(plan.step).toMatch(/publish/);
    expect(plan.jwks.keys).toHaveLength(2);
    const words = await irsa(['rotate', 'next', ...options], { cwd });
    expect(words.stdout).toMatch(/^publish\S*: now\n[\s\S]*why/);
  });

  it('refuses facts that it cannot read', async () => {
    const bad = await irsa([
      'rotate',
      'next',
      '--jwks',
      'kube-apiserver-jwks.json',
      '--api-server',
      'cp-1',
    ]);
    expect(bad.exitCode).toBe(2);
    const noKeys = await irsa(['rotate', 'next', ...servers]);
    expect(noKeys.exitCode).toBe(2);
    expect(noKeys.stderr).toMatch(/--issuer or --jwks/);
  });
});
