import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  clock,
  createMaterial,
  issuerUrl,
  startLocalIrsa,
  type LocalIrsa,
  type LocalIrsaOptions,
  type Material,
} from '../../../test/support/local-irsa.js';
import { localNetwork } from './local-network.js';
import { irsa, scratchFolder, type CliRun } from './test-io.js';

let material: Material;
let running: LocalIrsa | undefined;
beforeAll(async () => {
  material = await createMaterial();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const start = async (options?: LocalIrsaOptions): Promise<LocalIrsa> =>
  (running = await startLocalIrsa(material, options));

interface Access {
  readonly token?: string;
  readonly iam?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
}

/** Runs the doctor as inside a pod: with only the pod's environment, and IAM's keys where the test gives them. */
async function doctor(set: LocalIrsa, access: Access = {}): Promise<CliRun> {
  const folder = scratchFolder();
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, access.token ?? (await set.mint()));
  return irsa(['doctor', '--output', 'json', ...(access.argv ?? [])], {
    fetch: localNetwork(set),
    now: () => clock,
    env: {
      ...set.aws.env({ administrator: access.iam === true }),
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ROLE_ARN: set.roleArn,
      ...access.env,
    },
  });
}

interface Report {
  readonly verdict: string;
  readonly findings: readonly { readonly id: string; readonly severity: string }[];
  readonly notLookedAt: readonly { readonly what: string }[];
  readonly stsError?: { readonly code: string };
}
const report = ({ stdout }: CliRun): Report => JSON.parse(stdout) as Report;
const errors = (run: CliRun): string[] =>
  report(run)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ id }) => id);

describe('irsa doctor from inside a pod', () => {
  it('finds nothing wrong with a healthy set-up', async () => {
    const run = await doctor(await start(), { iam: true });
    expect(report(run)).toEqual({ verdict: 'ok', findings: [], notLookedAt: [] });
    expect(run.exitCode).toBe(0);
  });

  it('works without AWS access, and says what it could not look at', async () => {
    const set = await start();
    const run = await doctor(set);
    expect(report(run)).toMatchObject({ verdict: 'ok', findings: [] });
    expect(report(run).notLookedAt.map(({ what }) => what)).toEqual(['IAM']);
    expect(run.exitCode).toBe(0);
    const blind = await doctor(set, { argv: ['--no-sts'] });
    expect(report(blind).verdict).toBe('unknown');
    expect(report(blind).findings.map(({ id }) => id)).toEqual([
      'unknown-provider',
      'unknown-role',
    ]);
    expect(report(blind).notLookedAt.map(({ what }) => what)).toEqual(['IAM', 'STS itself']);
  });

  it('knows STS’s words where it may not look into IAM', async () => {
    const missing = await doctor(await start({ provider: null }));
    expect(errors(missing)).toEqual(['provider-missing']);
    await running?.close();
    expect(report(missing).stsError?.code).toBe('InvalidIdentityToken');
    const denied = await doctor(await start({ role: null }));
    expect(errors(denied)).toEqual(['sts-denied-unexplained']);
    expect(denied.stdout).toContain(
      'oidc.irsa.test/cluster-1:sub = system:serviceaccount:default:s3-echoer',
    );
  });

  it('does not judge the role’s account by another one', async () => {
    const set = await start();
    const role = { AWS_ROLE_ARN: 'arn:aws:iam::999999999999:role/s3-echoer' };
    const run = await doctor(set, { iam: true, env: role, argv: ['--no-sts'] });
    expect(report(run).findings.map(({ id }) => id)).toEqual(['unknown-provider', 'unknown-role']);
    expect(run.stdout).toContain('the credentials are of account 111122223333');
  });

  it('reads the issuer as a stranger: a 403 is seen although IAM is in reach', async () => {
    const set = await start();
    set.issuer.setFault({ kind: 'status', status: 403 });
    const run = await doctor(set, { iam: true });
    expect(errors(run)).toEqual(['issuer-forbidden']);
    expect(run.stdout).toContain('AccessDenied');
    expect(run.exitCode).toBe(1);
  });

  it.each<readonly [string, LocalIrsaOptions]>([
    ['provider-missing', { provider: null }],
    ['provider-trailing-slash', { provider: { url: `${issuerUrl}/` } }],
    ['provider-audience-missing', { provider: { audiences: ['amazonaws.com'] } }],
    ['role-missing', { role: null }],
  ])('%s', async (id, options) => {
    const run = await doctor(await start(options), { iam: true });
    expect(errors(run)[0]).toBe(id);
  });

  it('sees a key that is not published, an expired token, and a token that is none', async () => {
    const set = await start();
    const rotated = await set.mint({ privateKeyPem: material.other.privateKeyPem });
    expect(errors(await doctor(set, { iam: true, token: rotated }))).toEqual(['jwks-key-missing']);
    const old = await set.mint({ now: new Date(clock.getTime() - 200_000_000) });
    expect(errors(await doctor(set, { iam: true, token: old }))).toEqual(['token-expired']);
    expect(errors(await doctor(set, { iam: true, token: 'hello' }))).toEqual(['token-not-a-jwt']);
  });

  it('tells STS’s own answer where no fact explains it', async () => {
    const set = await start();
    set.aws.setFault({
      kind: 'error',
      code: 'RegionDisabledException',
      status: 403,
      operation: 'AssumeRoleWithWebIdentity',
    });
    const run = await doctor(set, { iam: true });
    expect(errors(run)).toEqual(['sts-region-disabled']);
    expect(report(run).stsError?.code).toBe('RegionDisabledException');
  });

  it('never asks STS with --no-sts, and never prints a signature', async () => {
    const set = await start();
    const token = await set.mint({ serviceAccount: 'other' });
    const run = await doctor(set, { iam: true, token, argv: ['--no-sts'] });
    expect(errors(run)).toEqual(['trust-subject-name']);
    expect(set.aws.requests().filter(({ service }) => service === 'sts')).toEqual([]);
    const shown = await doctor(set, { iam: true, token });
    expect(shown.stdout).not.toContain(token.split('.')[2]);
  });
});

