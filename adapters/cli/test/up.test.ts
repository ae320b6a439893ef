import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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

describe('irsa up', () => {
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
      'Write irsa/apiserver?',
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
    const settings = readFileSync(join(cwd, 'irsa/apiserver'), 'utf8');
    expect(settings).toMatch(/service-account-issuer\n +value: https:\/\/my-oidc\.s3\.us-west-2/);
    expect(readFileSync(join(cwd, 'irsa/workload.yaml'), 'utf8')).toContain(
      'arn:aws:iam::111122223333:role/s3-echoer',
    );

    const third = await irsa([...up, '--yes'], { cwd });
    expect(third.stdout).not.toMatch(/done|declined/);
  });
});
