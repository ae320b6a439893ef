import type { FetchFact } from 'irsa/diagnose';
import type { CliIo } from '../types.js';

/** STS gives up after 5 seconds; a little more shows how slow an issuer is. */
const limitMs = 6000;
/** A JWKS of 200 keys is far below; what is longer is cut, and is no JSON then. */
const maxBytes = 16 * 1024 * 1024;

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
  const jwksUri = jwksUriOf(discovery.body) ?? `${base}/openid/v1/jwks`;
  // What has not answered in time need not be waited for twice.
  const silent =
    discovery.fact.failure === 'timeout' && new URL(jwksUri).host === new URL(base).host;
  const jwks = silent
    ? { fact: { ...discovery.fact, document: 'jwks' as const, url: jwksUri }, body: undefined }
    : await read('jwks', jwksUri, io);
  return {
    fetches: [discovery.fact, jwks.fact],
    ...(discovery.body === undefined ? {} : { discovery: discovery.body }),
    ...(jwks.body === undefined ? {} : { jwks: jwks.body }),
  };
}

function jwksUriOf(body: string | undefined): string | undefined {
  try {
    const { jwks_uri: uri } = JSON.parse(body ?? '') as { readonly jwks_uri?: unknown };
    return typeof uri === 'string' && uri.startsWith('https://') && URL.canParse(uri)
      ? uri
      : undefined;
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
  const addresses = await addressesOf(url, io);
  try {
    const response = await io.fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(limitMs),
    });
    const body = await textOf(response);
    const contentType = response.headers.get('content-type');
    const location = response.headers.get('location');
    const fact: FetchFact = {
      document,
      url,
      status: response.status,
      milliseconds: Math.round(performance.now() - started),
      ...addresses,
      ...(contentType === null ? {} : { contentType }),
      ...(location === null ? {} : { location }),
      ...(response.status === 200 ? {} : errorCodeOf(body)),
    };
    return response.status === 200 ? { fact, body } : { fact };
  } catch (error) {
    const { code, message } = rootCause(error);
    return {
      fact: {
        document,
        url,
        failure: failureOf(code),
        detail: (code || message).slice(0, 200),
        ...addresses,
      },
    };
  }
}

async function addressesOf(url: string, io: CliIo): Promise<Pick<FetchFact, 'addresses'>> {
  try {
    const addresses = await io.resolve?.(new URL(url).hostname);
    return addresses === undefined ? {} : { addresses };
  } catch {
    // The fetch itself says what is wrong with the name.
    return {};
  }
}

/** The body as text, no more than is of use: an endless one is left in the middle. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  // Node's streams can be iterated; the DOM's types do not know it.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return text;
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
