/** The one region of the run. */
export const region = 'us-west-2';

/** The account that the verifier plays. */
export const accountId = '000000000000';

/** Documentation addresses (RFC 5737): the verifier refuses issuers on loopback and private ones. */
export const addresses = { s3: '198.51.100.10', sts: '198.51.100.11' } as const;

const s3Host = `s3.${region}.amazonaws.com`;

/** AWS host names that lead to the verifier inside the namespace. */
const stsHosts = [
  `sts.${region}.amazonaws.com`,
  'sts.us-east-1.amazonaws.com',
  'sts.amazonaws.com',
  'iam.amazonaws.com',
] as const;

/** A public name that leads to a private address: a verifier that followed it could be made to read its own network. */
export const privateHost = 'private.issuer.example';

/** A name that leads to a server whose certificate is for others. */
export const misnamedHost = 'misnamed.issuer.example';

/** The name of the webhook's Service; no cluster network leads it anywhere, so the hosts file does. */
export const webhookHost = 'irsa-webhook.irsa-system.svc';

/** A bucket's virtual host. */
export const bucketHost = (bucket: string): string => `${bucket}.${s3Host}`;

/** Names for the verifier's certificate. */
export const certificateNames: readonly string[] = [s3Host, `*.${s3Host}`, ...stsHosts];

/** The `/etc/hosts` of the namespace; a hosts file knows no wildcard, so each bucket is named. */
export function hostsFile(buckets: readonly string[]): string {
  const line = (address: string, names: readonly string[]): string =>
    `${address} ${names.join(' ')}\n`;
  return [
    line('127.0.0.1', ['localhost', webhookHost]),
    line(addresses.s3, [s3Host, misnamedHost, ...buckets.map(bucketHost)]),
    line(addresses.sts, stsHosts),
    line('10.0.0.1', [privateHost]),
  ].join('');
}
