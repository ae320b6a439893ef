import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';

const issuer = s3Issuer({ bucket: 'my-oidc', region: 'eu-west-1' });
const { keys } = await readPublicKeys(await readFile('sa.pub'));
for (const { path, body } of await buildIssuerDocuments({ issuer, keys })) {
  await mkdir(dirname(join('site', path)), { recursive: true });
  await writeFile(join('site', path), body);
}
