import type { UnverifiedToken } from './check-token.js';
import type { JsonObject } from './read-json.js';
import { makeFault } from './make-finding.js';
import { stsErrors } from './sts-errors.js';
import type { Fault } from './types.js';

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

/** The public members of a key; undefined where one is missing. */
function publicMembers(key: JsonObject): Record<string, string> | undefined {
  const names = key['kty'] === 'RSA' ? ['kty', 'n', 'e'] : ['kty', 'crv', 'x', 'y'];
  const members = names.map((name) => [name, key[name]] as const);
  return members.every(
    (member): member is readonly [string, string] => typeof member[1] === 'string',
  )
    ? Object.fromEntries(members)
    : undefined;
}

/** Checks the token's signature with the published key, through Web Crypto. */
export async function checkSignature(token: UnverifiedToken, key: JsonObject): Promise<Fault[]> {
  const alg = String(token.header['alg']);
  const hash = `SHA-${alg.slice(2)}`;
  const algorithm =
    key['kty'] === 'RSA'
      ? { name: 'RSASSA-PKCS1-v1_5', hash }
      : { name: 'ECDSA', hash, namedCurve: curves[alg] ?? '' };
  const jwk = publicMembers(key);
  const kid = JSON.stringify(key['kid']);
  let imported;
  try {
    if (jwk === undefined) throw new TypeError('members are missing');
    imported = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  } catch {
    return [
      makeFault(
        'jwks-key-unusable',
        `kid ${kid}, kty ${JSON.stringify(key['kty'])}, token alg ${alg}`,
        stsErrors.notValidated,
      ),
    ];
  }
  const binary = atob(
    token.signature
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .padEnd(Math.ceil(token.signature.length / 4) * 4, '='),
  );
  const valid = await crypto.subtle.verify(
    algorithm,
    imported,
    Uint8Array.from(binary, (character) => character.charCodeAt(0)),
    new TextEncoder().encode(token.signingInput),
  );
  return valid
    ? []
    : [
        makeFault(
          'token-signature-invalid',
          `kid ${kid} is published, and is not the key that signed`,
          stsErrors.notValidated,
        ),
      ];
}
