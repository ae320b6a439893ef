import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import {
  keepSelfManagedCertificate,
  type SelfManagedCertificate,
} from '../../src/certificates/keep-self-managed-certificate.js';
import { createKubernetesClient } from '../../src/kubernetes/create-kubernetes-client.js';
import type { KubernetesClient } from '../../src/kubernetes/types.js';
import type { CertificatePair } from '../../src/types.js';
import { startFakeApiServer, type FakeApiServer } from './start-fake-api-server.js';

export const day = 86_400_000;
/** Making RSA keys takes its time on a busy machine. */
export const soon: { readonly timeout: number } = { timeout: 20_000 };
export const namespace = 'irsa-system';
/** What each test has anew. */
export const world: { api: FakeApiServer; now: Date } = {} as never;
let client: KubernetesClient;
const kept: SelfManagedCertificate[] = [];
beforeEach(async () => {
  world.api = await startFakeApiServer();
  client = createKubernetesClient(() => world.api.access());
  world.now = new Date();
  world.api.put('mutatingwebhookconfigurations', {
    metadata: { name: 'irsa-webhook' },
    webhooks: [{ clientConfig: { service: {} } }, { clientConfig: { caBundle: '' } }],
  });
});
afterEach(async () => {
  await Promise.all(kept.splice(0).map((one) => one.stop()));
  client.close();
  await world.api.stop();
});

export interface Replica {
  readonly kept: SelfManagedCertificate;
  readonly pairs: CertificatePair[];
  readonly steps: string[];
  readonly errors: string[];
}

export const start = (serviceName = 'irsa-webhook'): Replica => {
  const pairs: CertificatePair[] = [];
  const steps: string[] = [];
  const errors: string[] = [];
  const one = keepSelfManagedCertificate({
    client,
    namespace,
    serviceName,
    secretName: 'irsa-webhook-tls',
    webhookConfigurationName: 'irsa-webhook',
    onPair: (pair) => pairs.push(pair),
    onStep: (step) => steps.push(step),
    onError: (error) => errors.push(String(error)),
    onLooked: () => {},
    pollMs: 30,
    now: () => world.now,
  });
  kept.push(one);
  return { kept: one, pairs, steps, errors };
};

export const secret = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(world.api.get('secrets', namespace, 'irsa-webhook-tls')!['data'] as object).map(
      ([key, value]) => [key, Buffer.from(String(value), 'base64').toString()],
    ),
  );
export const bundles = (): string[] =>
  (
    world.api.get('mutatingwebhookconfigurations', '', 'irsa-webhook')!['webhooks'] as {
      clientConfig: { caBundle?: string };
    }[]
  ).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
/** Whether an API server that has this bundle accepts this certificate. */
export const isTrusted = (pair: CertificatePair, bundle: string): boolean =>
  (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END CERTIFICATE-----/g) ?? []).some((pem) =>
    new X509Certificate(pair.certificatePem).verify(new X509Certificate(pem).publicKey),
  );
