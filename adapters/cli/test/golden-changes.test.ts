import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { fixtures, irsa, scratchFolder } from './test-io.js';

let aws: LocalAws;
let cwd: string;
/** Of the keys among the fixtures: these stay. */
let knownKids: string[] = [];
beforeEach(async () => {
  aws = await startLocalAws({ tls: false });
  for (const [name, value] of Object.entries(aws.env({ administrator: true })))
    vi.stubEnv(name, value);
  cwd = scratchFolder();
  for (const name of ['sa.pub', 'kube-apiserver-jwks.json', 'projected-token.jwt'])
    copyFileSync(join(fixtures, name), join(cwd, name));
  const { stdout } = await irsa([
    'keys',
    'inspect',
    'sa.pub',
    'kube-apiserver-jwks.json',
    '-o',
    'json',
  ]);
  knownKids = (JSON.parse(stdout) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
  // A second key that is always the same, so that what is printed is too.
  writeFileSync(join(cwd, 'next.jwks'), readFileSync(join(fixtures, 'kube-apiserver-jwks.json')));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const issuer = 'https://my-oidc.s3.us-west-2.amazonaws.com';
const target = [
  ...['--name', 'cluster-1', '--account-id', '111122223333', '--bucket', 'my-oidc'],
  ...['--region', 'us-west-2'],
];
const published = [...target, '--key', 'sa.pub', '--role', 's3-echoer=default/s3-echoer'];
/** What differs from run to run: fresh keys and certificates. */
const still = (text: string): string =>
  text
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, (kid) => (knownKids.includes(kid) ? kid : 'KID'))
    .replace(/("caBundle": ?)"[^"]+"/, '$1"BASE64"');

interface Options {
  readonly exitCode?: 0 | 1;
  /** Brings the world back to where it was, before the second and the third run. */
  readonly again?: () => Promise<unknown>;
  readonly fetch?: typeof globalThis.fetch;
}

/** Text, JSON, YAML and the messages of a command, each as a file that is compared. */
const golden = async (
  name: string,
  argv: readonly string[],
  { exitCode = 0, again, fetch }: Options = {},
): Promise<void> => {
  const io = { cwd, ...(fetch === undefined ? {} : { fetch }) };
  const text = await irsa(argv, io);
  expect([text.exitCode, text.stderr]).toEqual([exitCode, expect.anything()]);
  await expect(still(text.stdout)).toMatchFileSnapshot(`./golden/${name}.txt`);
  await expect(still(text.stderr)).toMatchFileSnapshot(`./golden/${name}.stderr.txt`);
  await again?.();
  const json = await irsa([...argv, '--output', 'json'], io);
  expect(json.exitCode).toBe(exitCode);
  await expect(still(json.stdout)).toMatchFileSnapshot(`./golden/${name}.json`);
  await again?.();
  const yaml = await irsa([...argv, '--output', 'yaml'], io);
  expect(still(JSON.stringify(parse(yaml.stdout)))).toEqual(
    still(JSON.stringify(JSON.parse(json.stdout))),
  );
};

const takeDown = async (): Promise<void> => {
  await irsa(['issuer', 'teardown', ...target, '--release-bucket-name', '--yes'], { cwd });
};
const elsewhere = async (): Promise<void> => {
  const { rmSync } = await import('node:fs');
  for (const folder of ['keys', 'certs', 'irsa'])
    rmSync(join(cwd, folder), { recursive: true, force: true });
};

describe('golden output of commands that change something', () => {
  it('keys and certs', async () => {
    await golden('keys-create-dry-run', ['keys', 'create', '--out', 'keys', '--dry-run']);
    await golden('certs-dry-run', ['certs', '--out', 'certs', '--dry-run']);
    await golden('keys-create', ['keys', 'create', '--out', 'keys'], { again: elsewhere });
    await golden('certs', ['certs', '--out', 'certs'], { again: elsewhere });
  });

  it('issuer plan, apply and teardown', async () => {
    await golden('issuer-plan', ['issuer', 'plan', ...published]);
    await golden('issuer-plan-diff', ['issuer', 'plan', ...published, '--diff']);
    await golden('issuer-apply-dry-run', ['issuer', 'apply', ...published, '--dry-run']);
    await golden('issuer-apply-unanswered', ['issuer', 'apply', ...published], { exitCode: 1 });
    await golden('issuer-apply', ['issuer', 'apply', ...target, '--key', 'sa.pub', '--yes'], {
      again: takeDown,
    });
    await irsa(['issuer', 'apply', ...published, '--yes'], { cwd });
    await golden('issuer-plan-nothing', ['issuer', 'plan', ...published]);
    const rotated = [...published, '--key', 'sa.pub', 'next.jwks', '--dry-run'];
    await golden('issuer-apply-rotation', ['issuer', 'apply', ...rotated]);
    await golden('issuer-teardown-dry-run', ['issuer', 'teardown', ...target, '--dry-run']);
    await golden('issuer-teardown', ['issuer', 'teardown', ...target, '--yes'], {
      again: () => irsa(['issuer', 'apply', ...published, '--yes'], { cwd }),
    });
  });

  it('issuer verify', async () => {
    await irsa(['issuer', 'apply', ...published, '--yes'], { cwd });
    const serve =
      (change: (body: string) => string): typeof globalThis.fetch =>
      (url) => {
        const key = (url as string).slice(issuer.length + 1);
        const body = new TextDecoder().decode(aws.readObject({ bucket: 'my-oidc', key }));
        const headers = { 'content-type': 'application/json' };
        return Promise.resolve(new Response(change(body), { headers }));
      };
    const argv = ['issuer', 'verify', issuer, '--key', 'sa.pub'];
    await golden('issuer-verify', argv, { fetch: serve((body) => body) });
    await golden('issuer-verify-slash', argv, {
      exitCode: 1,
      fetch: serve((body) => body.replace(`"issuer":"${issuer}"`, `"issuer":"${issuer}/"`)),
    });
  });

  it('rotate', async () => {
    writeFileSync(join(cwd, 'jwks.json'), (await irsa(['jwks', 'sa.pub'], { cwd })).stdout);
    const facts = ['--jwks', 'jwks.json', '--next-key', 'next.jwks'];
    const servers = [
      '--api-server',
      'cp-1=sa.pub:sa.pub@2026-01-01T00:00:00Z',
      'cp-2=sa.pub:sa.pub',
    ];
    await golden('rotate-status', ['rotate', 'status', ...facts, ...servers]);
    await golden('rotate-next', ['rotate', 'next', ...facts, ...servers]);
  });

  it('role create', async () => {
    const role = [
      ...['role', 'create', '--name', 'app', '--issuer', 'https://oidc.example.com'],
      ...['--account-id', '111122223333', '--service-account', 'default/app'],
    ];
    await golden('role-create-dry-run', [...role, '--dry-run']);
    await irsa([...role, '--yes'], { cwd });
    const more = role.map((word) => (word === 'default/app' ? 'default/other' : word));
    await golden('role-create', [...more, '--dry-run']);
  });

  it('up', async () => {
    const up = ['up', ...published.filter((word) => word !== '--key' && word !== 'sa.pub')];
    const rest = ['--for', 'kubeadm-v1beta4', '--image', 'registry.example.com/irsa-webhook:0.1.0'];
    await golden('up', [...up, ...rest, '--yes'], {
      again: async () => {
        await takeDown();
        await irsa(['issuer', 'apply', ...published, '--yes'], { cwd });
        await takeDown();
        await elsewhere();
      },
    });
  });

  it('doctor', async () => {
    const argv = ['doctor', '--token-file', 'projected-token.jwt', '--no-sts'];
    await golden('doctor', argv, { exitCode: 1 });
  });
});
