import { X509Certificate } from 'node:crypto';
import { inspectCertificate, type CertificateAuthority } from 'irsa/certs';
import { fieldOf, stringField } from '../kubernetes/read-object.js';
import type { CertificatePair } from '../types.js';
import { assertPair } from '../watch-certificate.js';

/** An authority of the Secret and what its certificate says. */
export interface KnownAuthority extends CertificateAuthority {
  /** Fingerprint of the certificate. */
  readonly id: string;
  readonly notAfter: Date;
  /** An operator said that its key has leaked. */
  readonly hasLeaked?: true;
}

/** The pair that all replicas serve. */
export interface KnownServing extends CertificatePair {
  /** Id of the authority that signed it. */
  readonly authority: string;
  readonly notAfter: Date;
  readonly since?: Date;
}

/** What the replicas agree on. */
export interface CertificateState {
  readonly authorities: readonly KnownAuthority[];
  readonly serving?: KnownServing;
  /** When the webhook configuration's bundle was last about to be changed. */
  readonly caBundleChangedAt?: Date;
}

/** Nothing yet. */
export const emptyState: CertificateState = { authorities: [] };

/**
 * A state as far as it can be used now: what a clock that had jumped ahead left behind is no certificate yet, and a time that has not come
 * counts as now. No API server takes a certificate before its time; clocks that differ a little are borne by certificates that begin
 * five minutes before they are made.
 */
export function usableState(state: CertificateState, now: Date): CertificateState {
  const begins = ({ certificatePem }: { readonly certificatePem: string }): boolean =>
    new Date(new X509Certificate(certificatePem).validFrom).getTime() <= now.getTime();
  const past = (date: Date): Date => (date > now ? now : date);
  const { serving, caBundleChangedAt } = state;
  const authorities = state.authorities.filter(begins);
  const isServed =
    serving !== undefined &&
    begins(serving) &&
    authorities.some(({ id }) => id === serving.authority);
  return {
    authorities,
    ...(isServed && {
      serving: { ...serving, ...(serving.since !== undefined && { since: past(serving.since) }) },
    }),
    ...(caBundleChangedAt !== undefined && { caBundleChangedAt: past(caBundleChangedAt) }),
  };
}

/**
 * Reads the Secret. Whatever of it is missing, corrupt or edited by hand is left out, and so made anew: an authority that cannot be read or
 * cannot sign, a pair whose halves do not belong together, that no authority of ours has signed or that lacks the name `host`, by which
 * the API server calls.
 */
export async function readCertificateSecret(
  secret: unknown,
  host: string,
): Promise<CertificateState> {
  const authorities: KnownAuthority[] = [];
  for (const entry of parseList(decode(secret, 'authorities.json'))) {
    const authority = await readAuthority(entry);
    if (authority !== undefined && !authorities.some(({ id }) => id === authority.id)) {
      authorities.push(
        fieldOf(entry, 'hasLeaked') === true ? { ...authority, hasLeaked: true } : authority,
      );
    }
  }
  const serving = readServing(secret, authorities, host);
  const caBundleChangedAt = dateOf(decode(secret, 'ca-bundle-changed-at'));
  return {
    authorities,
    ...(serving !== undefined && { serving }),
    ...(caBundleChangedAt !== undefined && { caBundleChangedAt }),
  };
}

/** The same state after its Secret was read by somebody who should not have: no authority in it may sign again. */
export function leakedState(state: CertificateState): CertificateState {
  const authorities = state.authorities.map((one) => ({ ...one, hasLeaked: true as const }));
  return { ...state, authorities };
}

/** The Secret's data for a state; `ca.crt` is there for people. */
export function certificateSecretData(state: CertificateState): Readonly<Record<string, string>> {
  const { authorities, serving, caBundleChangedAt } = state;
  const texts = {
    'authorities.json': JSON.stringify(
      authorities.map(({ certificatePem, privateKeyPem, hasLeaked }) => ({
        certificatePem,
        privateKeyPem,
        hasLeaked,
      })),
    ),
    'ca.crt': authorities.map(({ certificatePem }) => certificatePem).join(''),
    'tls.crt': serving?.certificatePem ?? '',
    'tls.key': serving?.privateKeyPem ?? '',
    'serving-since': serving?.since?.toISOString() ?? '',
    'ca-bundle-changed-at': caBundleChangedAt?.toISOString() ?? '',
  };
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
}

/** An authority with its id. */
export async function knownAuthority(authority: CertificateAuthority): Promise<KnownAuthority> {
  const { fingerprint, notAfter } = await inspectCertificate(authority.certificatePem);
  return {
    id: fingerprint,
    notAfter,
    certificatePem: authority.certificatePem,
    privateKeyPem: authority.privateKeyPem,
  };
}

function decode(secret: unknown, key: string): string {
  return Buffer.from(stringField(secret, 'data', key) ?? '', 'base64').toString();
}

function parseList(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as unknown[]) : [];
  } catch {
    return [];
  }
}

async function readAuthority(entry: unknown): Promise<KnownAuthority | undefined> {
  const certificatePem = fieldOf(entry, 'certificatePem');
  const privateKeyPem = fieldOf(entry, 'privateKeyPem');
  if (typeof certificatePem !== 'string' || typeof privateKeyPem !== 'string') return undefined;
  try {
    assertPair({ certificatePem, privateKeyPem });
    const { ca, publicKey } = new X509Certificate(certificatePem);
    // Of what cannot sign, the longest-lived would be chosen again and again and end every renewal.
    if (!ca || publicKey.asymmetricKeyType !== 'rsa') return undefined;
    return await knownAuthority({ certificatePem, privateKeyPem });
  } catch {
    return undefined;
  }
}

function readServing(
  secret: unknown,
  authorities: readonly KnownAuthority[],
  host: string,
): KnownServing | undefined {
  const pair = {
    certificatePem: decode(secret, 'tls.crt'),
    privateKeyPem: decode(secret, 'tls.key'),
  };
  try {
    assertPair(pair);
    const certificate = new X509Certificate(pair.certificatePem);
    if (certificate.checkHost(host) === undefined) return undefined;
    const signer = authorities.find(({ certificatePem }) =>
      certificate.verify(new X509Certificate(certificatePem).publicKey),
    );
    if (signer === undefined) return undefined;
    const since = dateOf(decode(secret, 'serving-since'));
    return {
      ...pair,
      authority: signer.id,
      notAfter: new Date(certificate.validTo),
      ...(since !== undefined && { since }),
    };
  } catch {
    return undefined;
  }
}

function dateOf(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
