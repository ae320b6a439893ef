import { describe, expect, it } from 'vitest';
import { brokenPods } from './broken-pods.js';
import { brokenSetUps, doublyBrokenSetUps, dubiousSetUps } from './broken-set-ups.js';

/** What people were seen to fail at, theme by theme, and the set-ups that are built for it, by their `what`. */
const themes: Readonly<Record<string, readonly string[]>> = {
  'a changed issuer invalidates live tokens': [
    'a pod from before the issuer was changed',
    'provider of the old issuer',
    'condition key of the old issuer',
  ],
  'several issuers in the wrong order, the wrong one signs': [
    'the list of issuers was sorted, and the internal one signs',
    'the old issuer is still the first one after a migration',
  ],
  'the distribution has set the flags already': [
    'the distribution’s own issuer, ours was never set',
    'an issuer over http',
  ],
  'API servers that are not configured alike': ['two API servers with different keys'],
  'x509: unknown authority, failing open and silent': [
    'an authority that the bundle does not have',
    'empty CA bundle',
    'the webhook was down, failurePolicy Ignore',
  ],
  'the CA was rotated, and the CA bundle is stale': [
    'stale CA bundle',
    'the CA went stale after the pod was made',
  ],
  'serving certificates: no SAN, expired, not renewed': [
    'a certificate with a common name only',
    'an expired certificate',
    'a certificate that ends tomorrow',
  ],
  'buckets block ACLs and public policies since April 2023': [
    'issuer 403: public access block',
    'only the JWKS 403',
  ],
  'a trailing slash': [
    'provider with a trailing slash',
    'token issuer with a trailing slash',
    'discovery issuer with a trailing slash (the 2019 walk-through)',
  ],
  'a typo in the audience, or the audience of another tool': [
    'audience with a typo',
    'provider without client ID sts.amazonaws.com',
    'trust policy asks for the audience of kops',
  ],
  thumbprints: ['stale thumbprint', 'certificate for another name (a bucket name with dots)'],
  'an issuer that only a private network reaches': [
    'an issuer that only this network reaches',
    'the API server’s address as issuer',
    'issuer cuts the connection',
  ],
  'key rotation in the wrong order': [
    'key rotated, new key not published',
    'a key of the API server that is not published yet',
    'a key that the cluster itself does not know',
  ],
  'surplus or broken items in the JWKS': ['101 keys', 'published key that is broken'],
  'a publisher that fails and publishes no keys': [
    'JWKS is empty: the publisher could not read the cluster',
  ],
  'two mounts at one path': ['two mounts at one path (Istio, the Go webhook)'],
  'pods from before the annotation': ['annotated after the pod was made'],
  'annotations under a key that is almost right': ['annotation eks.amazon.com/role-arn'],
};

const built = new Set(
  [...brokenSetUps, ...doublyBrokenSetUps, ...dubiousSetUps, ...brokenPods].map(({ what }) => what),
);

describe('the themes that people report', () => {
  it.each(Object.entries(themes))('%s', (_, whats) => {
    expect(whats.filter((what) => !built.has(what))).toEqual([]);
    expect(whats.length).toBeGreaterThan(0);
  });

  it('no two set-ups have one name', () => {
    const all = [...brokenSetUps, ...doublyBrokenSetUps, ...dubiousSetUps, ...brokenPods];
    expect(built.size).toBe(all.length);
  });
});
