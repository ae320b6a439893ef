import { DeleteBucketPolicyCommand, DeleteObjectCommand } from '@aws-sdk/client-s3';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument } from 'irsa/oidc';
import { buildTrustPolicy } from 'irsa/iam';
import type { TrustPolicy } from 'irsa/iam';
import { accountId, misnamedHost, privateHost, region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { SigningKeyFiles } from '../environment/signing-key.js';
import type { VerifyingAws } from '../environment/start-aws.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import { projectedClaims, signToken } from '../setup/sign-token.js';

const bucket = 'irsa-oidc-refusals';

/** Each makes an issuer of its own, because the verifier keeps what it has read from an issuer for five minutes. */
const brokenIssuers = [
  'slash',
  'no-jwks',
  'lost-jwks',
  'http-jwks',
  'html-jwks',
  'empty-jwks',
  'crowded-jwks',
  'forbidden',
  'other-audience',
  'unregistered',
  'private',
  'misnamed',
] as const;
type BrokenIssuer = (typeof brokenIssuers)[number];
const brokenBucket = (fault: BrokenIssuer): string => `${bucket}-${fault}`;

/** The buckets whose host names must resolve. */
export const refusalBuckets: readonly string[] = [bucket, ...brokenIssuers.map(brokenBucket)];

/** One request that must be refused. */
export interface Refusal {
  readonly id: string;
  readonly token: string;
  readonly roleArn: string;
  readonly durationSeconds?: number;
  readonly sessionName?: string;
  readonly policy?: string;
  readonly providerId?: string;
  /** What the verifier answers. */
  readonly code: string;
  readonly message: RegExp;
  /** What AWS answers, where the verifier words it in another way: the short list of its differences. */
  readonly aws?: { readonly code: string; readonly message: RegExp } | 'not predicted';
  /** What `irsa doctor` must find. */
  readonly finding: string;
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
const incorrectAudience = /^Incorrect token audience$/;
const tooLongForRole =
  /^The requested DurationSeconds exceeds the MaxSessionDuration set for this role\.$/;

const reader = { namespace: 'default', name: 'reader' } as const;
const subjects = [reader] as const;

/** A sound issuer with a role for each way in which a trust policy is wrong, and the tokens for it. */
interface Ground {
  readonly issuer: string;
  readonly key: SigningKeyFiles;
  readonly stranger: SigningKeyFiles;
  readonly kid: string;
  readonly roleArn: string;
  readonly trusting: Readonly<Record<string, string>>;
  /** A sound token with changed claims; `undefined` takes a claim away. */
  readonly tokenWith: (
    changed: Readonly<Record<string, unknown>>,
    signer?: SigningKeyFiles,
    header?: { readonly alg: string; readonly kid?: string },
  ) => string;
}

/** All of them, and the request that must be allowed. */
export async function makeRefusalCases(
  world: World,
): Promise<{ readonly control: Refusal; readonly refused: readonly Refusal[] }> {
  const aws = await world.aws();
  const ground = await prepareGround(world, aws);
  const { roleArn } = ground;
  const control: Refusal = {
    ...{ id: 'control', token: ground.tokenWith({}), roleArn },
    ...{ code: '', message: /^$/, finding: '' },
  };
  return {
    control,
    refused: [
      ...claimCases(ground),
      ...signatureCases(ground, await kidOf(ground.stranger)),
      ...trustCases(ground),
      ...callCases(ground),
      ...(await brokenCases(aws, ground.key)),
    ],
  };
}

async function prepareGround(world: World, aws: VerifyingAws): Promise<Ground> {
  const key = makeSigningKey(world.data, 'sa', 'RSA-2048');
  const stranger = makeSigningKey(world.data, 'stranger', 'RSA-2048');
  const second = makeSigningKey(world.data, 'second', 'RSA-2048');
  const issuer = s3Issuer({ bucket, region });
  // Two keys: with a single one this verifier does not ask for the kid.
  await publishIssuer(aws, bucket, await documentsOf(issuer, key, second));
  await registerIssuer(aws, issuer);
  const kid = await kidOf(key);
  const role = (name: string, trustPolicy?: TrustPolicy): Promise<string> =>
    createRole(aws, {
      name,
      issuer,
      subjects,
      ...(trustPolicy === undefined ? {} : { trustPolicy }),
    });
  const sound = buildTrustPolicy({ issuer, accountId, subjects });
  const [statement] = sound.Statement;
  const path = issuer.replace('https://', '');
  const withCondition = (
    condition: (typeof sound.Statement)[number]['Condition'],
  ): TrustPolicy => ({
    ...sound,
    Statement: [{ ...statement!, Condition: condition! }],
  });
  const elsewhere = buildTrustPolicy({ issuer: 'https://other.example.com', accountId, subjects });
  const trusting = {
    'another-provider': await role('refusals-another-provider', elsewhere),
    'a-wildcard-as-text': await role(
      'refusals-wildcard',
      withCondition({
        StringEquals: {
          [`${path}:aud`]: 'sts.amazonaws.com',
          [`${path}:sub`]: 'system:serviceaccount:*:reader',
        },
      }),
    ),
    'another-audience': await role(
      'refusals-another-audience',
      withCondition({ StringEquals: { [`${path}:aud`]: 'sts.amazonaws.com.cn' } }),
    ),
    'any-audience': await role(
      'refusals-any-audience',
      buildTrustPolicy({ issuer, accountId, subjects, audience: null }),
    ),
    nobody: await role('refusals-deny', {
      ...sound,
      Statement: [...sound.Statement, { ...statement!, Effect: 'Deny' }],
    }),
  };
  const claims = projectedClaims({
    issuer,
    namespace: reader.namespace,
    serviceAccount: reader.name,
    now: new Date(),
    lifetimeSeconds: 3600,
  });
  return {
    issuer,
    key,
    stranger,
    kid,
    roleArn: await role('refusals'),
    trusting,
    tokenWith: (changed, signer = key, header = { alg: 'RS256', kid }) =>
      signToken({
        privateKeyPem: signer.privateKeyPem,
        header,
        claims: JSON.parse(JSON.stringify({ ...claims, ...changed })) as Record<string, unknown>,
      }),
  };
}

const invalidToken = { code: 'InvalidIdentityToken', message: couldNotBeValidated } as const;

const atAws = (message: RegExp, code = 'InvalidIdentityToken'): Pick<Refusal, 'aws'> => ({
  aws: { code, message },
});

function claimCases({ issuer, roleArn, tokenWith }: Ground): readonly Refusal[] {
  const now = Math.floor(Date.now() / 1000);
  const sub = (namespace: string, name: string): string =>
    `system:serviceaccount:${namespace}:${name}`;
  const invalid = { ...invalidToken, roleArn };
  const missing = (claim: string): Refusal => ({
    ...invalid,
    ...atAws(new RegExp(`^Missing a required claim: ${claim}\\.?$`)),
    id: `missing-${claim}`,
    token: tokenWith({ [claim]: undefined }),
    finding: 'token-claim-missing',
  });
  return [
    {
      ...invalid,
      ...{ id: 'other-service-account', finding: 'trust-subject-name' },
      token: tokenWith({ sub: sub('default', 'writer') }),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...invalid,
      ...{ id: 'other-namespace', finding: 'trust-subject-namespace' },
      token: tokenWith({ sub: sub('kube-system', 'reader') }),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...invalid,
      ...{ id: 'other-audience', finding: 'token-audience-wrong' },
      token: tokenWith({ aud: ['sts.amazonaws.com.cn'] }),
      ...atAws(incorrectAudience),
    },
    {
      ...invalid,
      ...{ id: 'token-for-the-api-server', finding: 'token-is-api-token' },
      token: tokenWith({ aud: ['https://kubernetes.default.svc.cluster.local'] }),
      ...atAws(incorrectAudience),
    },
    {
      ...invalid,
      ...{ id: 'two-audiences', finding: 'token-multiple-audiences' },
      token: tokenWith({ aud: ['sts.amazonaws.com', 'https://kubernetes.default.svc'] }),
      message: severalAudiences,
    },
    {
      ...invalid,
      ...{ id: 'other-authorized-party', finding: 'token-authorized-party-unknown' },
      token: tokenWith({ azp: 'somebody' }),
    },
    {
      ...invalid,
      ...{ id: 'not-before-in-the-future', finding: 'token-not-yet-valid' },
      token: tokenWith({ nbf: now + 3600 }),
    },
    {
      ...invalid,
      ...{ id: 'issuer-with-trailing-slash', finding: 'provider-trailing-slash' },
      token: tokenWith({ iss: `${issuer}/` }),
      ...atAws(noProvider),
    },
    {
      ...invalid,
      ...{ id: 'unregistered-issuer', finding: 'provider-other-issuer' },
      token: tokenWith({ iss: 'https://other.example.com' }),
      ...atAws(noProvider),
    },
    {
      ...invalid,
      ...{ id: 'expired', finding: 'token-expired' },
      token: tokenWith({ iat: now - 7200, nbf: now - 7200, exp: now - 301 }),
      ...{ code: 'ExpiredTokenException', message: expired },
    },
    { ...missing('iat'), message: /^Missing a required claim: iat\.?$/ },
    missing('sub'),
    missing('exp'),
    missing('aud'),
    { ...missing('iss'), code: 'AccessDenied', message: notAuthorized },
    {
      ...invalid,
      ...{ id: 'expiry-null', finding: 'token-timestamp-invalid' },
      token: tokenWith({ exp: null }),
      ...atAws(/^Invalid timestamp in token claims\.$/),
    },
    {
      ...invalid,
      ...{ id: 'subject-null', finding: 'token-subject-null' },
      token: tokenWith({ sub: null }),
      ...atAws(/^Unknown error validating third-party token$/, 'InternalFailure'),
    },
  ];
}

function signatureCases(
  { key, stranger, kid, roleArn, tokenWith }: Ground,
  strangersKid: string,
): readonly Refusal[] {
  const invalid = { ...invalidToken, roleArn };
  const header = { alg: 'RS256', kid };
  return [
    {
      ...invalid,
      ...{ id: 'bad-signature', finding: 'token-signature-invalid' },
      token: tokenWith({}, stranger),
    },
    {
      ...invalid,
      ...{ id: 'unknown-kid', finding: 'jwks-key-missing' },
      token: tokenWith({}, key, { ...header, kid: 'unknown' }),
      ...atAws(noVerificationKey),
    },
    {
      ...invalid,
      ...{ id: 'foreign-key', finding: 'jwks-key-missing' },
      token: tokenWith({}, stranger, { ...header, kid: strangersKid }),
      ...atAws(noVerificationKey),
    },
    {
      ...invalid,
      ...{ id: 'no-kid', finding: 'token-without-kid' },
      token: tokenWith({}, key, { alg: 'RS256' }),
      ...atAws(noVerificationKey),
    },
    {
      ...invalid,
      ...{ id: 'alg-none', finding: 'token-algorithm-unsupported' },
      token: tokenWith({}, key, { ...header, alg: 'none' }),
      ...atAws(notAJwt),
    },
    {
      ...invalid,
      id: 'garbage',
      finding: 'token-not-a-jwt',
      token: 'this is not a token',
      message: notAJwt,
    },
  ];
}

function trustCases({ trusting, tokenWith }: Ground): readonly Refusal[] {
  const token = tokenWith({});
  const denied = { token, code: 'AccessDenied', message: notAuthorized } as const;
  const role = (name: string): string => trusting[name]!;
  return [
    {
      ...denied,
      id: 'unknown-role',
      finding: 'role-missing',
      roleArn: `arn:aws:iam::${accountId}:role/nobody`,
    },
    {
      ...denied,
      ...{ id: 'role-of-another-account', finding: 'sts-denied-unexplained' },
      roleArn: 'arn:aws:iam::111122223333:role/refusals',
      // Nobody here can look into that account; AWS looks for the provider there first.
      ...atAws(noProvider),
    },
    {
      ...denied,
      ...{ id: 'trust-of-another-provider', finding: 'trust-principal' },
      roleArn: role('another-provider'),
    },
    { ...denied, id: 'trust-denies', finding: 'trust-denied', roleArn: role('nobody') },
    {
      ...{ ...denied, ...invalidToken, id: 'trust-with-a-wildcard-as-text' },
      finding: 'trust-subject-wildcard',
      roleArn: role('a-wildcard-as-text'),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...{ ...denied, ...invalidToken, id: 'trust-of-another-audience' },
      finding: 'trust-audience',
      roleArn: role('another-audience'),
      ...atAws(notAuthorized, 'AccessDenied'),
    },
    {
      ...{ ...denied, ...invalidToken, id: 'audience-unknown-to-the-provider' },
      finding: 'token-audience-wrong',
      token: tokenWith({ aud: ['sts.example.com'] }),
      roleArn: role('any-audience'),
      ...atAws(incorrectAudience),
    },
  ];
}

function callCases({ roleArn, tokenWith }: Ground): readonly Refusal[] {
  const token = tokenWith({});
  const validation = { token, roleArn, code: 'ValidationError' } as const;
  return [
    {
      ...validation,
      id: 'too-long',
      finding: 'call-duration-invalid',
      durationSeconds: 43_201,
      message: /durationSeconds/,
    },
    {
      ...validation,
      id: 'too-short',
      finding: 'call-duration-invalid',
      durationSeconds: 899,
      message: /durationSeconds/,
    },
    {
      ...{ ...validation, id: 'longer-than-the-role-allows', finding: 'role-max-session' },
      durationSeconds: 7200,
      message: tooLongForRole,
    },
    ...Object.entries({ 'with-a-space': 'a b', 'too-short': 'a', 'too-long': 'a'.repeat(65) }).map(
      ([name, sessionName]): Refusal => ({
        ...{ ...validation, id: `session-name-${name}`, finding: 'call-session-name-invalid' },
        sessionName,
        message: /roleSessionName/,
      }),
    ),
    ...Object.entries({ short: 'abc', long: `${token}${'a'.repeat(20_000)}` }).map(
      ([name, wrong]): Refusal => ({
        ...{ ...validation, id: `token-too-${name}`, finding: 'token-length', token: wrong },
        message: /webIdentityToken/,
      }),
    ),
    {
      ...{ ...validation, id: 'role-arn-too-short', finding: 'call-role-arn-invalid' },
      roleArn: 'arn:aws:iam::role/x',
      message: /roleArn/,
    },
    {
      ...{ ...validation, id: 'policy-too-long', finding: 'call-policy-invalid' },
      policy: `{"Version":"2012-10-17","Statement":[]${' '.repeat(2048)}}`,
      message: /policy/,
    },
    {
      ...{ ...validation, id: 'provider-id', finding: 'call-provider-id' },
      providerId: 'www.amazon.com',
      code: 'InvalidInput',
      message: /^ProviderId is not supported by this implementation\.$/,
      ...atAws(/^Provided Token is not a Login With Amazon token$/),
    },
    {
      ...{ ...validation, id: 'policy-malformed', finding: 'call-policy-invalid' },
      policy: '{"Version":"2012-10-17","Statement":"all"}',
      code: 'MalformedPolicyDocument',
      message: /./,
      aws: 'not predicted',
    },
  ];
}

/** What the doctor must say of each. */
const brokenFindings: Readonly<Record<BrokenIssuer, string>> = {
  slash: 'discovery-trailing-slash',
  // S3 says 403 of what is not there; the policy leaves it out too.
  'no-jwks': 'issuer-bucket-policy',
  'lost-jwks': 'issuer-not-found',
  'http-jwks': 'discovery-jwks-uri',
  'html-jwks': 'jwks-not-json',
  'empty-jwks': 'jwks-empty',
  'crowded-jwks': 'jwks-too-many-keys',
  forbidden: 'issuer-bucket-policy',
  'other-audience': 'provider-audience-missing',
  unregistered: 'provider-missing',
  private: 'issuer-private-address',
  misnamed: 'issuer-tls',
};

/** Issuers that are registered and trusted, but whose documents the verifier cannot use. */
async function brokenCases(aws: VerifyingAws, key: SigningKeyFiles): Promise<Refusal[]> {
  const cases: Refusal[] = [];
  for (const fault of brokenIssuers) {
    const issuer =
      fault === 'private' || fault === 'misnamed'
        ? `https://${fault === 'private' ? privateHost : misnamedHost}`
        : s3Issuer({ bucket: brokenBucket(fault), region });
    const [discovery, jwks] = (await documentsOf(issuer, key)) as [IssuerDocument, IssuerDocument];
    if (fault !== 'private' && fault !== 'misnamed') {
      await publishIssuer(aws, brokenBucket(fault), breakDocuments(fault, discovery, jwks));
      if (fault === 'lost-jwks') {
        await aws.s3.send(new DeleteObjectCommand({ Bucket: brokenBucket(fault), Key: jwks.path }));
      }
      if (fault === 'forbidden') {
        await aws.s3.send(new DeleteBucketPolicyCommand({ Bucket: brokenBucket(fault) }));
      }
    }
    const isForOthers = fault === 'other-audience';
    if (fault !== 'unregistered') {
      await registerIssuer(aws, issuer, isForOthers ? ['sts.amazonaws.com.cn'] : undefined);
    }
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
      ...(isForOthers
        ? { message: couldNotBeValidated, ...atAws(incorrectAudience) }
        : { message: noVerificationKey }),
      ...(fault === 'unregistered' && {
        ...{ code: 'AccessDenied', message: notAuthorized },
        ...atAws(noProvider),
      }),
      finding: brokenFindings[fault],
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
    case 'crowded-jwks':
      return [discovery, { ...jwks, body: crowd(jwks.body) }];
    case 'lost-jwks':
    case 'forbidden':
    case 'other-audience':
    case 'unregistered':
      return [discovery, jwks];
    case 'private':
    case 'misnamed':
      return [];
  }
}

/** One key more than STS takes; the right one is among them. */
function crowd(body: string): string {
  const { keys } = JSON.parse(body) as { keys: { kid: string }[] };
  const others = Array.from({ length: 100 }, (_, index) => ({ ...keys[0], kid: String(index) }));
  return JSON.stringify({ keys: [...keys, ...others] });
}

async function documentsOf(
  issuer: string,
  ...keys: readonly SigningKeyFiles[]
): Promise<IssuerDocument[]> {
  const pem = keys.map(({ publicKeyPem }) => publicKeyPem).join('');
  return buildIssuerDocuments({ issuer, keys: (await readPublicKeys(pem)).keys });
}

const kidOf = async (key: SigningKeyFiles): Promise<string> =>
  (await readPublicKeys(key.publicKeyPem)).keys[0]!.kid;
