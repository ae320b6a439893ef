// The whole program, in process: watches, lookup, metrics, logs. Speaks JSON over stdio with the suite.
import { readFileSync } from 'node:fs';
import { createLineWriter, createLogger, parseOptions, runWebhook } from 'irsa-webhook';

const { folder, apiPort } = JSON.parse(process.argv[2]);
const { options } = parseOptions(
  [
    '--bind-address=127.0.0.1',
    '--port=0',
    '--metrics-port=0',
    `--tls-cert=${folder}/tls.crt`,
    `--tls-key=${folder}/tls.key`,
    '--aws-default-region=us-west-2',
    '--sts-regional-endpoint=true',
    '--lame-duck=0',
  ],
  {},
);
const { write } = createLineWriter((text) => process.stderr.write(text)); // as main.ts does
const caPem = readFileSync(`${folder}/ca.crt`, 'utf8');
const webhook = await runWebhook({
  options,
  loadAccess: async () => ({ host: '127.0.0.1', port: apiPort, caPem, headers: {} }),
  log: createLogger({ level: 'info', write }),
});
process.stdout.write(`${JSON.stringify({ port: webhook.port })}\n`);
