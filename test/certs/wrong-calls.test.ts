import { createCertificateAuthority, issueServingCertificate } from 'irsa/certs';
import { describe, expect, it } from 'vitest';

const pair = { privateKeyPem: 'not looked at yet' };

describe('wrong calls are said in words', () => {
  it.each([
    ['an authority without options', createCertificateAuthority, {}, /keyPair: expected an object/],
    ['a certificate without options', issueServingCertificate, {}, /keyPair: expected an object/],
    [
      'a certificate without authority',
      issueServingCertificate,
      { keyPair: pair },
      /authority: expected an object/,
    ],
    [
      'names that are no list',
      issueServingCertificate,
      { keyPair: pair, authority: pair, dnsNames: 'x' },
      /dnsNames: expected a list/,
    ],
  ])('%s', async (_what, verb, options, message) => {
    await expect(verb(options as never)).rejects.toThrow(message);
  });
});
