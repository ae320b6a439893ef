import type { request as httpsRequest, RequestOptions } from 'node:https';
import { TimeoutError } from '../errors.js';
import type { FetchDocument, FetchedDocument } from './types.js';

const maxDocumentBytes = 16 * 1024 * 1024;

/** STS's view of the network: a port or plain https, never longer than the timeout, redirects not followed. */
export async function startFetch(
  port: FetchDocument | undefined,
  timeoutMs: number,
): Promise<FetchDocument> {
  const { request } = await import('node:https');
  const fetchDocument = port ?? ((url): Promise<FetchedDocument> => getOverHttps(request, url, {}));
  return (url) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new TimeoutError(`issuer document: no answer within ${String(timeoutMs)} ms`, {
            path: url,
          }),
        );
      }, timeoutMs);
      timer.unref();
      fetchDocument(url)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
        });
    });
}

/** One GET over https, read whole. */
export function getOverHttps(
  request: typeof httpsRequest,
  url: string,
  options: RequestOptions,
): Promise<FetchedDocument> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: false, ...options }, (response) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      response.on('data', (chunk: Uint8Array) => {
        length += chunk.length;
        if (length > maxDocumentBytes) outgoing.destroy(new Error('document too large'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: new Uint8Array(Buffer.concat(chunks)),
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
