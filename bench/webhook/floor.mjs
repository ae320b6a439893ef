// The least that an admission server in Node can do: read the body, parse it, answer a constant: the very bytes that ours computes.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const { folder } = JSON.parse(process.argv[2]);
const answer = readFileSync(`${folder}/answer.json`);
const headers = { 'content-type': 'application/json', 'content-length': answer.length };
const server = createServer(
  { cert: readFileSync(`${folder}/tls.crt`), key: readFileSync(`${folder}/tls.key`) },
  (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'POST') JSON.parse(Buffer.concat(chunks).toString());
      response.writeHead(200, headers);
      response.end(answer);
    });
  },
);
server.keepAliveTimeout = 120_000; // As ours: a connection that waits for the others is not closed.
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
