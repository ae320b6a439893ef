import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { sendHttps } from '../clients/send-https.js';
import { accountId, addresses, region } from './hosts.js';
import type { Certificates } from './make-certificates.js';
import { startProcess } from './start-process.js';

/** The verifier: versitygw's IAM + STS service and its S3 gateway, with the account's administrator. */
export interface VerifyingAws {
  readonly administrator: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly iam: IAMClient;
  readonly s3: S3Client;
  /** The administrator's environment for a command, e.g. `irsa issuer apply`. */
  env(): Record<string, string>;
  stop(): Promise<void>;
}

/** Starts both services on the addresses that AWS's host names lead to. */
export async function startAws(options: {
  readonly binary: string;
  readonly certificates: Certificates;
  readonly data: string;
  readonly logs: string;
}): Promise<VerifyingAws> {
  const { binary, certificates, data, logs } = options;
  const administrator = {
    // The gateway takes the root's access key for the id of the account that owns a bucket (ExpectedBucketOwner).
    accessKeyId: accountId,
    secretAccessKey: randomBytes(20).toString('hex'),
  };
  const folder = (name: string): string => {
    mkdirSync(join(data, name));
    return join(data, name);
  };
  const socket = join(data, 'iam-private.sock');
  const start = (name: string, address: string, args: readonly string[]) =>
    startProcess({
      name,
      command: binary,
      args: [
        ...['--health', '/healthz', '--region', region, '--keep-alive', '--quiet'],
        ...['--access', administrator.accessKeyId, '--secret', administrator.secretAccessKey],
        ...[
          '--port',
          `${address}:443`,
          '--cert',
          certificates.certFile,
          '--key',
          certificates.keyFile,
        ],
        ...args,
      ],
      env: { SSL_CERT_FILE: certificates.caFile },
      logs,
      ready: async () => {
        const host = address === addresses.s3 ? `s3.${region}` : `sts.${region}`;
        const url = `https://${host}.amazonaws.com/healthz`;
        return (await sendHttps({ url, ca: certificates.ca })).status === 200;
      },
    });
  const iam = await start('iam', addresses.sts, [
    'iam',
    '--dir',
    folder('iam'),
    '--private-ports',
    socket,
  ]);
  const s3 = await start('s3', addresses.s3, [
    ...['--virtual-domain', `s3.${region}.amazonaws.com`, '--iam-standalone-endpoint', socket],
    ...['posix', folder('s3')],
  ]);
  const client = {
    region,
    credentials: administrator,
    requestHandler: new NodeHttpHandler({ httpsAgent: { ca: certificates.ca, keepAlive: true } }),
  };
  const clients = {
    iam: new IAMClient({ ...client, region: 'us-east-1' }),
    s3: new S3Client(client),
  };
  return {
    administrator,
    ...clients,
    env: () => ({
      AWS_ACCESS_KEY_ID: administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CA_BUNDLE: certificates.caFile,
      NODE_EXTRA_CA_CERTS: certificates.caFile,
    }),
    stop: async () => {
      clients.iam.destroy();
      clients.s3.destroy();
      await Promise.all([iam.stop(), s3.stop()]);
    },
  };
}
