import type { LocalIrsa } from '../../../test/support/local-irsa.js';

/** The network of a set-up: 127.0.0.1 is fetched as it is, every other name leads to the local issuer or nowhere. */
export const localNetwork =
  (set: Pick<LocalIrsa, 'issuer'>): typeof globalThis.fetch =>
  async (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    if (new URL(url).hostname === '127.0.0.1') return fetch(input, init);
    const aborted = new Promise<never>((_, reject) => {
      init?.signal?.addEventListener('abort', () => {
        reject(init.signal?.reason as Error);
      });
    });
    const {
      status,
      headers = {},
      body,
    } = await Promise.race([set.issuer.fetchDocument(url), aborted]);
    return new Response(typeof body === 'string' ? body : new TextDecoder().decode(body), {
      status,
      headers: Object.entries(headers).filter(([name]) => name !== 'content-length'),
    });
  };
