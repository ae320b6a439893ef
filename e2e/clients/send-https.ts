import { request } from 'node:https';
import type { Agent } from 'node:https';

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends one https request; certificates are checked against `ca` alone. */
export function sendHttps(options: {
  readonly url: string;
  readonly ca: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}): Promise<HttpsAnswer> {
  const { url, ca, method = 'GET', headers = {}, body, agent, timeoutMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        ca,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
        },
        timeout: timeoutMs,
        ...(agent === undefined ? {} : { agent }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString('utf8'),
          });
        });
      },
    );
    sent.on('timeout', () => {
      sent.destroy(new Error(`no answer from ${url} within ${timeoutMs} ms`));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
