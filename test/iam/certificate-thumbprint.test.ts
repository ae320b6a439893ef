import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateThumbprint } from 'irsa/iam';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'irsa-thumbprint-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const selfSigned = (name: string): string => {
  const out = join(folder, `${name}.pem`);
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      join(folder, 'key.pem'),
      '-out',
      out,
    ],
    { stdio: 'pipe' },
  );
  return readFileSync(out, 'utf8');
};
const leaf = selfSigned('leaf');
const ca = selfSigned('ca');
const expected = (pem: string): string =>
  new X509Certificate(pem).fingerprint.replaceAll(':', '').toLowerCase();

describe('certificateThumbprint', () => {
  it('is that of the last certificate presented, as openssl prints it', async () => {
    const printed = execFileSync(
      'openssl',
      ['x509', '-noout', '-fingerprint', '-sha1', '-in', join(folder, 'ca.pem')],
      { encoding: 'utf8' },
    );
    const value = await certificateThumbprint(leaf + ca);
    expect(printed.trim().split('=')[1]?.replaceAll(':', '').toLowerCase()).toBe(value);
    expect(await certificateThumbprint(ca + leaf)).toBe(expected(leaf));
  });

  it.each<[string, string]>([
    ['Windows line ends', (leaf + ca).replaceAll('\n', '\r\n')],
    ['a BOM', `\uFEFF${leaf}${ca}`],
    ['no line end between', (leaf + ca).replaceAll('-----\n-----', '----------')],
    [
      'the text of openssl s_client',
      `depth=1 CN = ca\nverify return:1\n${leaf} 1 s:CN = ca\n${ca}Server Temp Key: X25519\n---\n`,
    ],
    ['a key after it', `${leaf}${ca}${readFileSync(join(folder, 'key.pem'), 'utf8')}`],
  ])('reads through %s', async (_, chain) => {
    expect(await certificateThumbprint(chain)).toBe(expected(ca));
  });

  it.each<[string, unknown]>([
    ['nothing', ''],
    ['no text', undefined],
    ['a key', readFileSync(join(folder, 'key.pem'), 'utf8')],
    ['an HTML page', '<!doctype html>'],
    ['a truncated certificate', ca.replace(/\n[^\n]+\n-----END/, '\n-----END')],
    ['no base64', '-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----'],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'],
    ['another DER type', '-----BEGIN CERTIFICATE-----\nAgEB\n-----END CERTIFICATE-----'],
    ['a length of four bytes', '-----BEGIN CERTIFICATE-----\nMIQAAAAA\n-----END CERTIFICATE-----'],
    ['an indefinite length', '-----BEGIN CERTIFICATE-----\nMIAAAA==\n-----END CERTIFICATE-----'],
    ['1 MB of garbage', 'x'.repeat(1_000_000)],
    ['many openings', '-----BEGIN CERTIFICATE-----'.repeat(20_000)],
  ])('refuses %s', async (_, chain) => {
    await expect(certificateThumbprint(chain as string)).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
    });
  });
});
