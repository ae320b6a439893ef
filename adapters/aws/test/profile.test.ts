import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsClients, observeIssuer } from 'irsa-aws';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { spec } from './local-target.js';

let aws: LocalAws;
let folder: string;
beforeEach(async () => {
  aws = await startLocalAws();
  folder = await mkdtemp(join(tmpdir(), 'irsa-profile-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, aws.caPem);
  const { accessKeyId, secretAccessKey } = aws.administrator;
  const login = `ca_bundle = ${caFile}
aws_access_key_id = ${accessKeyId}
aws_secret_access_key = ${secretAccessKey}`;
  await writeFile(
    join(folder, 'config'),
    `[profile one]
endpoint_url = ${aws.endpoint}
${login}
[profile each]
services = local
${login}
[services local]
s3 =
  endpoint_url = ${aws.endpoint}
iam =
  endpoint_url = ${aws.endpoint}
[profile broken]
ca_bundle = /nowhere/ca.pem
`,
  );
  for (const name of Object.keys(process.env))
    if (/^AWS_|_PROXY$/i.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'none'));
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  await rm(folder, { recursive: true });
});

const services = (): unknown => [...new Set(aws.requests().map(({ service }) => service))].sort();

it.each(['one', 'each'])('a profile that is named gives its endpoints too: %s', async (profile) => {
  await observeIssuer({ spec, clients: await createAwsClients({ spec, profile }) });
  expect(services()).toEqual(['iam', 's3']);
});

it.each(['one', 'each'])('as does that of AWS_PROFILE: %s', async (profile) => {
  vi.stubEnv('AWS_PROFILE', profile);
  await observeIssuer({ spec, clients: await createAwsClients({ spec }) });
  expect(services()).toEqual(['iam', 's3']);
});

it('the environment is stronger than the profile', async () => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'https://127.0.0.1:1');
  const clients = await createAwsClients({ spec, profile: 'one' });
  await expect(observeIssuer({ spec, clients })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(aws.requests()).toEqual([]);
});

it('a bundle of the profile that cannot be read is named', async () => {
  await expect(createAwsClients({ spec, profile: 'broken' })).rejects.toThrow(
    'ca_bundle of the profile: expected a PEM file, /nowhere/ca.pem cannot be read',
  );
});
