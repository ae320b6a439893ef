import type { JsonValue, KubernetesObject } from './types.js';
import type { WebhookSettings } from './webhook-settings.js';

/** cert-manager's part: an authority of its own signs the serving certificate, so that a renewal leaves what the API server trusts as it is. */
export function webhookCertificates(settings: WebhookSettings): KubernetesObject[] {
  if (settings.certificates !== 'cert-manager') return [];
  const { name, namespace, labels, secretName } = settings;
  const object = (kind: string, suffix: string, spec: JsonValue): KubernetesObject => ({
    apiVersion: 'cert-manager.io/v1',
    kind,
    metadata: { name: `${name}${suffix}`, namespace, labels },
    spec,
  });
  return [
    object('Issuer', '-self-signed', { selfSigned: {} }),
    object('Certificate', '-ca', {
      isCA: true,
      commonName: `${name}-ca`,
      secretName: `${name}-ca`,
      duration: '87600h',
      privateKey: { algorithm: 'RSA', size: 2048 },
      issuerRef: { kind: 'Issuer', name: `${name}-self-signed` },
    }),
    object('Issuer', '-ca', { ca: { secretName: `${name}-ca` } }),
    object('Certificate', '', {
      secretName,
      dnsNames: [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`],
      duration: '2160h',
      renewBefore: '720h',
      privateKey: { algorithm: 'RSA', size: 2048, rotationPolicy: 'Always' },
      usages: ['digital signature', 'key encipherment', 'server auth'],
      issuerRef: { kind: 'Issuer', name: `${name}-ca` },
    }),
  ];
}
