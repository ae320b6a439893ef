import { CertificateError, IamLimitError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';
import { assertWithinLimit, iamLimits } from './limits.js';
import type { OidcProviderSpec } from './types.js';

/** What {@link buildOidcProvider} needs. */
export interface OidcProviderOptions {
  readonly issuer: Issuer | string;
  /** IAM's client IDs; default `['sts.amazonaws.com']`. */
  readonly audiences?: readonly string[];
  /**
   * SHA-1 thumbprints, hex, colons and case as you like; default none: IAM fetches one itself, and reads it only for hosts
   * whose certificate no public CA has signed. See `certificateThumbprint`.
   */
  readonly thumbprints?: readonly string[];
  /** Default none. */
  readonly tags?: Readonly<Record<string, string>>;
}

const assertAudience = (audience: unknown): void => {
  if (typeof audience !== 'string' || audience === '') {
    throw new IamLimitError(
      `audience: IAM takes 1 to ${iamLimits.clientIdLength} characters, got ${typeof audience === 'string' ? 'an empty string' : typeof audience}; the usual audience is sts.amazonaws.com`,
      { path: 'audiences', expected: 'a non-empty string' },
    );
  }
  assertWithinLimit(
    'length of an audience (client ID)',
    audience.length,
    iamLimits.clientIdLength,
    'shorten it',
  );
};

const normaliseThumbprint = (thumbprint: string): string => {
  const hex = typeof thumbprint === 'string' ? thumbprint.replaceAll(':', '').toLowerCase() : '';
  if (/^[0-9a-f]{40}$/.test(hex)) return hex;
  throw new CertificateError(
    `thumbprint: expected 40 hex digits (SHA-1), got ${JSON.stringify(thumbprint).slice(0, 80)}; compute it with certificateThumbprint(), or leave it out`,
    { path: 'thumbprints', expected: '40 hex digits' },
  );
};

/** What IAM and S3 take in keys and values. */
const isTagText = (text: unknown): boolean =>
  typeof text === 'string' && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text);

/** Tags within IAM's limits, sorted by key; S3 takes as many and as long. */
export const checkTags = (tags: Readonly<Record<string, string>>): Record<string, string> => {
  const entries = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  assertWithinLimit('tags of a resource', entries.length, iamLimits.tagsPerResource, 'remove some');
  for (const [key, value] of entries) {
    if (key === '' || /^aws:/i.test(key) || !isTagText(key) || !isTagText(value)) {
      throw new IamLimitError(
        `tag ${JSON.stringify(key)}: IAM takes non-empty keys outside the reserved aws: space, and of letters, digits, spaces and _.:/=+-@ only; rename it`,
        { path: `tags.${key}` },
      );
    }
    assertWithinLimit(
      `length of tag key ${JSON.stringify(key.slice(0, 40))}`,
      key.length,
      iamLimits.tagKeyLength,
      'shorten it',
    );
    assertWithinLimit(
      `length of tag ${JSON.stringify(key)}`,
      value.length,
      iamLimits.tagValueLength,
      'shorten it',
    );
  }
  return Object.fromEntries(entries);
};

/**
 * The IAM OIDC provider of an issuer, within IAM's limits.
 *
 * @throws {@link IssuerError} `ERR_ISSUER`
 * @throws {@link IamLimitError} `ERR_IAM_LIMIT`, naming the limit
 * @throws {@link CertificateError} `ERR_CERTIFICATE` for a thumbprint that is none
 * @example
 * ```ts
 * import { buildOidcProvider } from 'irsa/iam';
 * const provider = buildOidcProvider({ issuer: 'https://oidc.example.com' });
 * console.log(provider.audiences); // [ 'sts.amazonaws.com' ]
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html | IAM: CreateOpenIDConnectProvider}
 */
export function buildOidcProvider(options: OidcProviderOptions): OidcProviderSpec {
  const { issuer, audiences = ['sts.amazonaws.com'], thumbprints = [], tags = {} } = options;
  for (const audience of audiences) assertAudience(audience);
  const spec = {
    url: parseIssuer(issuer),
    audiences: [...new Set(audiences)],
    thumbprints: [...new Set(thumbprints.map(normaliseThumbprint))],
    tags: checkTags(tags),
  };
  if (spec.audiences.length === 0) {
    throw new IamLimitError(
      'audiences: a provider without an audience accepts no token; name at least one, or leave the option out',
      { path: 'audiences' },
    );
  }
  assertWithinLimit(
    'audiences (client IDs) of an OIDC provider',
    spec.audiences.length,
    iamLimits.clientIdsPerProvider,
    'use one audience for all workloads',
  );
  assertWithinLimit(
    'thumbprints of an OIDC provider',
    spec.thumbprints.length,
    iamLimits.thumbprintsPerProvider,
    'keep those of the certificates in use',
  );
  return spec;
}
