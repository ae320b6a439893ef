import type { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';
import type { WebhookServingFact } from 'irsa/diagnose';
import { expandLists } from '../expand-lists.js';
import type { CliIo } from '../types.js';
import { rootCause } from './read-as-stranger.js';
import type { AskKubectl } from './run-kubectl.js';
import type { Gap } from './types.js';

const limitMs = 5000;
const ours = /pod-identity|irsa/i;

interface ClientConfig {
  readonly url?: string;
  readonly caBundle?: string;
  readonly service?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly port?: number;
  };
}

/** One webhook to look at: where the API server calls it, and whom it trusts there. */
interface Target {
  readonly configuration: string;
  readonly clientConfig: ClientConfig;
  readonly host: string;
  readonly port: number;
}

/** Looks at what each webhook of ours serves: at its port where that is in reach, else in the Secret that it serves from. */
export async function readWebhookServing(
  configurations: unknown,
  ask: AskKubectl,
  gaps: Gap[],
  io: CliIo,
): Promise<WebhookServingFact[]> {
  const looks = targetsOf(configurations).map((target) => look(target, ask, gaps, io));
  return (await Promise.all(looks)).filter((one) => one !== undefined);
}

function targetsOf(configurations: unknown): Target[] {
  return expandLists(configurations).flatMap(({ metadata, webhooks }) => {
    const configuration = metadata?.name ?? '';
    const entries = (Array.isArray(webhooks) ? webhooks : []) as readonly {
      readonly name?: string;
      readonly clientConfig?: ClientConfig;
    }[];
    return entries.flatMap(({ name = '', clientConfig = {} }) => {
      const { service, url } = clientConfig;
      if (!ours.test(`${configuration} ${name} ${service?.name ?? ''}`)) return [];
      if (url !== undefined) {
        if (!URL.canParse(url)) return [];
        const { hostname, port } = new URL(url);
        return [{ configuration, clientConfig, host: hostname, port: Number(port || 443) }];
      }
      const host = `${service?.name ?? ''}.${service?.namespace ?? ''}.svc`;
      return [{ configuration, clientConfig, host, port: service?.port ?? 443 }];
    });
  });
}

async function look(
  target: Target,
  ask: AskKubectl,
  gaps: Gap[],
  io: CliIo,
): Promise<WebhookServingFact | undefined> {
  const { configuration, clientConfig, host, port } = target;
  const { service, url } = clientConfig;
  const bundle = await certificatesOf(Buffer.from(clientConfig.caBundle ?? '', 'base64'));
  const readyEndpoints = service === undefined ? undefined : await countReady(service, ask);
  const base = {
    configuration,
    host,
    ...(readyEndpoints === undefined ? {} : { readyEndpoints }),
  };
  // A Service's name leads somewhere only inside the cluster; an https URL may be tried from here.
  if (url !== undefined || io.env['KUBERNETES_SERVICE_HOST'] !== undefined) {
    const seen = await connect(host, port);
    if ('certificates' in seen)
      return { ...base, seenIn: 'connection', ...factsOf(seen.certificates, bundle) };
    if (url !== undefined || !/^(?:ENOTFOUND|EAI_AGAIN)$/.test(seen.failure))
      return { ...base, seenIn: 'connection', failure: seen.failure };
  }
  const chain = service === undefined ? undefined : await readSecret(service, host, ask);
  if (chain === undefined) {
    gaps.push({
      what: `what the webhook ${configuration} serves`,
      why: `no TLS Secret for ${host} can be read in ${service?.namespace ?? 'its namespace'}; run inside the cluster, or with get on it`,
    });
    return readyEndpoints === undefined ? undefined : { ...base, seenIn: 'connection' };
  }
  return { ...base, seenIn: 'secret', ...factsOf(chain, bundle) };
}

async function countReady(
  { name = '', namespace = '' }: NonNullable<ClientConfig['service']>,
  ask: AskKubectl,
): Promise<number | undefined> {
  const slices = await ask(`the endpoints of ${namespace}/${name}`, [
    'get',
    'endpointslices',
    '-n',
    namespace,
    '-l',
    `kubernetes.io/service-name=${name}`,
  ]);
  if (slices === undefined || slices === null) return undefined;
  return expandLists(slices)
    .flatMap(({ endpoints }) => (Array.isArray(endpoints) ? (endpoints as unknown[]) : []))
    .filter((endpoint) => {
      const { conditions } = endpoint as { readonly conditions?: { readonly ready?: boolean } };
      // The field is optional, and absent means ready.
      return conditions?.ready !== false;
    }).length;
}

