import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { generateSigningKey } from 'irsa/oidc';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  fencesInPages,
  javascriptOf,
  repository,
  typeErrorsOf,
} from '../../../test/support/doc-fences.js';

const fences = fencesInPages('adapters/aws/README.md');
// Inside the repository, so that the published specifiers resolve to the built packages.
const modules = join(repository, 'node_modules/.cache/irsa-aws-readme');
let folder = '';
let aws: LocalAws;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-aws-readme-'));
  mkdirSync(modules, { recursive: true });
  writeFileSync(join(modules, 'publish.mjs'), javascriptOf(fences[0]!));
  writeFileSync(join(folder, 'sa.pub'), (await generateSigningKey()).publicKeyPem);
  aws = await startLocalAws({ region: 'eu-west-1' });
  writeFileSync(join(folder, 'ca.pem'), aws.caPem);
});
afterAll(async () => {
  await aws.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the printed program as a user would: a process of its own, AWS from the environment. */
const publish = async (): Promise<string> => {
  const child = spawn(process.execPath, [join(modules, 'publish.mjs')], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      NODE_NO_WARNINGS: '1',
      ...aws.env({ caFile: join(folder, 'ca.pem'), administrator: true }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors).toBe('');
  return output;
};

it('publishes in one minute as the README prints it, and has nothing to do the second time', async () => {
  expect(fences).toHaveLength(1);
  expect(typeErrorsOf(fences)).toEqual([]);
  const lines = (await publish()).trim().split('\n');
  expect(lines[0]).toBe('create-bucket s3://my-oidc - the bucket does not exist');
  expect(lines.at(-1)).toBe('create-role s3-echoer - the role does not exist');
  expect(aws.readObject({ bucket: 'my-oidc', key: 'openid/v1/jwks' })).toBeDefined();
  expect(await publish()).toBe('');
});
