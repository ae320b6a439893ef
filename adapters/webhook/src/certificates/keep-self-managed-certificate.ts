import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createCertificateAuthority,
  generateRsaKeyPair,
  generateServerIdentity,
  inspectCertificates,
  planCertificateRotation,
  webhookDnsNames,
  type CertificateAuthority,
  type CertificatePlan,
} from 'irsa/certs';
import { ClusterError } from 'irsa/errors';
import { fieldOf, stringField } from '../kubernetes/read-object.js';
import type { KubernetesAnswer, KubernetesClient } from '../kubernetes/types.js';
import type { CertificatePair } from '../types.js';
import {
  certificateSecretData,
  emptyState,
  knownAuthority,
  leakedState,
  readCertificateSecret,
  usableState,
  type CertificateState,
} from './certificate-secret.js';

/**
 * Whoever thinks that the Secret was read by others annotates it so, with any value: its authorities are succeeded in the usual order, so that
 * nothing is served untrusted, but from now on. The replica that sees it first notes it beside each authority and takes the annotation away.
 */
const leakedAnnotation = 'irsa-webhook/leaked';

/** At the start the webhook configuration may be a moment behind the Deployment; a startup probe does not wait for long. */
const startPollMs = 2_000;

/** What {@link keepSelfManagedCertificate} needs. */
export interface SelfManagedCertificateOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly serviceName: string;
  readonly secretName: string;
  readonly webhookConfigurationName: string;
  /** Called with the pair to serve, first and whenever it changes. */
  readonly onPair: (pair: CertificatePair) => void;
  /** A step was done, for the log. */
  readonly onStep: (step: CertificatePlan['step'] | 'mark-leaked', because: string) => void;
  readonly onError: (error: unknown) => void;
  /** It looked and, where needed, acted without a fault. */
  readonly onLooked: () => void;
  /** How often the Secret and the webhook configuration are looked at; more often until there is a pair. Default 30,000. */
  readonly pollMs?: number;
  /** See `planCertificateRotation`; must be longer than a few polls. Default 300. */
  readonly trustDelaySeconds?: number;
  /** Default: the system's clock. */
  readonly now?: () => Date;
}

/** A running upkeep of the certificates. */
export interface SelfManagedCertificate {
  /** Resolves when there is a pair to serve and the API server is told to trust it. */
  readonly ready: Promise<void>;
  /** When the CA that signs ends. */
  readonly authorityExpiry: () => Date | undefined;
  readonly stop: () => Promise<void>;
}

interface Observed {
  /** The Secret as it is; undefined where there is none. */
  readonly secret: unknown;
  readonly state: CertificateState;
  readonly configuration: unknown;
  /** PEM of each certificate that all webhooks of the configuration trust, by its id. */
  readonly bundle: ReadonlyMap<string, string>;
  /** Whether every webhook of the configuration has the same bundle. */
  readonly isEven: boolean;
}

/**
 * Keeps CA and serving certificate in a Secret, and the CA bundle in the webhook configuration, without an operator: every replica looks,
 * plans the next step with `planCertificateRotation`, and does it. Each write names the version that it changes, so of two replicas one wins
 * and the other looks again; a half-done run, and an edit by hand, is picked up from what is there.
 */
