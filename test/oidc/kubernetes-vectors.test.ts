import { readFileSync } from 'node:fs';
import {
  buildDiscoveryDocument,
  buildIssuerDocuments,
  buildJwks,
  computeKeyId,
  readPublicKeys,
} from 'irsa/oidc';
import { expect, test } from 'vitest';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/oidc/${name}`, import.meta.url), 'utf8');

/** The key whose ID kubernetes/kubernetes holds stable in pkg/serviceaccount/keyid_test.go. */
const kubernetesRsaPem = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA249XwEo9k4tM8fMxV7zx
OhcrP+WvXn917koM5Qr2ZXs4vo26e4ytdlrV0bQ9SlcLpQVSYjIxNfhTZdDt+ecI
zshKuv1gKIxbbLQMOuK1eA/4HALyEkFgmS/tleLJrhc65tKPMGD+pKQ/xhmzRuCG
51RoiMgbQxaCyYxGfNLpLAZK9L0Tctv9a0mJmGIYnIOQM4kC1A1I1n3EsXMWmeJU
j7OTh/AjjCnMnkgvKT2tpKxYQ59PgDgU8Ssc7RDSmSkLxnrv+OrN80j6xrw0OjEi
B4Ycr0PqfzZcvy8efTtFQ/Jnc4Bp1zUtFXt7+QeevePtQ2EcyELXE0i63T1CujRM
WwIDAQAB
-----END PUBLIC KEY-----
`;
/** What its OpenID metadata test expects for the key above and its ECDSA test key. */
const kubernetesJwks =
  '{"keys":[{"use":"sig","kty":"RSA","kid":"JHJehTTTZlsspKHT-GaJxK7Kd1NQgZJu3fyK6K_QDYU","alg":"RS256","n":"249XwEo9k4tM8fMxV7zxOhcrP-WvXn917koM5Qr2ZXs4vo26e4ytdlrV0bQ9SlcLpQVSYjIxNfhTZdDt-ecIzshKuv1gKIxbbLQMOuK1eA_4HALyEkFgmS_tleLJrhc65tKPMGD-pKQ_xhmzRuCG51RoiMgbQxaCyYxGfNLpLAZK9L0Tctv9a0mJmGIYnIOQM4kC1A1I1n3EsXMWmeJUj7OTh_AjjCnMnkgvKT2tpKxYQ59PgDgU8Ssc7RDSmSkLxnrv-OrN80j6xrw0OjEiB4Ycr0PqfzZcvy8efTtFQ_Jnc4Bp1zUtFXt7-QeevePtQ2EcyELXE0i63T1CujRMWw","e":"AQAB"},{"use":"sig","kty":"EC","kid":"SoABiieYuNx4UdqYvZRVeuC6SihxgLrhLy9peHMHpTc","crv":"P-256","alg":"ES256","x":"H6cuzP8XuD5wal6wf9M6xDljTOPLX2i8uIp_C_ASqiI","y":"BlHnikLV9PyEd6gl8k4T_3Wwoh6xd79XLoQTh2PAi1Y"}]}';

test('the key ID of Kubernetes’ own stability test', async () => {
  const { keys } = await readPublicKeys(kubernetesRsaPem);
  expect(keys.map(({ kid }) => kid)).toEqual(['JHJehTTTZlsspKHT-GaJxK7Kd1NQgZJu3fyK6K_QDYU']);
  expect(await computeKeyId(keys[0]!)).toBe('JHJehTTTZlsspKHT-GaJxK7Kd1NQgZJu3fyK6K_QDYU');
});

test('the key set and algorithms of Kubernetes’ own metadata test, byte for byte', async () => {
  const { keys } = await readPublicKeys(kubernetesJwks);
  expect(keys.every((key) => key.declaredKid === undefined)).toBe(true);
  const jwks = await buildJwks(keys);
  expect(JSON.stringify(jwks)).toBe(kubernetesJwks);
  const document = buildDiscoveryDocument({
    issuer: 'https://issuer.example.com',
    jwks,
    profile: 'kubernetes',
  });
  expect(JSON.stringify(document)).toBe(
    '{"issuer":"https://issuer.example.com","jwks_uri":"https://issuer.example.com/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["ES256","RS256"]}',
  );
});

test('the documents that kube-apiserver 1.37 served, byte for byte, with their headers', async () => {
  const recorded = fixture('kube-apiserver-jwks.json');
  const { keys } = await readPublicKeys(recorded);
  const [discovery, jwks] = await buildIssuerDocuments({
    issuer: 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com',
    keys,
    profile: 'kubernetes',
  });
  const headers = JSON.parse(fixture('kube-apiserver-document-headers.json'));
  expect(jwks).toMatchObject({
    body: recorded,
    contentType: headers.jwks['content-type'],
    cacheControl: headers.jwks['cache-control'],
  });
  expect(discovery).toMatchObject({
    body: fixture('kube-apiserver-openid-configuration.json'),
    contentType: headers.discovery['content-type'],
    cacheControl: headers.discovery['cache-control'],
  });
});
