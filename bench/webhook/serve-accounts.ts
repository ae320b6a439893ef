import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { ServerIdentity } from 'irsa/certs';

/** The review recorded from a real API server, compact as on the wire. */
export function realisticReview(): string {
  const file = new URL(
    '../../adapters/webhook/test/fixtures/admission-review-realistic.json',
    import.meta.url,
  );
  return JSON.stringify(JSON.parse(readFileSync(file, 'utf8')));
}

/** The role of the review's own ServiceAccount. */
export const roleAnnotations = {
  'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/role-0',
};

/** An API server with as many ServiceAccounts; the review's own is one of them. Each tenth has a role. */
export async function serveAccounts(identity: ServerIdentity, count: number): Promise<Server> {
  const named = (
    JSON.parse(realisticReview()) as {
      request: { namespace: string; object: { spec: { serviceAccountName: string } } };
    }
  ).request;
  const item = (n: number): unknown => ({
    metadata: {
      name: n === 0 ? named.object.spec.serviceAccountName : `service-account-${n}`,
      namespace: n === 0 ? named.namespace : `namespace-${n % 1000}`,
      uid: '71f33dee-94a1-455c-9a9c-6cd0d0d71d32',
      resourceVersion: String(n),
      ...(n === 0 && { annotations: roleAnnotations }),
      ...(n > 0 &&
        n % 10 === 0 && {
          annotations: {
            'eks.amazonaws.com/role-arn': `arn:aws:iam::111122223333:role/role-${n}`,
          },
        }),
    },
  });
  const server = createServer(
    { cert: identity.certificatePem, key: identity.privateKeyPem },
    (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'https://api');
      // client-go asks for a list as a watch first, and lists when that is refused.
      response.writeHead(searchParams.has('sendInitialEvents') ? 400 : 200, {
        'content-type': 'application/json',
      });
      if (searchParams.has('sendInitialEvents')) {
        response.end('{}');
        return;
      }
      if (searchParams.has('watch')) {
        response.flushHeaders();
        return;
      }
      const from = Number(searchParams.get('continue') ?? 0);
      const length = Math.min(Number(searchParams.get('limit') ?? count), count - from);
      const next = from + length;
      response.end(
        JSON.stringify({
          kind: 'ServiceAccountList',
          apiVersion: 'v1',
          metadata: { resourceVersion: '1', ...(next < count && { continue: String(next) }) },
          items: Array.from({ length }, (_, n) => item(from + n)),
        }),
      );
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