describe('irsa doctor --duration-seconds', () => {
  it('asks STS for that session, and says where it is too long', async () => {
    const set = await start();
    const run = await doctor(set, { iam: true, argv: ['--duration-seconds', '7200'] });
    expect(errors(run)).toEqual(['role-max-session']);
    expect(report(run).stsError?.code).toBe('ValidationError');
    const [asked] = set.aws.requests().filter(({ service }) => service === 'sts');
    expect(asked?.errorCode).toBe('ValidationError');
    const short = await doctor(set, { iam: true, argv: ['--duration-seconds', '900'] });
    expect(report(short).verdict).toBe('ok');
  });
});

describe('irsa doctor for people', () => {
  it('says what is wrong, what was seen, what to do, and what it did not look at', async () => {
    const set = await start();
    const token = await set.mint({ namespace: 'production' });
    const folder = scratchFolder();
    writeFileSync(join(folder, 'token'), token);
    const { exitCode, stdout } = await irsa(['doctor', '--token-file', 'token', '--no-sts'], {
      cwd: folder,
      fetch: localNetwork(set),
      now: () => clock,
      env: { ...set.aws.env({ administrator: true }), AWS_ROLE_ARN: set.roleArn },
    });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^refused\nSTS: AccessDenied: Not authorized/);
    expect(stdout).toContain('error trust-subject-namespace: The trust policy is for');
    expect(stdout).toMatch(/seen: .*system:serviceaccount:production:s3-echoer/);
    expect(stdout).toMatch(/do: {3}Name the pod’s namespace/);
    expect(stdout).toContain('not looked at: STS itself (--no-sts)');
  });
});

describe('irsa doctor, AWS asked by way of the shared files', () => {
  const filesOf = (set: LocalIrsa): string => {
    const folder = scratchFolder();
    const { accessKeyId, secretAccessKey } = set.aws.administrator;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(join(folder, 'config'), `[default]\n${keys}[profile region-only]\nregion = x\n`);
    writeFileSync(join(folder, 'credentials'), `[operator]\n${keys}`);
    return folder;
  };
  const none = '/nowhere/at/all';
  it.each<readonly [string, (folder: string) => Record<string, string>]>([
    [
      'AWS_CONFIG_FILE',
      (folder) => ({
        AWS_CONFIG_FILE: join(folder, 'config'),
        AWS_SHARED_CREDENTIALS_FILE: none,
      }),
    ],
    [
      'AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE',
      (folder) => ({
        AWS_CONFIG_FILE: none,
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
        AWS_PROFILE: 'operator',
      }),
    ],
  ])('%s', async (_, envOf) => {
    const set = await start();
    const run = await doctor(set, { env: { HOME: none, ...envOf(filesOf(set)) } });
    expect(report(run)).toEqual({ verdict: 'ok', findings: [], notLookedAt: [] });
    expect(set.aws.requests().map(({ operation }) => operation)).toContain('GetRole');
  });

  it('asks nobody where the files are named and not there, whatever lies in the home folder', async () => {
    const set = await start();
    const home = scratchFolder();
    mkdirSync(join(home, '.aws'));
    writeFileSync(join(home, '.aws', 'config'), '[default]\nregion = us-west-2\n');
    const env = { HOME: home, AWS_CONFIG_FILE: none, AWS_SHARED_CREDENTIALS_FILE: none };
    expect(report(await doctor(set, { env })).notLookedAt).toEqual([
      { what: 'IAM', why: expect.stringContaining('no AWS credentials') as string },
    ]);
  });

  it('says so where the profile has no keys, and does not ask as the pod or the node', async () => {
    const set = await start();
    const env = {
      HOME: none,
      AWS_CONFIG_FILE: join(filesOf(set), 'config'),
      AWS_PROFILE: 'region-only',
    };
    const { notLookedAt } = report(await doctor(set, { env }));
    expect(new Set(notLookedAt)).toEqual(
      new Set([
        { what: 'the IAM OIDC provider', why: 'CredentialsProviderError' },
        { what: 'the role', why: 'CredentialsProviderError' },
      ]),
    );
    expect(set.aws.requests().filter(({ service }) => service === 'iam')).toEqual([]);
  });
});

describe('irsa doctor, wrongly called', () => {
  it.each<readonly [string[], RegExp]>([
    [[], /nothing to look at/],
    [['--pod', 'x'], /--pod: expected NAMESPACE\/NAME/],
    [['--token-file', 'not-there'], /cannot be read/],
    [
      ['--token-file', 'x', '--duration-seconds', 'an hour'],
      /--duration-seconds: expected a number/,
    ],
  ])('%j', async (argv, message) => {
    const { exitCode, stderr } = await irsa(['doctor', ...argv]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
  });
});
