import { generateServerIdentity, type ServerIdentity } from 'irsa/certs';
import { buildTrustPolicy } from 'irsa/iam';
import { generateSigningKey, type SigningKey } from 'irsa/oidc';
import {
  mintServiceAccountToken,
  startLocalAws,
  startLocalIssuer,
  type LocalAws,
  type LocalAwsOptions,
  type LocalIssuer,
  type LocalOidcProvider,
  type ServiceAccountTokenOptions,
} from 'irsa/testing';

/** The set-up that every case starts from: healthy, then broken in one place. */
export const issuerUrl = 'https://oidc.irsa.test/cluster-1';
export const clock: Date = new Date('2026-11-23T12:00:00Z');

/** Keys and TLS identity are dear (RSA); one set serves all cases of a file. */
export interface Material {
  readonly signing: SigningKey;
  readonly other: SigningKey;
  readonly ec: SigningKey;
  readonly tls: ServerIdentity;
  /** Of another host. */
  readonly wrongTls: ServerIdentity;
}

export async function createMaterial(): Promise<Material> {
  const [signing, other, ec, tls, wrongTls] = await Promise.all([
    generateSigningKey(),
    generateSigningKey(),
    generateSigningKey({ algorithm: 'ES256' }),
    generateServerIdentity({
      dnsNames: ['oidc.irsa.test', 'localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    generateServerIdentity({ dnsNames: ['elsewhere.test'] }),
  ]);
  return { signing, other, ec, tls, wrongTls };
}

/** What STS answered. */
export interface StsReply {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly body: string;
}

/** A running set-up. */
export interface LocalIrsa {
  readonly aws: LocalAws;
  readonly issuer: LocalIssuer;
  readonly material: Material;
  readonly roleArn: string;
  mint(changes?: Partial<ServiceAccountTokenOptions>): Promise<string>;
  assume(parameters: Readonly<Record<string, string>>): Promise<StsReply>;
  close(): Promise<void>;
}

export interface LocalIrsaOptions {
  readonly aws?: LocalAwsOptions;
  readonly provider?: Partial<LocalOidcProvider> | null;
  readonly trustPolicy?: unknown;
  readonly role?: null;
  readonly publishedKeys?: unknown;
  readonly wrongCertificate?: boolean;
  readonly maxSessionDurationSeconds?: number;
}

/** Starts issuer and AWS, registers one with the other, and creates the role. */
export async function startLocalIrsa(
  material: Material,
  options: LocalIrsaOptions = {},
): Promise<LocalIrsa> {
  const issuer = await startLocalIssuer({
    keys: options.publishedKeys ?? material.signing.publicKeyPem,
    issuer: issuerUrl,
    tls: options.wrongCertificate === true ? material.wrongTls : material.tls,
  });
  const aws = await startLocalAws({
    tls: false,
    now: () => clock,
    fetchDocument: issuer.fetchDocument,
    ...options.aws,
  });
  if (options.provider !== null) {
    await aws.createOpenIDConnectProvider({ url: issuerUrl, ...options.provider });
  }
  const roleArn = `arn:aws:iam::${aws.accountId}:role/s3-echoer`;
  if (options.role !== null) {
    await aws.createRole({
      roleName: 's3-echoer',
      trustPolicy: options.trustPolicy ?? healthyTrustPolicy(aws.accountId),
      ...(options.maxSessionDurationSeconds === undefined
        ? {}
        : { maxSessionDurationSeconds: options.maxSessionDurationSeconds }),
    });
  }
  return {
    aws,
    issuer,
    material,
    roleArn,
    mint: (changes) =>
      mintServiceAccountToken({
        privateKeyPem: material.signing.privateKeyPem,
        issuer: issuerUrl,
        namespace: 'default',
        serviceAccount: 's3-echoer',
        now: clock,
        ...changes,
      }),
    assume: (parameters) => assume(aws.endpoint, { RoleArn: roleArn, ...parameters }),
    close: async () => {
      await Promise.all([aws.close(), issuer.close()]);
    },
  };
}

export const healthyTrustPolicy = (accountId: string): unknown =>
  buildTrustPolicy({
    issuer: issuerUrl,
    accountId,
    subjects: [{ namespace: 'default', name: 's3-echoer' }],
  });

async function assume(
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
): Promise<StsReply> {
  const response = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleSessionName: 'pod',
      ...parameters,
    }),
  });
  const body = await response.text();
  const text = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`)
      .exec(body)?.[1]
      ?.replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
  const code = text('Code');
  const message = text('Message');
  return {
    status: response.status,
    body,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
  };
}
