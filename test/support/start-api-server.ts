import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsIdentity } from 'irsa/testing';

/** The two documents of an API server over https, for those who bring its token only. */
export async function startApiServer(options: {
  readonly tls: TlsIdentity;
  readonly token: string;
  /** By path; null answers 404. */
  readonly documents: Readonly<Record<string, string | null>>;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { tls, token, documents } = options;
  const server = createServer(
    { cert: tls.certificatePem, key: tls.privateKeyPem },
    ({ url = '', headers: { authorization } }, response) => {
      const body = documents[url] ?? null;
      const status = authorization !== `Bearer ${token}` ? 403 : body === null ? 404 : 200;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 200 ? body : '{"kind":"Status"}');
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
