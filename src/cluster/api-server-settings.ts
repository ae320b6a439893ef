import { ClusterError } from '../errors.js';
import { parseIssuer } from '../names/issuer.js';
import { factsOfPartition, partitions } from '../names/partition.js';
import type { ApiServerSettings, Flag } from './types.js';

/** What {@link apiServerSettings} needs. */
export interface ApiServerSettingsOptions {
  /** The issuer that signs, then those whose tokens are still about. */
  readonly issuers: readonly string[];
  /** Path of the private key on the control-plane nodes. */
  readonly signingKeyFile: string;
  /** The private key as PEM; only Talos needs it, which takes no path. */
  readonly signingKeyPem?: string;
  /** Paths of the keys whose tokens are accepted; the signing key's public half must be in one of them. */
  readonly verificationKeyFiles: readonly string[];
  /** The accepted public keys besides the signing key's as PEM, one each; only Talos needs them. */
  readonly verificationKeyPems?: readonly string[];
  /** Audiences of tokens for the Kubernetes API itself, e.g. `https://kubernetes.default.svc.cluster.local`. Never AWS's. */
  readonly apiAudiences: readonly string[];
  /** Where the public finds the JWKS; default: the API server names itself. */
  readonly jwksUri?: string;
}

const refuse = (path: string, expected: string, got: string, fix: string): ClusterError =>
  new ClusterError(`${path}: expected ${expected}, got ${got}; ${fix}`, {
    path,
    expected,
    actual: got,
  });

/** PEM with one final line end: distributions put such texts one behind the other. */
const asFile = (pem: unknown): string => (typeof pem === 'string' ? `${pem.trim()}\n` : '');

const shown = (value: unknown): string => JSON.stringify(String(value).slice(0, 300));

/**
 * Settles what kube-apiserver and kube-controller-manager must be told so that AWS accepts the cluster's tokens.
 *
 * @throws {@link IssuerError} `ERR_ISSUER` for a signing issuer that AWS would not take
 * @throws {@link ClusterError} `ERR_CLUSTER` for settings that the API server would refuse, or that make API tokens good at STS
 * @example
 * ```ts
 * import { apiServerSettings, renderApiServerSettings } from 'irsa/cluster';
 * const settings = apiServerSettings({
 *   issuers: ['https://oidc.example.com', 'https://kubernetes.default.svc.cluster.local'],
 *   signingKeyFile: '/etc/kubernetes/pki/sa.key',
 *   verificationKeyFiles: ['/etc/kubernetes/pki/sa.pub'],
 *   apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
 *   jwksUri: 'https://oidc.example.com/openid/v1/jwks',
 * });
 * const [file] = renderApiServerSettings(settings, { for: 'kubeadm-v1beta4' });
 * console.log(file?.content);
 * ```
 * @see {@link https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#serviceaccount-token-volume-projection | Kubernetes: service account token volume projection}
 */
