import { readFileSync } from 'node:fs';
import { request as httpsRequest, type Agent } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { generateServerIdentity, type ServerIdentity } from 'irsa/certs';

/** A recorded input, parsed. */
export const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));

let identity: Promise<ServerIdentity> | undefined;

/** One certificate for all tests of a file: making keys is slow. */
export const testIdentity = (): Promise<ServerIdentity> =>
  (identity ??= generateServerIdentity({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }));

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  /** PEM; default: the test's own authority. */
  readonly ca?: string;
  readonly servername?: string;
}

/** What the API server sends, over a real TLS connection that checks the certificate. */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const { caBundlePem } = await testIdentity();
  const {
    method = 'POST',
    path = '/mutate?timeout=5s',
    headers,
    body,
    agent,
    ca,
    servername,
  } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      new URL(path, url),
      {
        method,
        ca: ca ?? caBundlePem,
        ...(servername !== undefined && { servername }),
        agent: agent ?? false,
        headers: {
          'user-agent': 'kube-apiserver-admission',
          accept: 'application/json, */*',
          'content-type': 'application/json',
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** The operations of an answer's patch. */
export const patchOf = (answer: Answer): { op: string; path: string; value: unknown }[] =>
  JSON.parse(Buffer.from(JSON.parse(answer.text).response.patch, 'base64').toString());
