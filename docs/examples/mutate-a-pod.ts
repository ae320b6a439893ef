import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { json } from 'node:stream/consumers';
import { reviewPod, serviceAccountOf } from 'irsa/patch';
import { lookUp } from './look-up.js'; // yours: asks the API server for a ServiceAccount

const answer = async (body: Promise<unknown>): Promise<string> => {
  const wanted = serviceAccountOf(await body);
  const account = wanted && (await lookUp(wanted.namespace, wanted.name));
  const context = { findServiceAccount: () => account, settings: { region: 'eu-west-1' } };
  return JSON.stringify(reviewPod(await body, context));
};
createServer({ key: readFileSync('tls.key'), cert: readFileSync('tls.crt') }, (request, reply) => {
  const refuse = () => reply.writeHead(400).end();
  answer(json(request)).then((text) => reply.end(text), refuse);
}).listen(process.env['PORT'] ?? 8443);
