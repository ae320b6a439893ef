import {
  buildIssuerDocuments,
  checkIssuerDocuments,
  generateSigningKey,
  readPublicKeys,
} from 'irsa/oidc';
import { startLocalIssuer, type LocalIssuer } from 'irsa/testing';
import { story, type Stage } from '../story.js';

/** The issuer as the later steps use it. */
export interface PublishedIssuer {
  readonly privateKeyPem: string;
  readonly kid: string;
  /** The JWKS as it was fetched. */
  readonly jwks: string;
  readonly server: LocalIssuer;
  readonly detail: string;
}

/** Makes a signing key, builds the discovery document and the JWKS, and serves both over https as the issuer. */
export async function publishIssuer({
  tell,
  breaks,
  tls,
  ports,
  cleanUp,
  check,
}: Stage): Promise<PublishedIssuer> {
  const { privateKeyPem, publicKeyPem, kid } = await generateSigningKey({
    algorithm: 'RS256',
    modulusLength: 2048,
  });
  const { keys } = await readPublicKeys(publicKeyPem);
  const documents = await buildIssuerDocuments({ issuer: story.issuer, keys });
  const server = await startLocalIssuer({
    issuer: story.issuer,
    tls,
    keys: breaks.jwksWithoutKey === true ? (await generateSigningKey()).publicKeyPem : publicKeyPem,
    ...(ports.issuer === undefined ? {} : { port: ports.issuer }),
  });
  cleanUp(() => server.close());

  const served: string[] = [];
  for (const { url, body, contentType } of documents) {
    const fetched = Buffer.from((await server.fetchDocument(url)).body).toString();
    served.push(fetched);
    tell(`${url}  ${contentType}, ${body.length} bytes`);
  }
  const [discovery = '', jwks = ''] = served;
  const [finding] = checkIssuerDocuments({
    issuer: story.issuer,
    discovery,
    jwks,
    requireKids: [kid],
  });
  check(
    finding === undefined,
    `served documents: ${finding?.title ?? ''} (${finding?.evidence ?? ''})`,
  );
  check(
    documents.every(({ body }, index) => body === served[index]),
    'served documents: not the bytes that were built',
  );
  return { privateKeyPem, kid, jwks, server, detail: `${story.issuer} serves key ${kid}` };
}
