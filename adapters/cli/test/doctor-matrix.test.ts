import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  brokenSetUps,
  doublyBrokenSetUps,
  dubiousSetUps,
  type ApiServerSetUp,
  type BrokenSetUp,
} from '../../../test/diagnose/broken-set-ups.js';
import { apiServerDocuments, buildSetUp } from '../../../test/support/build-set-up.js';
import { clock, createMaterial, type Material } from '../../../test/support/local-irsa.js';
import { startApiServer } from '../../../test/support/start-api-server.js';
import { localNetwork } from './local-network.js';
import { irsa, scratchFolder } from './test-io.js';

let material: Material;
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  material = await createMaterial();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

interface Report {
  readonly verdict: string;
  readonly findings: readonly { readonly id: string; readonly severity: string }[];
  readonly notLookedAt: readonly { readonly what: string }[];
  readonly stsError?: { readonly code: string; readonly message: string };
}

/** Runs the command as inside the pod of the set-up, with an operator's keys for IAM. */
async function doctor(
  broken: BrokenSetUp,
): Promise<Report & { readonly printed: string; readonly token: string }> {
  const { running, token } = await buildSetUp(material, broken, 5000);
  open.push(running);
  const folder = scratchFolder();
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const { RoleArn, RoleSessionName, DurationSeconds } = broken.parameters ?? {};
  const podFolder = scratchFolder();
  const { apiServer } = broken;
  const inPod = apiServer === undefined ? {} : await startPodsApiServer(apiServer, podFolder);
  const manifest = join(folder, 'kube-apiserver.yaml');
  if (apiServer?.flags !== undefined) writeFileSync(manifest, manifestOf(apiServer.flags));
  const { stdout, stderr } = await irsa(
    [
      'doctor',
      '--output',
      'json',
      ...(DurationSeconds === undefined ? [] : ['--duration-seconds', DurationSeconds]),
      ...(apiServer?.flags === undefined ? [] : ['--api-server-manifest', manifest]),
    ],
    {
      fetch: localNetwork(running),
      now: () => clock,
      podServiceAccountFolder: podFolder,
      ...(broken.addresses === undefined
        ? {}
        : { resolve: () => Promise.resolve(broken.addresses ?? []) }),
      env: {
        ...running.aws.env({ administrator: true }),
        ...inPod,
        AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        AWS_ROLE_ARN: RoleArn ?? running.roleArn,
        ...(RoleSessionName === undefined ? {} : { AWS_ROLE_SESSION_NAME: RoleSessionName }),
      },
    },
  );
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Report), printed: stdout, token };
}

/** The API server as a pod reaches it. */
async function startPodsApiServer(
  apiServer: ApiServerSetUp,
  folder: string,
): Promise<Record<string, string>> {
  const { discovery, jwks } = await apiServerDocuments(material, apiServer);
  const server = await startApiServer({
    tls: material.tls,
    token: 'default-token',
    documents: { '/.well-known/openid-configuration': discovery, '/openid/v1/jwks': jwks },
  });
  open.push(server);
  writeFileSync(join(folder, 'ca.crt'), material.tls.caBundlePem);
  writeFileSync(join(folder, 'token'), 'default-token\n');
  return { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) };
}

/** Static pods as kubeadm writes them, one for each server. */
const manifestOf = (flags: readonly (readonly string[])[]): string =>
  flags
    .map((command, index) =>
      stringify({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `kube-apiserver-${String(index)}`, namespace: 'kube-system' },
        spec: { containers: [{ name: 'kube-apiserver', command }] },
      }),
    )
    .join('---\n');

const errors = ({ findings }: Report): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ id }) => id);

/** What the command has no way to be told: parameters that only a program passes. */
const beyondTheCommand = (broken: BrokenSetUp): boolean =>
  broken.parameters?.['Policy'] !== undefined || broken.parameters?.['ProviderId'] !== undefined;

describe('irsa doctor, in each set-up of the matrix', () => {
  const possible = brokenSetUps.filter((broken) => !beyondTheCommand(broken));

  it('leaves out next to nothing', () => {
    expect(brokenSetUps.length - possible.length).toBe(2);
  });

  it.each(possible)('$what → $causes.0', async (broken) => {
    const report = await doctor(broken);
    expect(errors(report)).toEqual(broken.causes);
    expect(report.verdict).toBe('refused');
    const signature = report.token.split('.')[2] ?? '';
    if (signature.length > 20) expect(report.printed).not.toContain(signature);
  });

  it.each(doublyBrokenSetUps.filter((broken) => !beyondTheCommand(broken)))(
    'two faults: $what',
    async (broken) => {
      expect(errors(await doctor(broken))).toEqual(broken.causes);
    },
  );

  it.each(dubiousSetUps)('taken by STS: $what → $causes.0', async (dubious) => {
    const { findings } = await doctor(dubious);
    expect(findings.map(({ id }) => id)).toEqual(dubious.causes);
  });

  it('has nothing to say of a healthy one', async () => {
    const { verdict, findings, notLookedAt } = await doctor({
      what: 'healthy',
      causes: [],
      apiServer: {},
    });
    expect({ verdict, findings, notLookedAt }).toEqual({
      verdict: 'ok',
      findings: [],
      notLookedAt: [],
    });
  });
});
