import { ClusterError } from '../errors.js';
import { serviceAccountSubject } from '../names/subject.js';

/** What {@link webhookManifests} needs. */
export interface WebhookManifestsOptions {
  readonly namespace: string;
  /** The webhook's image, best by digest. */
  readonly image: string;
  /**
   * `self-managed`: the replicas make and rotate CA and certificate in a Secret of their own and write the CA bundle into the webhook configuration.
   * `cert-manager`: that operator does. `provided`: you put a `kubernetes.io/tls` Secret there and pass its `caBundle`.
   */
  readonly certificates: 'self-managed' | 'cert-manager' | 'provided';
  /** Base64 of the PEM that the API server shall trust; needed for `provided`. */
  readonly caBundle?: string;
  /** Default 2. */
  readonly replicas?: number;
  /** Name of every object; default `irsa-webhook`. */
  readonly name?: string;
  /**
   * Outside of the system namespaces. `Fail` (default): while no replica answers, no pod starts there, so none ever runs with the node's role instead
   * of its own. `Ignore`: pods start, but without their role, and nobody is told.
   */
  readonly failurePolicy?: 'Fail' | 'Ignore';
  /** Namespaces whose pods the cluster needs to come up: there the policy is always `Ignore`. Default `['kube-system']`. */
  readonly systemNamespaces?: readonly string[];
  /**
   * `cert-manager` only: where that operator runs, default `cert-manager`. It is a system namespace too: the webhook has no certificate before
   * cert-manager runs, so cert-manager must not wait for the webhook.
   */
  readonly certManagerNamespace?: string;
  /** Seconds that the API server waits for an answer, 1 to 30; default 5. */
  readonly timeoutSeconds?: number;
  /** Prefix of annotations and labels; default `eks.amazonaws.com`. */
  readonly annotationDomain?: string;
  /** Audience of the tokens; default: the webhook's, `sts.amazonaws.com`. */
  readonly audience?: string;
  /** Region that pods get; default none. */
  readonly region?: string;
  /** Whether pods call the STS of their region; default true. */
  readonly regionalSts?: boolean;
  /** The ConfigMap with role mappings beside the webhook, null for none; default `pod-identity-webhook`. */
  readonly roleMappings?: string | null;
  /** More arguments for the webhook's command line, last. */
  readonly extraArgs?: readonly string[];
}

/** {@link WebhookManifestsOptions} with every default in place. */
export interface WebhookSettings extends Required<
  Omit<WebhookManifestsOptions, 'caBundle' | 'audience' | 'region' | 'certManagerNamespace'>
> {
  readonly caBundle: string | undefined;
  readonly audience: string | undefined;
  readonly region: string | undefined;
  /** The Secret with `tls.crt` and `tls.key`. */
  readonly secretName: string;
  readonly labels: Readonly<Record<string, string>>;
}

const refuse = (path: string, expected: string, actual: unknown, fix: string): ClusterError =>
  new ClusterError(
    `${path}: expected ${expected}, got ${JSON.stringify(String(actual).slice(0, 200))}; ${fix}`,
    { path, expected },
  );

/** Every default in place, every value checked. */
export function resolveWebhookSettings(options: WebhookManifestsOptions): WebhookSettings {
  const { namespace, image, certificates, caBundle, name = 'irsa-webhook', replicas = 2 } = options;
  const { timeoutSeconds = 5, certManagerNamespace = 'cert-manager' } = options;
  const systemNamespaces = [
    ...(options.systemNamespaces ?? ['kube-system']),
    ...(certificates === 'cert-manager' ? [certManagerNamespace] : []),
  ];
  serviceAccountSubject(namespace, name);
  for (const system of systemNamespaces) serviceAccountSubject(system, name);
  if (!/^[a-z0-9][a-z0-9-]{0,52}$/.test(name)) {
    throw refuse('name', 'a DNS label of at most 53 characters', name, 'a Service must bear it');
  }
  if (typeof image !== 'string' || !/^[\w][\w.\-/:@]{0,500}$/.test(image)) {
    throw refuse('image', 'an image reference', image, 'as in registry.example.com/name:tag');
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 100) {
    throw refuse(
      'replicas',
      'a whole number from 1 to 100',
      replicas,
      'two or more stay reachable',
    );
  }
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1 || timeoutSeconds > 30) {
    throw refuse('timeoutSeconds', 'a whole number from 1 to 30', timeoutSeconds, 'default 5');
  }
  if (certificates === 'provided' && caBundle === undefined) {
    throw refuse('caBundle', 'base64 of the CA’s PEM', caBundle, 'the API server trusts no other');
  }
  return {
    namespace,
    image,
    certificates,
    caBundle,
    name,
    replicas,
    timeoutSeconds,
    systemNamespaces: [...new Set(systemNamespaces)],
    failurePolicy: options.failurePolicy ?? 'Fail',
    annotationDomain: options.annotationDomain ?? 'eks.amazonaws.com',
    audience: options.audience,
    region: options.region,
    regionalSts: options.regionalSts ?? true,
    roleMappings:
      options.roleMappings === undefined ? 'pod-identity-webhook' : options.roleMappings,
    extraArgs: options.extraArgs ?? [],
    secretName: `${name}-tls`,
    labels: { 'app.kubernetes.io/name': name },
  };
}
