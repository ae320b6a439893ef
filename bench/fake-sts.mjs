// A fake STS and S3 for the credentials bench, in a process of its own so that it costs the measured one nothing.
// Prints its port; GET /control?latency=MS&mode=ok|down|hang&lifetime=S sets it, GET /stats reads and resets the counts.
import { createServer } from 'node:http';

const state = { latency: 0, mode: 'ok', lifetime: 3600 };
let calls = 0;
let connections = 0;
const open = new Set();

const answer = (response) => {
  const expiration = new Date(Date.now() + state.lifetime * 1000).toISOString();
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/bench/x</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIA${calls}</AccessKeyId><SecretAccessKey>example</SecretAccessKey><SessionToken>example</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
  );
};

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/control') {
    for (const [name, value] of url.searchParams) {
      state[name] = name === 'mode' ? value : Number(value);
    }
    response.end();
    return;
  }
  if (url.pathname === '/stats') {
    // The connection that asks is not one of those measured.
    response.end(JSON.stringify({ calls, connections: connections - 1, open: open.size - 1 }));
    calls = 0;
    connections = 0;
    return;
  }
  request.resume();
  request.on('end', () => {
    if (request.method !== 'POST') {
      response.end();
      return;
    }
    calls += 1;
    if (state.mode === 'hang') return;
    setTimeout(() => {
      if (state.mode === 'down') {
        response.writeHead(503).end();
      } else {
        answer(response);
      }
    }, state.latency);
  });
});
server.on('connection', (socket) => {
  connections += 1;
  open.add(socket);
  socket.on('close', () => open.delete(socket));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.on('disconnect', () => process.exit());
