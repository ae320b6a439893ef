import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { parseReviewBody, reviewPod, serviceAccountOf } from 'irsa/patch';
import { lookUp } from './look-up.js'; // yours: asks the API server for a ServiceAccount

const answer = async (review: unknown): Promise<string> => {
  const wanted = serviceAccountOf(review);
  const account = wanted && (await lookUp(wanted.namespace, wanted.name));
  const context = { findServiceAccount: () => account, settings: { region: 'eu-west-1' } };
  return JSON.stringify(reviewPod(review, context));
};
createServer({ key: readFileSync('tls.key'), cert: readFileSync('tls.crt') }, (request, reply) => {
  const text = buffer(request).then(parseReviewBody).then(answer);
  text.then((json) => reply.end(json)).catch(() => reply.writeHead(400).end());
}).listen(process.env['PORT'] ?? 8443);
