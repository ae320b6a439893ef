import { S3Client } from '@aws-sdk/client-s3';
import { s3Issuer, type S3IssuerOptions } from 'irsa/oidc';
import { describe, expect, test } from 'vitest';

/** The official SDK's own endpoint rules are the judge. */
const sdkUrl = ({ bucket, region, style, dualStack = false }: S3IssuerOptions): string => {
  const client = new S3Client({ region });
  const { url } = client.config.endpointProvider({
    Bucket: bucket,
    Region: region,
    UseDualStack: dualStack,
    ForcePathStyle: style === 'path',
  });
  return url.href.replace(/\/$/, '');
};

const regions = [
  'us-east-1',
  'eu-west-1',
  'ap-southeast-5',
  'mx-central-1',
  'il-central-1',
  'cn-north-1',
  'cn-northwest-1',
  'us-gov-west-1',
  'us-gov-east-1',
  'eusc-de-east-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'us-isof-south-1',
  'eu-isoe-west-1',
];

describe.each(regions)('%s', (region) => {
  test.each([
    [{ style: 'virtual-hosted', dualStack: false }],
    [{ style: 'virtual-hosted', dualStack: true }],
    [{ style: 'path', dualStack: false }],
    [{ style: 'path', dualStack: true }],
  ] as const)('%o: the URL that the official SDK uses', (form) => {
    const options = { bucket: 'my-oidc', region, ...form };
    expect(s3Issuer(options)).toBe(sdkUrl(options));
  });
});

test('the defaults, and a bucket with dots in path style', () => {
  expect(s3Issuer({ bucket: 'my-oidc', region: 'eu-west-1' })).toBe(
    'https://my-oidc.s3.eu-west-1.amazonaws.com',
  );
  expect(s3Issuer({ bucket: 'my.oidc', region: 'eu-west-1', style: 'path' })).toBe(
    'https://s3.eu-west-1.amazonaws.com/my.oidc',
  );
});

test.each([
  ['ab', /3 to 63/],
  ['a'.repeat(64), /3 to 63/],
  ['My-oidc', /lower-case/],
  ['my_oidc', /lower-case/],
  ['-oidc', /begin and end/],
  ['oidc-', /begin and end/],
  ['my..oidc', /two dots/],
  ['192.168.0.1', /IP address/],
  ['xn--oidc', /prefixes/],
  ['sthree-oidc', /prefixes/],
  ['amzn-s3-demo-oidc', /prefixes/],
  ['oidc-s3alias', /suffixes/],
  ['oidc--ol-s3', /suffixes/],
  ['oidc.mrap', /suffixes/],
  ['oidc--x-s3', /suffixes/],
  ['oidc--table-s3', /suffixes/],
  ['my.oidc', /without dots.*certificate/],
  ['a/b', /lower-case/],
  ['a.b@c', /lower-case/],
  ['', /3 to 63/],
])('bucket %s is refused in words', (bucket, words) => {
  expect(() => s3Issuer({ bucket, region: 'eu-west-1' })).toThrow(
    expect.objectContaining({
      code: 'ERR_ISSUER',
      message: expect.stringMatching(words) as string,
    }),
  );
});

test.each([
  '',
  'EU',
  'eu',
  'eu-west',
  'eu-west-1a',
  'eu-west-1.evil.example',
  'aws-global',
  'eu-west-1/x',
])('region %s is refused', (region) => {
  expect(() => s3Issuer({ bucket: 'my-oidc', region })).toThrow(
    expect.objectContaining({ code: 'ERR_ISSUER', path: 'region' }),
  );
});

test('what is no string is a wrong call', () => {
  expect(() => s3Issuer({ bucket: 7 as never, region: 'eu-west-1' })).toThrow(TypeError);
  const options = { bucket: 'my-oidc', region: 'eu-west-1', style: 'website' };
  expect(() => s3Issuer(options as never)).toThrow(TypeError);
});
