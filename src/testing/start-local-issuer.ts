import { LocalAwsError } from '../errors.js';
import { parseIssuer } from '../names/issuer.js';
import { buildIssuerDocuments } from '../oidc/build-issuer-documents.js';
import { readPublicKeys } from '../oidc/read-public-keys.js';
import type { IssuerDocument } from '../oidc/build-issuer-documents.js';
import type { KeyMaterial } from '../oidc/types.js';
import { getOverHttps } from './start-fetch.js';
import { startServer, type Outcome } from './start-server.js';
import type { LocalIssuer, LocalIssuerFault, LocalIssuerOptions, TlsIdentity } from './types.js';

/**
 * Starts a local issuer: an https server that publishes the discovery document and JWKS of some public keys.
 *
 * @throws {@link KeyError} `ERR_KEY` · {@link IssuerError} `ERR_ISSUER` · {@link LocalAwsError} `ERR_LOCAL_AWS` when it cannot listen
 * @example
 * ```ts
 * import { generateSigningKey } from 'irsa/oidc';
 * import { startLocalAws, startLocalIssuer } from 'irsa/testing';
 * const { publicKeyPem } = await generateSigningKey({});
 * const issuer = await startLocalIssuer({ keys: publicKeyPem });
 * const aws = await startLocalAws({ fetchDocument: issuer.fetchDocument });
 * await aws.createOpenIDConnectProvider({ url: issuer.issuer });
 * await Promise.all([aws.close(), issuer.close()]);
 * ```
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html | OpenID Connect Discovery 1.0}
 */
export async function startLocalIssuer(options: LocalIssuerOptions): Promise<LocalIssuer> {
  const issuer = parseIssuer(options.issuer ?? 'https://issuer.irsa.test');
  const { host, hostname } = new URL(issuer);
  const tls = options.tls ?? (await issuerIdentity(hostname));
  let documents = await documentsOf(issuer, options.keys);
  let faults = options.faults ?? [];
  const log: { path: string; status: number }[] = [];
  const server = await startServer({
    what: 'local issuer',
    port: options.port ?? 0,
    tls,
    answer: async ({ path }) => {
      const outcome = await answer(documents, issuer, path, faults);
      log.push({
        path,
        status: typeof outcome === 'string' ? 0 : 'half' in outcome ? 0 : outcome.status,
      });
      return outcome;
    },
  });
  const { request } = await import('node:https');
  return {
    issuer,
    endpoint: `https://127.0.0.1:${String(server.port)}${new URL(issuer).pathname.replace(/\/$/, '')}`,
    port: server.port,
    caPem: tls.caBundlePem,
    fetchDocument: async (url) => {
      const wanted = new URL(url);
      if (wanted.host !== host)
        throw new LocalAwsError(`local issuer: expected a URL of ${host}, got ${wanted.host}`, {
          path: url,
        });
      const local = `https://127.0.0.1:${String(server.port)}${wanted.pathname}${wanted.search}`;
      return getOverHttps(request, local, {
        ca: tls.caBundlePem,
        servername: hostname,
        headers: { host },
      });
    },
    setKeys: async (keys) => {
      documents = await documentsOf(issuer, keys);
    },
    setFault: (fault) => {
      faults = fault === undefined ? [] : 'kind' in fault ? [fault] : fault;
    },
    requests: () => [...log],
    close: () => server.close(),
  };
}

async function issuerIdentity(hostname: string): Promise<TlsIdentity> {
  const { generateServerIdentity } = await import('../certs/generate-server-identity.js');
  const ip = /^\d+(?:\.\d+){3}$/.test(hostname);
  return generateServerIdentity({
    dnsNames: ['localhost', ...(ip ? [] : [hostname])],
    ipAddresses: ['127.0.0.1', ...(ip && hostname !== '127.0.0.1' ? [hostname] : [])],
    authorityCommonName: 'irsa local issuer',
  });
}

async function documentsOf(issuer: string, material: unknown): Promise<readonly IssuerDocument[]> {
  const { keys } = await readPublicKeys(material as KeyMaterial);
  return buildIssuerDocuments({ issuer: parseIssuer(issuer), keys });
}

async function answer(
  documents: readonly IssuerDocument[],
  issuer: string,
  path: string,
  faults: readonly LocalIssuerFault[],
): Promise<Outcome> {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  const document = documents.find((one) => path === `${base}/${one.path}`);
  const which = path.endsWith('/.well-known/openid-configuration') ? 'discovery' : 'jwks';
  for (const fault of faults.filter(
    (one) => one.document === undefined || one.document === which,
  )) {
    switch (fault.kind) {
      case 'hang':
      case 'reset':
        return fault.kind;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
        break;
      case 'redirect':
        return { status: 301, headers: { location: fault.location } };
      case 'status':
        return {
          status: fault.status,
          headers: { 'content-type': 'application/xml' },
          body: `<Error><Code>${fault.status === 403 ? 'AccessDenied' : 'NoSuchKey'}</Code></Error>`,
        };
      case 'body':
        return {
          status: 200,
          headers: { 'content-type': fault.contentType ?? 'application/json' },
          body: fault.body,
        };
    }
  }
  if (document === undefined) return { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
  return {
    status: 200,
    headers: { 'content-type': document.contentType, 'cache-control': document.cacheControl },
    body: document.body,
  };
}
