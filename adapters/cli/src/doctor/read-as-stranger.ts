import type { FetchFact } from 'irsa/diagnose';
import type { CliIo } from '../types.js';

/** STS gives up after 5 seconds; a little more shows how slow an issuer is. */
const limitMs = 6000;
const maxCharacters = 16 * 1024 * 1024;

/** The issuer's documents as STS reads them: over the public path, without credentials, without following redirects. */
export interface PublicIssuer {
  readonly discovery?: string;
  readonly jwks?: string;
  readonly fetches: readonly FetchFact[];
}

/** Reads discovery document and JWKS anonymously; what goes wrong is a fact, not an error. */
export async function readAsStranger(issuer: string, io: CliIo): Promise<PublicIssuer> {
  const base = issuer.replace(/\/$/, '');
  const discovery = await read('discovery', `${base}/.well-known/openid-configuration`, io);
  const jwks = await read('jwks', jwksUriOf(discovery.body) ?? `${base}/openid/v1/jwks`, io);
  return {
    fetches: [discovery.fact, jwks.fact],
    ...(discovery.body === undefined ? {} : { discovery: discovery.body }),
    ...(jwks.body === undefined ? {} : { jwks: jwks.body }),
  };
}

function jwksUriOf(body: string | undefined): string | undefined {
  try {
    const { jwks_uri: uri } = JSON.parse(body ?? '') as { readonly jwks_uri?: unknown };
    return typeof uri === 'string' && uri.startsWith('https://') ? uri : undefined;
  } catch {
    // The usual path is tried instead; the diagnosis says what is wrong with the document.
    return undefined;
  }
}

async function read(
  document: FetchFact['document'],
  url: string,
  io: CliIo,
): Promise<{ readonly fact: FetchFact; readonly body?: string }> {
  const started = performance.now();
  try {
    const response = await io.fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    const body = (await response.text()).slice(0, maxCharacters);
    const contentType = response.headers.get('content-type');
    const location = response.headers.get('location');
    const fact: FetchFact = {
      document,
      url,
      status: response.status,
      milliseconds: Math.round(performance.now() - started),
      ...(contentType === null ? {} : { contentType }),
      ...(location === null ? {} : { location }),
      ...(response.status === 200 ? {} : errorCodeOf(body)),
    };
    return response.status === 200 ? { fact, body } : { fact };
  } catch (error) {
    const { code, message } = rootCause(error);
    return {
      fact: { document, url, failure: failureOf(code), detail: (code || message).slice(0, 200) },
    };
  }
}

/** S3 says in its XML why it refuses: `AccessDenied` and `NoSuchBucket` need other fixes. */
const errorCodeOf = (body: string): { detail?: string } => {
  const code = /<Code>(\w{1,60})<\/Code>/.exec(body)?.[1];
  return code === undefined ? {} : { detail: code };
};

function failureOf(code: string): NonNullable<FetchFact['failure']> {
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return 'dns';
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return 'tls';
  return /TIMEOUT|TIMEDOUT|ABORT/i.test(code) ? 'timeout' : 'connection';
}

/** The innermost cause: fetch wraps what the socket says. */
export function rootCause(error: unknown): { readonly code: string; readonly message: string } {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error)) return { code: '', message: String(current) };
  const code = 'code' in current && typeof current.code === 'string' ? current.code : current.name;
  return { code, message: current.message };
}
