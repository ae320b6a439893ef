import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { ClusterError } from 'irsa/errors';
import { fieldOf, stringField } from './read-object.js';
import type { ClusterAccess } from './types.js';

/** What {@link loadKubeconfigAccess} reads. */
export interface KubeconfigOptions {
  /** Default: KUBECONFIG, else `~/.kube/config`, as kubectl does. */
  readonly file?: string;
  /** Overrides the server of the current context. */
  readonly server?: string;
}

/**
 * The access of a kubeconfig's current context: certificates, tokens and exec plugins.
 * `@kubernetes/client-node` is loaded here and nowhere else, and only to read the file (docs/adr).
 *
 * @throws {@link ClusterError} `ERR_CLUSTER`
 */
export async function loadKubeconfigAccess(options: KubeconfigOptions): Promise<ClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const name = options.file ?? 'the default kubeconfig';
  try {
    if (options.file === undefined) config.loadFromDefault();
    else config.loadFromFile(options.file);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : 'an unreadable file';
    throw new ClusterError(
      `kubeconfig: expected ${name} to be readable, got ${got}; check --kubeconfig`,
      { cause },
    );
  }
  const cluster = config.getCurrentCluster();
  const server = options.server ?? cluster?.server;
  const url = server !== undefined && URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:') {
    throw new ClusterError(
      `kubeconfig: expected a current context with an https server in ${name}, got ${server ?? 'none'}; see kubectl config get-contexts`,
    );
  }
  const applied: {
    ca?: unknown;
    cert?: unknown;
    key?: unknown;
    rejectUnauthorized?: boolean | undefined;
    servername?: string | undefined;
    headers?: unknown;
    auth?: string | null | undefined;
  } = {};
  if (cluster?.proxyUrl !== undefined) {
    throw new ClusterError(
      `kubeconfig: expected a cluster without proxy-url in ${name}, got ${JSON.stringify(cluster.proxyUrl)}; irsa-webhook goes straight to the API server`,
    );
  }
  try {
    await config.applyToHTTPSOptions(applied as Parameters<typeof config.applyToHTTPSOptions>[0]);
  } catch (cause) {
    throw new ClusterError(
      `kubeconfig: expected credentials of the current user in ${name}, got none; see kubectl get --raw /version`,
      { cause },
    );
  }
  const token = await readTokenFile(options.file, config.getCurrentUser()?.name);
  const basePath = url.pathname.replace(/\/+$/, '');
  const caPem = pem(applied.ca);
  const certificatePem = pem(applied.cert);
  const privateKeyPem = pem(applied.key);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port === '' ? 443 : url.port),
    ...(basePath !== '' && { basePath }),
    headers: {
      ...headersOf(applied.headers, applied.auth),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(caPem !== undefined && { caPem }),
    ...(certificatePem !== undefined && { certificatePem }),
    ...(privateKeyPem !== undefined && { privateKeyPem }),
    ...(typeof applied.servername === 'string' && { serverName: applied.servername }),
    ...(applied.rejectUnauthorized === false && { skipVerification: true }),
  };
}

/** The library passes over `tokenFile`, which kubectl reads, and before any `token`. */
async function readTokenFile(
  file: string | undefined,
  user: string | undefined,
): Promise<string | undefined> {
  const files =
    file === undefined
      ? (process.env['KUBECONFIG']?.split(delimiter).filter((one) => one !== '') ?? [
          join(homedir(), '.kube', 'config'),
        ])
      : [file];
  const { parse } = await import('yaml');
  for (const path of files) {
    const users = fieldOf(parse(await readFile(path, 'utf8').catch(() => '')), 'users');
    const found = Array.isArray(users)
      ? (users as unknown[]).find((one) => stringField(one, 'name') === user)
      : undefined;
    if (found === undefined) continue;
    const tokenFile = stringField(found, 'user', 'tokenFile');
    if (tokenFile === undefined) return undefined;
    try {
      return (await readFile(resolve(dirname(path), tokenFile), 'utf8')).trim();
    } catch (cause) {
      throw new ClusterError(
        `kubeconfig: expected the tokenFile ${tokenFile} to be readable; check the current user of ${path}`,
        { cause, path: tokenFile },
      );
    }
  }
  return undefined;
}

function pem(value: unknown): string | undefined {
  return typeof value === 'string' || value instanceof Uint8Array
    ? Buffer.from(value).toString()
    : undefined;
}

function headersOf(headers: unknown, auth: string | null | undefined): Record<string, string> {
  const entries = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  const sent = Object.fromEntries(
    entries.flatMap(([key, value]): [string, string][] =>
      typeof value === 'string' ? [[key.toLowerCase(), value]] : [],
    ),
  );
  return typeof auth === 'string'
    ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}`, ...sent }
    : sent;
}