/** The certificate chain of the Secret that is for this host: the newest where several are. Private keys are not kept. */
async function readSecret(
  { namespace = '', name = '' }: NonNullable<ClientConfig['service']>,
  host: string,
  ask: AskKubectl,
): Promise<readonly X509Certificate[] | undefined> {
  const secrets = await ask(`the TLS Secrets in ${namespace}`, ['get', 'secrets', '-n', namespace]);
  const chains = await Promise.all(
    expandLists(secrets).map(async (secret) => {
      const { data } = secret as { readonly data?: Readonly<Record<string, string>> };
      const pem = Buffer.from(data?.['tls.crt'] ?? '', 'base64');
      return { secret: secret.metadata?.name ?? '', chain: await certificatesOf(pem) };
    }),
  );
  const leaves = chains.filter(({ chain }) => chain[0]?.ca === false);
  const fitting = leaves.filter(({ chain }) => chain[0]?.checkHost(host) !== undefined);
  // One that is named after the Service is its own, however wrong its certificate is.
  const named = leaves.filter(({ secret }) => secret.startsWith(name));
  const candidates = fitting.length > 0 ? fitting : named.length > 0 ? named : [];
  return candidates
    .map(({ chain }) => chain)
    .sort((a, b) => Date.parse(b[0]?.validTo ?? '') - Date.parse(a[0]?.validTo ?? ''))[0];
}

async function certificatesOf(pem: Uint8Array): Promise<readonly X509Certificate[]> {
  const { X509Certificate: Certificate } = await import('node:crypto');
  const blocks = Buffer.from(pem)
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return (blocks ?? []).flatMap((block) => {
    try {
      return [new Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** What a chain says, and whether the bundle vouches for it, as Go's verifier would: any bundled certificate is a root. */
function factsOf(
  chain: readonly X509Certificate[],
  bundle: readonly X509Certificate[],
): Pick<WebhookServingFact, 'names' | 'notBefore' | 'notAfter' | 'trusted'> {
  const [leaf, ...between] = chain;
  if (leaf === undefined) return {};
  const names = [...(leaf.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,\s]+)/g)];
  const signs = (issuer: X509Certificate, one: X509Certificate): boolean =>
    one.checkIssued(issuer) && one.verify(issuer.publicKey);
  const trusts = (one: X509Certificate, left: readonly X509Certificate[]): boolean =>
    bundle.some((root) => root.fingerprint256 === one.fingerprint256 || signs(root, one)) ||
    left.some(
      (next) =>
        signs(next, one) &&
        trusts(
          next,
          left.filter((other) => other !== next),
        ),
    );
  return {
    names: names.map(([, name = '']) => name),
    notBefore: new Date(leaf.validFrom),
    notAfter: new Date(leaf.validTo),
    trusted: trusts(leaf, between.slice(0, 8)),
  };
}

/** The chain that is served; nothing is sent, and nothing is believed. */
async function connect(
  host: string,
  port: number,
): Promise<{ readonly certificates: readonly X509Certificate[] } | { readonly failure: string }> {
  const [{ connect: connectTls }, { X509Certificate: Certificate }] = await Promise.all([
    import('node:tls'),
    import('node:crypto'),
  ]);
  const isName = /[a-z]/i.test(host) && !host.includes(':');
  return new Promise((resolve) => {
    const socket = connectTls({
      host,
      port,
      // To see a certificate that the API server refuses, one must not refuse it oneself.
      rejectUnauthorized: false,
      timeout: limitMs,
      ...(isName ? { servername: host } : {}),
    });
    socket.once('secureConnect', () => {
      const certificates = rawChain(socket.getPeerCertificate(true));
      socket.destroy();
      resolve({ certificates: certificates.map((raw) => new Certificate(raw)) });
    });
    socket.once('timeout', () => {
      socket.destroy();
      resolve({ failure: 'ETIMEDOUT' });
    });
    socket.once('error', (error) => {
      resolve({ failure: rootCause(error).code });
    });
  });
}

/** The certificates of a chain in DER. The last one names itself as issuer; one that is cut off names none, whatever the types say. */
function rawChain(leaf: DetailedPeerCertificate | undefined): Buffer[] {
  const seen = new Map<string, Buffer>();
  for (let one = leaf; one?.raw instanceof Buffer; one = one.issuerCertificate) {
    if (seen.has(one.fingerprint256)) break;
    seen.set(one.fingerprint256, one.raw);
  }
  return [...seen.values()];
}
