import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { commandTable } from '../src/command-table.js';
import { fixture, irsa } from './test-io.js';

const issuer = 'https://oidc.example.com';
const binding = [
  '--issuer',
  issuer,
  '--account-id',
  '111122223333',
  '--service-account',
  'default/app',
];

/** Each command line, run in the folder of the fixtures, and the exit code that it must have. */
type Run = [name: string, argv: readonly string[], exitCode: 0 | 1, stdin?: string];
const runs: readonly Run[] = [
  ['keys-inspect', ['keys', 'inspect', 'sa.pub', 'kube-apiserver-jwks.json'], 0],
  ['jwks', ['jwks', 'sa.pub'], 0],
  ['jwks-stdin', ['jwks'], 0, fixture('sa.pub')],
  ['jwks-legacy', ['jwks', 'sa.pub', '--legacy-empty-kid'], 0],
  ['apiserver-config', ['apiserver-config', '--for', 'kubeadm-v1beta4', '--issuer', issuer], 0],
  ['apiserver-config-flags', ['apiserver-config', '--for', 'flags', '--issuer', issuer], 0],
  ['trust-policy-build', ['trust-policy', 'build', ...binding], 0],
  ['trust-policy-bind', ['trust-policy', 'bind', 'trust.json', ...binding], 0],
  ['trust-policy-bind-dry-run', ['trust-policy', 'bind', 'trust.json', ...binding, '--dry-run'], 0],
  ['trust-policy-unbind', ['trust-policy', 'unbind', 'trust.json', ...binding], 0],
  ['trust-policy-check', ['trust-policy', 'check', 'trust.json'], 1],
  ['trust-policy-check-account', ['trust-policy', 'check', 'trust.json', ...binding], 1],
  ['manifests', ['manifests', '--image', 'registry.example.com/irsa-webhook:0.1.0'], 0],
  ['mutate', ['mutate', 'pod.yaml', '--region', 'eu-west-1'], 0],
  ['mutate-patch', ['mutate', 'pod.yaml', '--show', 'patch'], 0],
  ['audit', ['audit', 'pod.yaml'], 1],
  ['audit-fine', ['audit', 'mutated.yaml'], 0],
  ['token-inspect', ['token', 'inspect', 'projected-token.jwt'], 0],
  [
    'token-verify',
    ['token', 'verify', 'projected-token.jwt', '--jwks', 'kube-apiserver-jwks.json'],
    1,
  ],
  ['certs-inspect', ['certs', '--inspect', 'tls.crt'], 0],
];

describe('golden output', () => {
  it('is kept of every command', () => {
    const elsewhere = readFileSync(new URL('./golden-changes.test.ts', import.meta.url), 'utf8');
    for (const { path } of commandTable) {
      const name = path.join('-');
      const here = runs.some(([, argv]) => path.every((word, index) => argv[index] === word));
      expect(here || elsewhere.includes(`golden('${name}`), name).toBe(true);
    }
  });

  it.each<Run>([...runs])('%s', async (...[name, argv, exitCode, stdin]) => {
    const text = await irsa(argv, { ...(stdin === undefined ? {} : { stdin }) });
    expect(text.exitCode).toBe(exitCode);
    await expect(text.stdout).toMatchFileSnapshot(`./golden/${name}.txt`);
    await expect(text.stderr).toMatchFileSnapshot(`./golden/${name}.stderr.txt`);

    const json = await irsa([...argv, '--output', 'json'], {
      ...(stdin === undefined ? {} : { stdin }),
    });
    expect(json.exitCode).toBe(exitCode);
    await expect(json.stdout).toMatchFileSnapshot(`./golden/${name}.json`);

    const yaml = await irsa([...argv, '-o', 'yaml'], { ...(stdin === undefined ? {} : { stdin }) });
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });
});
