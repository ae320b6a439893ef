import { explainWebIdentity } from 'irsa/diagnose';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { accountId, privateHost, region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { SigningKeyFiles } from '../environment/signing-key.js';
import type { VerifyingAws } from '../environment/start-aws.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { gatherFacts } from '../setup/gather-facts.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import { projectedClaims, signToken } from '../setup/sign-token.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-refusals';

/** Each makes an issuer of its own, because the verifier keeps what it has read from an issuer for five minutes. */
const brokenIssuers = [
  'slash',
  'no-jwks',
  'http-jwks',
  'html-jwks',
  'empty-jwks',
  'private',
] as const;
type BrokenIssuer = (typeof brokenIssuers)[number];
const brokenBucket = (fault: BrokenIssuer): string => `${bucket}-${fault}`;

/** Everything that the verifier refuses, with the code and the words of AWS. */
export const refusals: Scenario = {
  id: 'refusals',
  about: 'what STS must refuse is refused, with the code and the words of AWS',
  parts: ['versitygw'],
  buckets: [bucket, ...brokenIssuers.map(brokenBucket)],
  run,
};

/** One request that must be refused. */
interface Refusal {
  readonly id: string;
  readonly token: string;
  readonly roleArn: string;
  readonly durationSeconds?: number;
  readonly sessionName?: string;
  /** What the verifier answers. */
  readonly code: string;
  readonly message: RegExp;
  /** What AWS answers, where the verifier words it in another way: the short list of its differences. */
  readonly aws?: { readonly code: string; readonly message: RegExp };
}

const couldNotBeValidated =
  /^The web identity token provided could not be validated\. See the AssumeRoleWithWebIdentity documentation for requirements\.$/;
const noVerificationKey =
  /^Couldn't retrieve verification key from your identity provider, {2}please reference AssumeRoleWithWebIdentity documentation for requirements$/;
const severalAudiences =
  /^Token audience contains more than one audience while authorized party is not present$/;
const notAJwt =
  /^The ID Token provided is not a valid JWT\. \(You may see this error if you sent an Access Token\)$/;
const expired =
  /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/;
const noProvider = /^No OpenIDConnect provider found in your account for https:/;
const notAuthorized = /^Not authorized to perform sts:AssumeRoleWithWebIdentity$/;

async function run(world: World): Promise<string> {
  const aws = await world.aws();
  const { ca } = world.certificates;
  const cases = await makeCases(world, aws);
  const control = cases.find(({ id }) => id === 'control')!;
  const allowed = await assumeRole({ ca, ...control });
  if (!allowed.ok) throw new Error(`the control is refused: ${allowed.code}: ${allowed.message}`);
  const wrong: string[] = [];
  const refused = cases.filter((one) => one !== control);
  for (const one of refused) {
    const answer = await assumeRole({ ca, ...one });
    if (answer.ok) wrong.push(`${one.id}: credentials were given`);
    else if (!matches(one, answer)) {
      wrong.push(
        `${one.id}: expected ${one.code} ${String(one.message)}, got ${answer.code}: ${answer.message}`,
      );
    }
    const { stsError } = await explainWebIdentity(await gatherFacts(aws, ca, one));
    if (!matches(one.aws ?? one, stsError)) {
      wrong.push(
        `${one.id}: explained as ${stsError === undefined ? 'no error' : `${stsError.code}: ${stsError.message}`}`,
      );
    }
  }
  const diagnosis = await explainWebIdentity(await gatherFacts(aws, ca, control));
  if (diagnosis.verdict !== 'ok') {
    wrong.push(
      `control: explained as ${diagnosis.verdict}: ${diagnosis.findings.map(({ id }) => id).join(', ')}`,
    );
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const different = refused.filter(({ aws: atAws }) => atAws !== undefined).length;
  return `${String(refused.length)} requests refused (${String(different)} in other words than AWS's), each explained as AWS words it; the control allowed`;
}

const matches = (
  expected: { readonly code: string; readonly message: RegExp },
  actual: { readonly code: string; readonly message: string } | undefined,
): boolean => actual?.code === expected.code && expected.message.test(actual.message);

async function makeCases(world: World, aws: VerifyingAws): Promise<Refusal[]> {
  const key = makeSigningKey(world.data, 'sa', 'RSA-2048');
  const stranger = makeSigningKey(world.data, 'stranger', 'RSA-2048');
  const issuer = s3Issuer({ bucket, region });
  await publishIssuer(aws, bucket, await documentsOf(issuer, key));
  await registerIssuer(aws, issuer);
  const subjects = [{ namespace: 'default', name: 'reader' }];
  const roleArn = await createRole(aws, { name: 'refusals', issuer, subjects });
  const kid = await kidOf(key);
  const claims = projectedClaims({
    issuer,
    namespace: 'default',
    serviceAccount: 'reader',
    now: new Date(),
    lifetimeSeconds: 3600,
  });
  const header = { alg: 'RS256', kid };
  const tokenWith = (changed: Record<string, unknown>, signer = key, head = header): string =>
    signToken({
      privateKeyPem: signer.privateKeyPem,
      header: head,
      claims: JSON.parse(JSON.stringify({ ...claims, ...changed })),
    });
  const now = Math.floor(Date.now() / 1000);
  const token = tokenWith({});
  const sub = (namespace: string, name: string) => `system:serviceaccount:${namespace}:${name}`;
  const invalid = { roleArn, code: 'InvalidIdentityToken', message: couldNotBeValidated };
  const validation = { token, roleArn, code: 'ValidationError' };
  const atAws = (message: RegExp, code = 'InvalidIdentityToken') => ({ aws: { code, message } });
  const missing = (claim: string): Refusal => ({
    ...invalid,
    ...atAws(new RegExp(`^Missing a required claim: ${claim}\\.?$`)),
    id: `missing-${claim}`,
    token: tokenWith({ [claim]: undefined }),
  });
  return [
    { ...invalid, id: 'control', token },
    {
      ...invalid,
      id: 'other-service-account',
      token: tokenWith({ sub: sub('default', 'writer') }),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...invalid,
      id: 'other-namespace',
      token: tokenWith({ sub: sub('kube-system', 'reader') }),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...invalid,
      id: 'other-audience',
      token: tokenWith({ aud: ['sts.amazonaws.com.cn'] }),
      ...atAws(/^Incorrect token audience$/),
    },
    {
      ...invalid,
      id: 'two-audiences',
      token: tokenWith({ aud: ['sts.amazonaws.com', 'https://kubernetes.default.svc'] }),
      message: severalAudiences,
    },
    { ...invalid, id: 'bad-signature', token: tokenWith({}, stranger) },
    {
      ...invalid,
      id: 'unknown-kid',
      token: tokenWith({}, key, { ...header, kid: 'unknown' }),
      ...atAws(noVerificationKey),
    },
    {
      ...invalid,
      id: 'foreign-key',
      token: tokenWith({}, stranger, { ...header, kid: await kidOf(stranger) }),
      ...atAws(noVerificationKey),
    },
    {
      ...invalid,
      id: 'alg-none',
      token: tokenWith({}, key, { ...header, alg: 'none' }),
      ...atAws(notAJwt),
    },
    { ...invalid, id: 'not-before-in-the-future', token: tokenWith({ nbf: now + 3600 }) },
    {
      ...invalid,
      id: 'issuer-with-trailing-slash',
      token: tokenWith({ iss: `${issuer}/` }),
      ...atAws(noProvider),
    },
    {
      ...invalid,
      id: 'unregistered-issuer',
      token: tokenWith({ iss: 'https://other.example.com' }),
      ...atAws(noProvider),
    },
    {
      ...invalid,
      id: 'expired',
      token: tokenWith({ iat: now - 7200, nbf: now - 7200, exp: now - 301 }),
      code: 'ExpiredTokenException',
      message: expired,
    },
    { ...invalid, id: 'garbage', token: 'this is not a token', message: notAJwt },
    { ...missing('iat'), message: /^Missing a required claim: iat\.?$/ },
    missing('sub'),
    missing('exp'),
    missing('aud'),
    { ...missing('iss'), code: 'AccessDenied', message: notAuthorized },
    {
      id: 'unknown-role',
      token,
      roleArn: `arn:aws:iam::${accountId}:role/nobody`,
      code: 'AccessDenied',
      message: notAuthorized,
    },
    { ...validation, id: 'too-long', durationSeconds: 43_201, message: /durationSeconds/ },
    { ...validation, id: 'too-short', durationSeconds: 899, message: /durationSeconds/ },
    {
      ...validation,
      id: 'longer-than-the-role-allows',
      durationSeconds: 7200,
      message: /^The requested DurationSeconds exceeds the MaxSessionDuration set for this role\.$/,
    },
    { ...validation, id: 'bad-session-name', sessionName: 'a b', message: /roleSessionName/ },
    ...(await brokenCases(aws, key)),
  ];
}

/** Issuers that are registered and trusted, but whose documents the verifier cannot use. */
async function brokenCases(aws: VerifyingAws, key: SigningKeyFiles): Promise<Refusal[]> {
  const cases: Refusal[] = [];
  for (const fault of brokenIssuers) {
    const issuer =
      fault === 'private'
        ? `https://${privateHost}`
        : s3Issuer({ bucket: brokenBucket(fault), region });
    const [discovery, jwks] = (await documentsOf(issuer, key)) as [IssuerDocument, IssuerDocument];
    if (fault !== 'private') {
      await publishIssuer(aws, brokenBucket(fault), breakDocuments(fault, discovery, jwks));
    }
    await registerIssuer(aws, issuer);
    const roleArn = await createRole(aws, {
      name: `refusals-${fault}`,
      issuer,
      subjects: [{ namespace: 'default', name: 'reader' }],
    });
    const claims = projectedClaims({
      issuer,
      namespace: 'default',
      serviceAccount: 'reader',
      now: new Date(),
      lifetimeSeconds: 3600,
    });
    const header = { alg: 'RS256', kid: await kidOf(key) };
    const token = signToken({ privateKeyPem: key.privateKeyPem, header, claims });
    cases.push({
      id: `issuer-${fault}`,
      token,
      roleArn,
      code: 'InvalidIdentityToken',
      message: noVerificationKey,
    });
  }
  return cases;
}

function breakDocuments(
  fault: BrokenIssuer,
  discovery: IssuerDocument,
  jwks: IssuerDocument,
): readonly IssuerDocument[] {
  const content = JSON.parse(discovery.body) as { issuer: string; jwks_uri: string };
  const withContent = (changed: object): IssuerDocument => ({
    ...discovery,
    body: JSON.stringify({ ...content, ...changed }),
  });
  switch (fault) {
    case 'slash':
      return [withContent({ issuer: `${content.issuer}/` }), jwks];
    case 'no-jwks':
      return [discovery];
    case 'http-jwks':
      return [withContent({ jwks_uri: content.jwks_uri.replace('https:', 'http:') }), jwks];
    case 'html-jwks':
      return [discovery, { ...jwks, body: '<html>not here</html>' }];
    case 'empty-jwks':
      return [discovery, { ...jwks, body: '{"keys":[]}' }];
    case 'private':
      return [];
  }
}

const documentsOf = async (issuer: string, key: SigningKeyFiles): Promise<IssuerDocument[]> =>
  buildIssuerDocuments({ issuer, keys: (await readPublicKeys(key.publicKeyPem)).keys });

const kidOf = async (key: SigningKeyFiles): Promise<string> =>
  (await readPublicKeys(key.publicKeyPem)).keys[0]!.kid;
