import { createHash, createPublicKey } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { buildJwks, computeKeyId, jwkThumbprint, readPublicKeys } from 'irsa/oidc';
import { describe, expect, test } from 'vitest';

/** RFC 7638, section 3.1, and the second key of RFC 7517, appendix A.1. */
const rsaExample = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
};

/** RFC 7517, appendix A.2: private halves of the keys of A.1. */
const rsaPrivateExponent =
  'X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q';
const ecExample = {
  kty: 'EC',
  crv: 'P-256',
  x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
  y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
  use: 'enc',
  kid: '1',
};
const ecPrivateScalar = '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE';

test('RFC 7638, section 3.1: the thumbprint of the example', async () => {
  const { keys } = await readPublicKeys(rsaExample);
  expect(await jwkThumbprint(keys[0]!)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  expect(await computeKeyId(keys[0]!)).not.toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
});

describe('RFC 7517, appendix A', () => {
  test('A.1: the signing key is taken, the key for encryption left out by name', async () => {
    const set = { keys: [ecExample, rsaExample] };
    await expect(readPublicKeys(set)).rejects.toThrow(/use "enc"/);
    const { keys, omitted } = await readPublicKeys(set, { onUnsupported: 'omit' });
    expect(omitted).toEqual([{ why: 'a key for use "enc"', path: 'keys[0]' }]);
    expect(keys).toMatchObject([{ alg: 'RS256', declaredKid: '2011-04-29' }]);
    expect(keys[0]?.jwk).toMatchObject({ n: rsaExample.n, e: rsaExample.e });
  });

  test('A.2: private keys give the public ones of A.1', async () => {
    const { use, ...ecSigning } = ecExample;
    expect(use).toBe('enc');
    const material = JSON.stringify({
      keys: [
        { ...ecSigning, d: ecPrivateScalar },
        { ...rsaExample, d: rsaPrivateExponent },
      ],
    });
    const { keys } = await readPublicKeys(material);
    const text = JSON.stringify([keys, await buildJwks(keys)]);
    expect(keys.map(({ declaredKid }) => declaredKid)).toEqual(['1', '2011-04-29']);
    expect(text).not.toContain(ecPrivateScalar);
    expect(text).not.toContain(rsaPrivateExponent.slice(0, 40));
  });
});

describe('EC keys of RFC 7515 and RFC 7518', () => {
  const examples: Record<string, JWK & { kty: string }> = {
    'RFC 7515, A.3 (P-256)': {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    'RFC 7515, A.4 (P-521, with a leading zero octet)': {
      kty: 'EC',
      crv: 'P-521',
      x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
      y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
    },
    'RFC 7518, C (Alice)': {
      kty: 'EC',
      crv: 'P-256',
      x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
      y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
    },
    'RFC 7518, C (Bob)': {
      kty: 'EC',
      crv: 'P-256',
      x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
      y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
    },
  };

  test.each(Object.keys(examples))('%s', async (name) => {
    const example = examples[name]!;
    const { keys } = await readPublicKeys(example);
    expect(keys[0]?.jwk).toMatchObject(example);
    // Independent judges: OpenSSL for the SPKI digest, jose for the thumbprint.
    const spki = createPublicKey({ key: example, format: 'jwk' }).export({
      format: 'der',
      type: 'spki',
    });
    expect(keys[0]?.kid).toBe(createHash('sha256').update(spki).digest('base64url'));
    expect(await jwkThumbprint(keys[0]!)).toBe(await calculateJwkThumbprint(example));
  });
});

test('RFC 7518, section 6: numbers are written anew, minimal for RSA and of full length for EC', async () => {
  const padded = Buffer.concat([Buffer.of(0, 0), Buffer.from(rsaExample.n, 'base64url')]);
  const { keys } = await readPublicKeys({
    ...rsaExample,
    n: padded.toString('base64url'),
    e: 'AAABAAE',
  });
  expect(keys[0]?.jwk).toMatchObject({ n: rsaExample.n, e: 'AQAB' });
  const y =
    'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2';
  const short = Buffer.from(y, 'base64url').subarray(1).toString('base64url');
  const x =
    'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk';
  const ec = await readPublicKeys({ kty: 'EC', crv: 'P-521', x, y: short });
  expect(ec.keys[0]?.jwk).toMatchObject({ x, y });
});