export function apiServerSettings(options: ApiServerSettingsOptions): ApiServerSettings {
  const { signingKeyFile, jwksUri } = options;
  const signingKeyPem =
    options.signingKeyPem === undefined ? undefined : asFile(options.signingKeyPem);
  const issuers = checkedIssuers(options.issuers);
  const verificationKeyFiles = [...options.verificationKeyFiles];
  const verificationKeyPems = (options.verificationKeyPems ?? []).map(asFile);
  const apiAudiences = checkedAudiences(options.apiAudiences);
  checkPath('signingKeyFile', signingKeyFile);
  if (verificationKeyFiles.length === 0) {
    throw refuse(
      'verificationKeyFiles',
      'at least one file',
      'none',
      'the API server does not accept its own tokens unless the signing key is listed here too',
    );
  }
  for (const [index, file] of verificationKeyFiles.entries()) {
    checkPath(`verificationKeyFiles[${index}]`, file);
    if (verificationKeyFiles.indexOf(file) !== index) {
      throw refuse(`verificationKeyFiles[${index}]`, 'each file once', shown(file), 'remove it');
    }
  }
  for (const [index, pem] of verificationKeyPems.entries()) {
    if (!/^-----BEGIN ((?:RSA )?PUBLIC KEY)-----[^-]+-----END \1-----\n$/.test(pem)) {
      throw refuse(
        `verificationKeyPems[${index}]`,
        'one whole PUBLIC KEY block',
        'another text',
        'pass public keys only, one PEM block each',
      );
    }
  }
  if (
    signingKeyPem !== undefined &&
    !/-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[^-]+-----END \1-----\n$/.test(signingKeyPem)
  ) {
    throw refuse('signingKeyPem', 'an unencrypted private key', 'another text', 'pass its PEM');
  }
  if (jwksUri !== undefined) parseIssuer(jwksUri);
  return {
    issuers,
    signingKeyFile,
    ...(signingKeyPem === undefined ? {} : { signingKeyPem }),
    verificationKeyFiles,
    verificationKeyPems,
    apiAudiences,
    ...(jwksUri === undefined ? {} : { jwksUri }),
    apiServerFlags: [
      ...flags('service-account-issuer', issuers),
      ...flags('service-account-jwks-uri', jwksUri === undefined ? [] : [jwksUri]),
      ...flags('service-account-signing-key-file', [signingKeyFile]),
      ...flags('service-account-key-file', verificationKeyFiles),
      ...flags('api-audiences', [apiAudiences.join(',')]),
    ],
    controllerManagerFlags: flags('service-account-private-key-file', [signingKeyFile]),
    notes: [
      'Every API server must accept a key before any component signs with it: first change the key files everywhere, then the signing key.',
      'Give kube-controller-manager the new --service-account-private-key-file together with the API server’s signing key, never before every API server accepts it: it signs the tokens of Secrets.',
      ...(issuers.length > 1
        ? ['Keep the later issuers until the last token that they signed has ended.']
        : []),
    ],
  };
}

const flags = (name: string, values: readonly string[]): Flag[] =>
  values.map((value) => ({ name, value }));

function checkedIssuers(issuers: readonly string[]): ApiServerSettings['issuers'] {
  const [current, ...previous] = issuers;
  if (current === undefined) {
    throw refuse('issuers', 'at least one issuer', 'none', 'name the one that signs first');
  }
  for (const [index, issuer] of previous.entries()) {
    const path = `issuers[${index + 1}]`;
    // A previous issuer need not be a URL: clusters before 1.22 signed as `kubernetes/serviceaccount`.
    const valid =
      /^[\x21-\x7e]{1,255}$/.test(issuer) && (!issuer.includes(':') || URL.canParse(issuer));
    if (!valid) throw refuse(path, 'a URL or a plain name', shown(issuer), 'copy it from a token');
    if (issuers.indexOf(issuer) !== index + 1) {
      throw refuse(path, 'each issuer once', shown(issuer), 'the API server refuses doubles');
    }
  }
  return [parseIssuer(current), ...previous];
}

/** STS and the bare suffix (kOps' audience), in every partition, by region, FIPS and dual stack. */
const awsAudiences = new RegExp(
  `^(?:https://)?(?:sts(?:-fips)?\\.(?:[a-z0-9-]+\\.)?)?(?:${partitions
    .map((partition) => factsOfPartition(partition))
    .flatMap(({ dnsSuffix, dualStackDnsSuffix }) => [dnsSuffix, dualStackDnsSuffix])
    .join('|')
    .replaceAll('.', '\\.')})/?$`,
  'i',
);

function checkedAudiences(audiences: readonly string[]): string[] {
  if (audiences.length === 0) {
    throw refuse(
      'apiAudiences',
      'at least one audience',
      'none',
      'use the audience of the tokens that are about, e.g. https://kubernetes.default.svc.cluster.local',
    );
  }
  for (const [index, audience] of audiences.entries()) {
    const path = `apiAudiences[${index}]`;
    if (!/^[\x21-\x2b\x2d-\x7e]{1,500}$/.test(audience)) {
      throw refuse(path, 'printable ASCII without a comma', shown(audience), 'one audience each');
    }
    if (awsAudiences.test(audience)) {
      throw refuse(
        path,
        'an audience of the Kubernetes API',
        shown(audience),
        'with AWS’s audience here every pod’s default token would be good at STS, and its AWS token at the API server; pods ask for it in their projected volume',
      );
    }
  }
  return [...new Set(audiences)];
}

function checkPath(path: string, file: string): void {
  if (typeof file !== 'string' || !/^\/[\x21-\x7e]{1,4000}$/.test(file) || file.endsWith('/')) {
    throw refuse(path, 'an absolute path without spaces', shown(file), 'as on the control plane');
  }
}
