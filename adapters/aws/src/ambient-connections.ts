import type { Agent } from 'node:https';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

type Environment = Readonly<Record<string, string | undefined>>;

const proxyVariables = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'];

/**
 * Connections as the AWS CLI makes them, and the SDK by itself does not: through the proxies of the environment, with the
 * authorities of `AWS_CA_BUNDLE`, or of the profile's `ca_bundle`, beside the platform's, and with an end to waiting.
 */
export async function ambientConnections(
  env: Environment,
  caBundle?: string,
): Promise<NonNullable<S3ClientConfig['requestHandler']>> {
  const limits = { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true };
  const ca = await (env['AWS_CA_BUNDLE'] === undefined
    ? authorities('ca_bundle of the profile', caBundle)
    : authorities('AWS_CA_BUNDLE', env['AWS_CA_BUNDLE']));
  const proxied = proxyVariables.some((name) => env[name] ?? env[name.toLowerCase()]);
  if (!proxied) return ca === undefined ? limits : { ...limits, httpsAgent: { ca } };
  const { ProxyAgent } = await import('proxy-agent');
  const agent = new ProxyAgent({ keepAlive: true, ...(ca === undefined ? {} : { ca }) });
  // The same agent does for both: it looks at each request's address, and at NO_PROXY.
  return { ...limits, httpAgent: agent, httpsAgent: agent as unknown as Agent };
}

const authorities = async (
  setting: string,
  file: string | undefined,
): Promise<string[] | undefined> => {
  if (file === undefined || file === '') return undefined;
  const [{ readFile }, { rootCertificates }] = await Promise.all([
    import('node:fs/promises'),
    import('node:tls'),
  ]);
  try {
    return [...rootCertificates, await readFile(file, 'utf8')];
  } catch (cause) {
    throw new Error(
      `${setting}: expected a PEM file, ${file} cannot be read; correct the setting, or remove it`,
      { cause },
    );
  }
};
