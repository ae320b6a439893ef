import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificates } from '../environment/make-certificates.js';

/** A running webhook of a few lines. */
export interface PlainWebhook {
  readonly url: string;
  close(): Promise<void>;
}

/** A webhook that somebody else runs: it adds one container to every pod that has none of that name yet. */
export const startSidecarInjector = (certificates: Certificates): Promise<PlainWebhook> =>
  startPlainWebhook(certificates, answer);

/** Serves any answer to any review, as the author of a custom webhook would. */
export async function startPlainWebhook(
  certificates: Certificates,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any AdmissionReview that the API server sends
  review: (body: any) => object,
): Promise<PlainWebhook> {
  const server = createServer(
    { cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        response.setHeader('content-type', 'application/json').end(JSON.stringify(review(body)));
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${String(port)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any AdmissionReview that the API server sends
function answer(review: any): object {
  const { uid, object } = review.request;
  const names: string[] = object.spec.containers.map(({ name }: { name: string }) => name);
  const sidecar = { name: 'injected', image: 'example.com/sidecar:1' };
  const patch = [{ op: 'add', path: '/spec/containers/-', value: sidecar }];
  const patched = {
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: true, ...(names.includes('injected') ? {} : patched) },
  };
}
