import { CertificateError } from '../errors.js';

/** What {@link webhookDnsNames} needs. */
export interface WebhookDnsNamesOptions {
  /** The Service's name. */
  readonly service: string;
  readonly namespace: string;
  /** Default `cluster.local`; null leaves out the name under it. */
  readonly clusterDomain?: string | null;
}

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const domain = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

const refuse = (path: string, actual: unknown, expected: string): CertificateError =>
  new CertificateError(
    `${path}: expected ${expected} (lower case letters, digits, "-"), got ${JSON.stringify(String(actual).slice(0, 100))}; use the exact Kubernetes name`,
    { path, expected },
  );

/**
 * The DNS names under which the API server and people in the cluster reach a webhook's Service. The API server dials `SERVICE.NAMESPACE.svc`.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE` for names that Kubernetes would not accept
 * @example
 * ```ts
 * import { webhookDnsNames } from 'irsa/certs';
 * webhookDnsNames({ service: 'irsa-webhook', namespace: 'irsa-system' })[0]; // irsa-webhook.irsa-system.svc
 * ```
 * @see {@link https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/ | Kubernetes: DNS for Services and Pods}
 */
export function webhookDnsNames(options: WebhookDnsNamesOptions): string[] {
  const { service, namespace, clusterDomain = 'cluster.local' } = options;
  if (typeof service !== 'string' || !label.test(service)) {
    throw refuse('service', service, 'a DNS label');
  }
  if (typeof namespace !== 'string' || !label.test(namespace)) {
    throw refuse('namespace', namespace, 'a DNS label');
  }
  const base = `${service}.${namespace}.svc`;
  const names = [base, `${service}.${namespace}`, service];
  if (clusterDomain === null) return names;
  if (typeof clusterDomain !== 'string' || !domain.test(clusterDomain)) {
    throw refuse('clusterDomain', clusterDomain, 'a DNS name');
  }
  return [base, `${base}.${clusterDomain}`, ...names.slice(1)];
}
