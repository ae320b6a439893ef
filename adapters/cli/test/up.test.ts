import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { upTargets } from '../src/commands/up.js';
import { irsa, scratchFolder } from './test-io.js';

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws({ tls: false });
  for (const [name, value] of Object.entries(aws.env({ administrator: true })))
    vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const up = [
  ...['up', '--name', 'cluster-1', '--account-id', '111122223333', '--bucket', 'my-oidc'],
  ...['--region', 'us-west-2', '--for', 'kubeadm-v1beta4', '--role', 's3-echoer=default/s3-echoer'],
  ...['--image', 'registry.example.com/irsa-webhook:0.1.0'],
];

const intoFolder = [
  ...['up', '--name', 'c1', '--directory', 'www', '--issuer', 'https://oidc.example.com'],
  ...['--image', 'registry.example.com/irsa-webhook:0.1.0', '--yes'],
];

describe('irsa up', () => {
  it('into a folder refuses roles of no account, which nobody would create', async () => {
    const cwd = scratchFolder();
    const { exitCode, stderr } = await irsa(
      [...intoFolder, '--role', 's3-echoer=default/s3-echoer'],
      { cwd },
    );
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^irsa: --role: needs --account-id/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('asks at each step, stops at a no, and goes on from there', async () => {
    const cwd = scratchFolder();
    const questions: string[] = [];
    const first = await irsa(up, {
      cwd,
      confirm: (question) => Promise.resolve(questions.push(question) <= 2),
    });
    expect(first.exitCode).toBe(1);
    expect(first.stdout).toMatch(/done +keys\ndone +issuer\ndeclined +apiserver\nstopped/);
    expect(questions).toEqual([
      'Make a signing key in irsa?',
      'Make these changes?',
      'Write irsa/apiserver/kubeadm-config.yaml?',
    ]);
    const key = readFileSync(join(cwd, 'irsa/sa.key'), 'utf8');

    const second = await irsa([...up, '--yes', '-o', 'json'], { cwd });
    expect(second.exitCode).toBe(0);
    expect(JSON.parse(second.stdout)).toEqual({
      finished: true,
      steps: [
        { id: 'keys', outcome: 'kept' },
        { id: 'issuer', outcome: 'kept' },
        { id: 'apiserver', outcome: 'done' },
        { id: 'webhook', outcome: 'done' },
        { id: 'workload', outcome: 'done' },
      ],
    });
    expect(readFileSync(join(cwd, 'irsa/sa.key'), 'utf8')).toBe(key);
    const settings = readFileSync(join(cwd, 'irsa/apiserver/kubeadm-config.yaml'), 'utf8');
    expect(settings).toMatch(/service-account-issuer\n +value: https:\/\/my-oidc\.s3\.us-west-2/);
    expect(readFileSync(join(cwd, 'irsa/workload.yaml'), 'utf8')).toContain(
      'arn:aws:iam::111122223333:role/s3-echoer',
    );

    const third = await irsa([...up, '--yes'], { cwd });
    expect(third.stdout).not.toMatch(/done|declined/);
  });

  it('goes on after a run that ended between the halves of the key', async () => {
    const cwd = scratchFolder();
    await irsa(['keys', 'create', '--out', 'irsa'], { cwd });
    const publicKey = readFileSync(join(cwd, 'irsa/sa.pub'), 'utf8');
    rmSync(join(cwd, 'irsa/sa.pub'));
    const run = await irsa([...up, '--yes'], { cwd });
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^done +keys/) as string,
    });
    expect(readFileSync(join(cwd, 'irsa/sa.pub'), 'utf8')).toBe(publicKey);

    rmSync(join(cwd, 'irsa/sa.key'));
    const lost = await irsa([...up, '--yes'], { cwd });
    expect(lost).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('restore irsa/sa.key') as string,
    });
  });

  it('does nothing with --dry-run, and shows what it would do', async () => {
    const cwd = scratchFolder();
    const early = await irsa([...up, '--dry-run'], { cwd });
    expect(early).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('nothing was done') as string,
    });
    expect(readdirSync(cwd)).toEqual([]);
    await irsa(['keys', 'create', '--out', 'irsa'], { cwd });
    const plan = await irsa([...up, '--dry-run'], { cwd });
    expect(plan.stdout).toMatch(/^kept +keys\nplanned +issuer\nplanned +apiserver/);
    expect(plan.stderr).toMatch(/1\. create-bucket[\s\S]*\+ kind: Deployment/);
    expect(readdirSync(join(cwd, 'irsa')).sort()).toEqual(['sa.key', 'sa.pub']);
    expect(aws.requests().filter(({ operation }) => /^(?:Put|Create)/.test(operation))).toEqual([]);
  });

  it('keeps a file that a person has changed, unless that person says otherwise', async () => {
    const cwd = scratchFolder();
    await irsa([...up, '--yes'], { cwd });
    const file = join(cwd, 'irsa/webhook.yaml');
    const written = readFileSync(file, 'utf8');
    writeFileSync(file, `${written}# by hand\n`);
    const unasked = await irsa([...up, '--yes'], { cwd });
    expect(unasked.stderr).toMatch(/note: irsa\/webhook\.yaml differs .* remove it/);
    expect(readFileSync(file, 'utf8')).toContain('# by hand');
    const asked = await irsa(up, {
      cwd,
      confirm: (question) => Promise.resolve(question === 'Replace irsa/webhook.yaml?'),
    });
    expect(asked).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('- # by hand') as string,
    });
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  it.each([
    [['--for', 'minikube'], /Allowed choices/],
    [['--role', 'a=b'], /--role: expected NAMESPACE\/NAME/],
    [['--account-id', '1111'], /12 digits/],
    [['--alias', 'oidc.example.com'], /go together/],
    [['--directory', 'www'], /stands in for --bucket/],
  ])('refuses %j before it makes a key', async (more, message) => {
    const cwd = scratchFolder();
    const { exitCode, stderr } = await irsa([...up, ...more, '--yes'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(message);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.each(upTargets)(
    'writes the files of %s under the names that they must have',
    async (target) => {
      const cwd = scratchFolder();
      const run = await irsa([...up, '--for', target, '--yes', '-o', 'json'], { cwd });
      expect(run).toMatchObject({ exitCode: 0 });
      const found = readdirSync(join(cwd, 'irsa/apiserver'), {
        recursive: true,
        withFileTypes: true,
      }).filter((entry) => entry.isFile());
      expect(found.length).toBeGreaterThan(0);
      for (const { name, parentPath } of found) {
        const path = join(parentPath, name);
        const secret = readFileSync(path, 'utf8').includes('PRIVATE KEY');
        expect([name, statSync(path).mode & 0o777]).toEqual([name, secret ? 0o600 : 0o644]);
      }
    },
  );
});