export function keepSelfManagedCertificate(
  options: SelfManagedCertificateOptions,
): SelfManagedCertificate {
  const { onPair, onStep, onError, onLooked, pollMs = 30_000, now = () => new Date() } = options;
  const stopping = new AbortController();
  let served: string | undefined;
  let lastGood: CertificateState | undefined;
  let markReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  /** Does one step; true when there may be another one at once. */
  const turn = async (): Promise<boolean> => {
    const at = now();
    const observed = await observe(options, at);
    const { state, bundle, isEven } = observed;
    const { serving } = state;
    // A Secret that somebody deleted or spoiled is written again from memory: that costs no trust and no wait.
    const remembered = lastGood && usableState(lastGood, at);
    if (stringField(observed.secret, 'metadata', 'annotations', leakedAnnotation) !== undefined) {
      const known = serving === undefined ? (remembered ?? state) : state;
      const isMarked = await writeSecret(options, observed, leakedState(known));
      if (isMarked) onStep('mark-leaked', 'an operator annotated the Secret');
      return true;
    }
    if (serving === undefined && remembered?.serving !== undefined) {
      return writeSecret(options, observed, remembered);
    }
    if (serving !== undefined && bundle.has(serving.authority)) {
      lastGood = state;
      if (served !== serving.certificatePem) onPair(serving);
      served = serving.certificatePem;
      markReady();
    }
    const plan = planCertificateRotation({
      now: at,
      authorities: state.authorities,
      serving: serving === undefined ? [] : [{ replica: options.secretName, ...serving }],
      caBundle: [...bundle.keys()],
      compromised: state.authorities.filter(({ hasLeaked }) => hasLeaked).map(({ id }) => id),
      ...(state.caBundleChangedAt !== undefined && { caBundleChangedAt: state.caBundleChangedAt }),
      ...(options.trustDelaySeconds !== undefined && {
        trustDelaySeconds: options.trustDelaySeconds,
      }),
    });
    if (plan.step === 'none' || plan.notBefore > at) {
      if (!isEven) await writeBundle(options, observed, [...bundle.keys()]);
      return false;
    }
    const isDone = await act(options, observed, plan, at);
    if (isDone) onStep(plan.step, plan.because);
    return true;
  };

  const isStopping = (): boolean => stopping.signal.aborted;

  const run = async (): Promise<void> => {
    let lost = 0;
    while (!isStopping()) {
      let again = false;
      try {
        again = await turn();
        onLooked();
        lost = again ? lost + 1 : 0;
      } catch (error) {
        if (!isStopping()) onError(error);
      }
      // Two replicas that race look again at once, but not for ever without a breath.
      const restMs = served === undefined ? Math.min(pollMs, startPollMs) : pollMs;
      const waitMs = again && lost < 20 ? 0 : restMs * (0.75 + Math.random() / 2);
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = run();

  return {
    ready,
    authorityExpiry: () => latest((lastGood?.authorities ?? []).map(({ notAfter }) => notAfter)),
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

const latest = (dates: readonly Date[]): Date | undefined =>
  dates.reduce<Date | undefined>(
    (best, date) => (best === undefined || date > best ? date : best),
    undefined,
  );

const secretsPath = ({ namespace }: SelfManagedCertificateOptions): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
const secretPath = (options: SelfManagedCertificateOptions): string =>
  `${secretsPath(options)}/${encodeURIComponent(options.secretName)}`;
const configurationPath = ({ webhookConfigurationName }: SelfManagedCertificateOptions): string =>
  `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(webhookConfigurationName)}`;

async function observe(options: SelfManagedCertificateOptions, at: Date): Promise<Observed> {
  const { client } = options;
  const [secretAnswer, configurationAnswer] = await Promise.all([
    client.request({ path: secretPath(options) }),
    client.request({ path: configurationPath(options) }),
  ]);
  if (secretAnswer.status !== 404) expectStatus(secretAnswer, [200], secretPath(options));
  expectStatus(configurationAnswer, [200], configurationPath(options));
  const secret = secretAnswer.status === 404 ? undefined : secretAnswer.body;
  const bundles = bundlesOf(configurationAnswer.body);
  if (bundles.length === 0) {
    throw new ClusterError(
      `${configurationPath(options)}: expected webhooks, got none; apply the manifests again`,
      { path: configurationPath(options) },
    );
  }
  const [first = new Map<string, string>(), ...others] = await Promise.all(bundles.map(readBundle));
  // A webhook whose bundle lacks an authority cannot be called with its certificates: only what all have counts as trusted.
  const bundle = new Map([...first].filter(([id]) => others.every((other) => other.has(id))));
  return {
    secret,
    state:
      secret === undefined
        ? emptyState
        : usableState(await readCertificateSecret(secret, hostOf(options)), at),
    configuration: configurationAnswer.body,
    bundle,
    isEven: new Set(bundles).size <= 1,
  };
}

function bundlesOf(configuration: unknown): string[] {
  const webhooks = fieldOf(configuration, 'webhooks');
  return Array.isArray(webhooks)
    ? (webhooks as unknown[]).map(
        (webhook) => stringField(webhook, 'clientConfig', 'caBundle') ?? '',
      )
    : [];
}

/** The certificates of a bundle by id; what cannot be read is no certificate. */
async function readBundle(encoded: string): Promise<Map<string, string>> {
  const pem = Buffer.from(encoded, 'base64').toString();
  const found = new Map<string, string>();
  for (const block of pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ??
    []) {
    try {
      const [facts] = await inspectCertificates(block);
      if (facts !== undefined) found.set(facts.fingerprint, facts.certificatePem);
    } catch {
      // Edited by hand: the next bundle that is written leaves it out.
    }
  }
  return found;
}

/** Does what the plan says; false where another replica was faster. */
async function act(
  options: SelfManagedCertificateOptions,
  observed: Observed,
  plan: Exclude<CertificatePlan, { readonly step: 'none' }>,
  at: Date,
): Promise<boolean> {
  const { state } = observed;
  switch (plan.step) {
    case 'create-authority': {
      const authority = await createAuthority(at);
      const authorities = [...state.authorities, await knownAuthority(authority)];
      return writeSecret(options, observed, { ...state, authorities });
    }
    case 'trust-authority':
      // The time first: a crash in between makes the wait longer, never shorter.
      return (
        (await writeSecret(options, observed, { ...state, caBundleChangedAt: at })) &&
        (await writeBundle(options, observed, plan.caBundle))
      );
    case 'issue-serving': {
      const authority = state.authorities.find(({ id }) => id === plan.authority);
      if (authority === undefined) return false;
      const issued = await generateServerIdentity({
        dnsNames: dnsNamesOf(options),
        authority,
        now: at,
      });
      const { certificatePem, privateKeyPem, notAfter } = issued;
      const serving = {
        certificatePem,
        privateKeyPem,
        notAfter,
        authority: authority.id,
        since: at,
      };
      return writeSecret(options, observed, { ...state, serving });
    }
    case 'retire-authority': {
      const authorities = state.authorities.filter(({ id }) => plan.caBundle.includes(id));
      return (
        (await writeBundle(options, observed, plan.caBundle)) &&
        (await writeSecret(options, observed, { ...state, authorities, caBundleChangedAt: at }))
      );
    }
  }
}

const dnsNamesOf = ({ serviceName, namespace }: SelfManagedCertificateOptions): readonly string[] =>
  webhookDnsNames({ service: serviceName, namespace });

/** The name in the URL that the API server makes of the Service. */
const hostOf = ({ serviceName, namespace }: SelfManagedCertificateOptions): string =>
  `${serviceName}.${namespace}.svc`;

/** A CA for ten years; each has a name of its own, so that two of them are never mixed up. */
async function createAuthority(now: Date): Promise<CertificateAuthority> {
  const random = randomBytes(16);
  random[0] = 0x40 | ((random[0] ?? 0) & 0x3f);
  const serialNumber = random.toString('hex');
  return createCertificateAuthority({
    keyPair: await generateRsaKeyPair(),
    commonName: `irsa-webhook CA ${serialNumber.slice(0, 8)}`,
    serialNumber,
    notBefore: new Date(now.getTime() - 300_000),
    notAfter: new Date(now.getTime() + 3650 * 86_400_000),
  });
}

async function writeSecret(
  options: SelfManagedCertificateOptions,
  { secret }: Observed,
  state: CertificateState,
): Promise<boolean> {
  const { client, namespace, secretName } = options;
  const metadata = fieldOf(secret, 'metadata');
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    // With its resourceVersion, and with what others wrote: labels, annotations, owners.
    metadata: {
      ...(typeof metadata === 'object' && metadata),
      name: secretName,
      namespace,
      managedFields: undefined,
      annotations: annotationsToKeep(secret),
    },
    type: stringField(secret, 'type') ?? 'Opaque',
    data: certificateSecretData(state),
  };
  const answer = await client.request(
    secret === undefined
      ? { method: 'POST', path: secretsPath(options), body }
      : { method: 'PUT', path: secretPath(options), body },
  );
  // 409: another replica wrote first. 404: the Secret was deleted a moment ago. Look again.
  if (answer.status === 409 || answer.status === 404) return false;
  expectStatus(answer, [200, 201], secretPath(options));
  return true;
}

function annotationsToKeep(secret: unknown): Record<string, unknown> | undefined {
  const annotations = fieldOf(secret, 'metadata', 'annotations');
  if (typeof annotations !== 'object' || annotations === null) return undefined;
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => key !== leakedAnnotation),
  );
}

async function writeBundle(
  options: SelfManagedCertificateOptions,
  { state, bundle, configuration }: Observed,
  ids: readonly string[],
): Promise<boolean> {
  const pems = new Map([
    ...bundle,
    ...state.authorities.map(({ id, certificatePem }): [string, string] => [id, certificatePem]),
  ]);
  const caBundle = Buffer.from(ids.map((id) => pems.get(id) ?? '').join('')).toString('base64');
  const answer = await options.client.request({
    method: 'PATCH',
    path: configurationPath(options),
    contentType: 'application/json-patch+json',
    body: [
      {
        op: 'test',
        path: '/metadata/resourceVersion',
        value: stringField(configuration, 'metadata', 'resourceVersion'),
      },
      ...bundlesOf(configuration).map((_, index) => ({
        op: 'add',
        path: `/webhooks/${index}/clientConfig/caBundle`,
        value: caBundle,
      })),
    ],
  });
  // 422 is a failed `test`, 409 a conflict inside the API server: somebody else changed it.
  if (answer.status === 409 || answer.status === 422) return false;
  expectStatus(answer, [200], configurationPath(options));
  return true;
}

function expectStatus(answer: KubernetesAnswer, allowed: readonly number[], path: string): void {
  if (allowed.includes(answer.status)) return;
  const message = stringField(answer.body, 'message') ?? 'no message';
  throw new ClusterError(
    `${path}: expected ${allowed.join(' or ')}, got ${answer.status} ${message}; check that it exists and what the webhook's role allows`,
    { path },
  );
}
