import type { FetchedDocument, JwkSetLike } from 'irsa/oidc';
import { parseJwks } from './read-jwks.js';
import type { CliIo } from './types.js';

/** Larger than any JWKS that AWS takes. */
const maxCharacters = 2_000_000;

/** Reads both documents of an issuer as a stranger does, without credentials and without following redirects, as STS. */
export async function fetchIssuerDocuments(
  issuer: string,
  io: CliIo,
): Promise<{ discovery: FetchedDocument; jwks: FetchedDocument }> {
  const discovery = await read(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, io);
  return { discovery, jwks: await read(jwksUriOf(discovery), io) };
}

/** The key set of an issuer, as a stranger finds it. */
export async function fetchJwks(issuer: string, io: CliIo): Promise<JwkSetLike> {
  const { jwks } = await fetchIssuerDocuments(issuer, io);
  const parsed = parseJwks(jwks.body);
  if (parsed !== undefined) return parsed;
  throw new Error(
    `the JWKS of ${issuer}: expected JSON with a list of keys, got status ${String(jwks.status)} and ${String(jwks.body.length)} characters; irsa issuer verify says more`,
  );
}

async function read(url: string, io: CliIo): Promise<FetchedDocument> {
  const timeout = AbortSignal.timeout(15_000);
  let response: Response;
  try {
    response = await io.fetch(url, { redirect: 'manual', signal: timeout });
  } catch (cause) {
    throw new Error(
      `${url} cannot be reached (${rootCause(cause)}); the issuer must be public: publish it with irsa issuer apply, or correct the URL`,
      { cause },
    );
  }
  const body = await response.text();
  const contentType = response.headers.get('content-type');
  return {
    body: body.slice(0, maxCharacters),
    status: response.status,
    ...(contentType === null ? {} : { contentType }),
  };
}

/** The key set's address; for a document without one, an error that says what came. */
function jwksUriOf({ body, status }: FetchedDocument): string {
  try {
    const { jwks_uri: uri } = JSON.parse(body) as { jwks_uri?: unknown };
    if (typeof uri === 'string' && uri.startsWith('https://')) return uri;
  } catch {
    // Said below, with the status.
  }
  throw new Error(
    `the issuer's discovery document: expected JSON with an https jwks_uri, got status ${status ?? 'unknown'} and ${body.length} characters; publish it with irsa issuer apply`,
  );
}

function rootCause(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}
