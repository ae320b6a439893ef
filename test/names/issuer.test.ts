import fc from 'fast-check';
import { issuerHostPath, parseIssuer } from 'irsa/oidc';
import { IssuerError } from 'irsa/errors';
import { describe, expect, it } from 'vitest';

describe('parseIssuer', () => {
  it.each([
    'https://oidc.example.com',
    'https://oidc.example.com/',
    'https://oidc.example.com/clusters/one',
    'https://OIDC.example.com',
    'https://oidc.example.com:8443',
    'https://xn--mnchen-3ya.example.com',
    'https://my_cluster.example.com',
    'https://203.0.113.7/a',
    'https://[2001:db8::1]/a',
    `https://oidc.example.com/${'a'.repeat(230)}`,
  ])('%s is taken and given back as it is', (value) => {
    expect(parseIssuer(value)).toBe(value);
    expect(`https://${issuerHostPath(value)}`).toBe(value);
  });

  it.each<[value: unknown, words: RegExp]>([
    ['', /an https URL/],
    [undefined, /an https URL/],
    [7, /an https URL/],
    ['oidc.example.com', /begins with https/],
    ['http://oidc.example.com', /begins with https/],
    ['HTTPS://oidc.example.com', /begins with https/],
    ['https://', /not a URL|a host/],
    ['https:///clusters/one', /a host/],
    ['https://.', /a host/],
    ['https://oidc..example.com', /a host/],
    ['https://*.example.com', /a host/],
    ['https://oidc.example.com:port', /not a URL|a host/],
    ['https://oidc.example.com?a=b', /no query/],
    ['https://oidc.example.com/?', /no query/],
    ['https://oidc.example.com#a', /no fragment/],
    ['https://oidc.example.com\\a', /no backslash|a host/],
    ['https://user@oidc.example.com', /without user information/],
    ['https://user:secret@oidc.example.com', /without user information/],
    ['https://@oidc.example.com', /without user information/],
    [' https://oidc.example.com', /without spaces/],
    ['https://oidc.example.com\n', /without spaces/],
    ['https://oidc.example.com/a b', /without spaces/],
    ['https://münchen.example.com', /punycode/],
    [`https://oidc.example.com/${'a'.repeat(231)}`, /at most 255 characters \(256 given\)/],
    [`https://oidc.example.com/${'a'.repeat(1_000_000)}`, /at most 255 characters/],
  ])('%j is refused in words', (value, words) => {
    const act = (): unknown => parseIssuer(value as string);
    expect(act).toThrow(IssuerError);
    expect(act).toThrow(words);
    expect(act).not.toThrow(/secret/);
  });

  it('takes nothing whose host a URL parser reads otherwise, but for its case', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.webUrl({ validSchemes: ['https'] }),
          fc.string().map((text) => `https://${text}`),
        ),
        (value) => {
          let issuer: string;
          try {
            issuer = parseIssuer(value);
          } catch (error) {
            expect(error).toBeInstanceOf(IssuerError);
            return;
          }
          expect(issuer).toBe(value);
          const authority = value.slice('https://'.length).split('/')[0]!;
          expect(new URL(value).host.replace(/:443$/, '')).toBe(
            new URL(`https://${authority}`).host,
          );
          expect(authority).not.toBe('');
        },
      ),
      { numRuns: 1000 },
    );
  });
});
