import { buildTrustPolicy } from 'irsa/iam';
import type { FindingId } from 'irsa/diagnose';
import type { LocalAwsFault, LocalIssuerFault, ServiceAccountTokenOptions } from 'irsa/testing';
import { clock, issuerUrl, type LocalIrsaOptions } from '../support/local-irsa.js';

/** One broken set-up: what is changed from the healthy one, and the true cause. */
export interface BrokenSetUp {
  readonly what: string;
  /** In the order in which STS meets them. */
  readonly causes: readonly FindingId[];
  readonly setUp?: LocalIrsaOptions;
  /** `OTHER` publishes another key, `BOTH` RSA and EC. */
  readonly publish?: 'other' | 'both';
  readonly issuerFault?: readonly LocalIssuerFault[];
  /** Builds the JWKS from the healthy key. */
  readonly jwks?: (key: Readonly<Record<string, unknown>>) => unknown;
  readonly token?: Partial<ServiceAccountTokenOptions>;
  readonly signWith?: 'other' | 'ec';
  /** The kid of the published key, in a token that another key signed. */
  readonly keepKid?: boolean;
  readonly rawToken?: (token: string) => string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly awsFault?: LocalAwsFault;
  /** Serves the issuer with a certificate for another host. */
  readonly wrongCertificate?: boolean;
  /** What the cluster's own API server publishes, and its command line. */
  readonly apiServer?: ApiServerSetUp;
  /** The addresses that the issuer's name leads to from where one looks. */
  readonly addresses?: readonly string[];
}

/** The API server of a set-up: it publishes documents of its own, as kube-apiserver does. */
export interface ApiServerSetUp {
  /** The first `--service-account-issuer`; default the published one. */
  readonly issuer?: string;
  /** The keys that it accepts; default the one that is published. */
  readonly keys?: 'signing' | 'other' | 'both';
  /** The command line of each server. */
  readonly flags?: readonly (readonly string[])[];
}

const seconds = Math.floor(clock.getTime() / 1000);
const hostPath = issuerUrl.slice('https://'.length);
const providerArn = `arn:aws:iam::111122223333:oidc-provider/${hostPath}`;
const sub = 'system:serviceaccount:default:s3-echoer';
const aud = 'sts.amazonaws.com';

const trust = (changes: Partial<Parameters<typeof buildTrustPolicy>[0]>): LocalIrsaOptions => ({
  trustPolicy: buildTrustPolicy({
    issuer: issuerUrl,
    accountId: '111122223333',
    subjects: [{ namespace: 'default', name: 's3-echoer' }],
    ...changes,
  }),
});
const statement = (changes: object): LocalIrsaOptions => ({
  trustPolicy: { Version: '2012-10-17', Statement: [{ ...allow(sub, aud), ...changes }] },
});
/** The healthy statement, and more of them. */
const statements = (...more: readonly object[]): LocalIrsaOptions => ({
  trustPolicy: { Version: '2012-10-17', Statement: [allow(sub, aud), ...more] },
});
const allow = (subject: string, audience: string): object => ({
  Effect: 'Allow',
  Principal: { Federated: providerArn },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: { StringEquals: { [`${hostPath}:sub`]: subject, [`${hostPath}:aud`]: audience } },
});
const tagged = {
  claims: { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } } },
};
const discovery = (changes: object): readonly LocalIssuerFault[] => [
  {
    document: 'discovery',
    kind: 'body',
    body: JSON.stringify({
      issuer: issuerUrl,
      jwks_uri: `${issuerUrl}/openid/v1/jwks`,
      ...changes,
    }),
  },
];
const one = (
  what: string,
  cause: FindingId,
  rest: Omit<BrokenSetUp, 'what' | 'causes'>,
): BrokenSetUp => ({
  what,
  causes: [cause],
  ...rest,
});
const reply = (what: string, cause: FindingId, awsFault: LocalAwsFault): BrokenSetUp =>
  one(what, cause, { awsFault });
const withRole = (what: string, RoleArn: string): BrokenSetUp =>
  one(what, 'call-role-arn-invalid', { parameters: { RoleArn } });

const internalIssuer = 'https://kubernetes.default.svc.cluster.local';
const issuerFlags = (...issuers: readonly string[]): readonly string[] => [
  'kube-apiserver',
  ...issuers.map((issuer) => `--service-account-issuer=${issuer}`),
  '--service-account-signing-key-file=/etc/kubernetes/pki/sa.key',
];

/** One fault each. */
export const brokenSetUps: readonly BrokenSetUp[] = [
  // The call
  withRole(
    'role ARN of an instance profile',
    'arn:aws:iam::111122223333:instance-profile/s3-echoer',
  ),
  withRole('role ARN of another partition', 'arn:aws-cn:iam::111122223333:role/s3-echoer'),
  withRole('role ARN that is none', 'arn:aws:iam::1111:role/s3-echoer'),
  withRole('role ARN of 19 letters', 'arn:aws:iam::role/x'),
  withRole('role ARN with a line end (a YAML block)', 'arn:aws:iam::111122223333:role/s3-echoer\n'),
  withRole('role ARN without a name', 'arn:aws:iam::111122223333:role/'),
  withRole('the role’s name instead of its ARN', 's3-echoer'),
  one('session name with a slash', 'call-session-name-invalid', {
    parameters: { RoleSessionName: 'default/s3-echoer' },
  }),
  one('session name of 65 letters', 'call-session-name-invalid', {
    parameters: { RoleSessionName: 'a'.repeat(65) },
  }),
  one('duration of ten minutes', 'call-duration-invalid', {
    parameters: { DurationSeconds: '600' },
  }),
  one('duration of a day', 'call-duration-invalid', { parameters: { DurationSeconds: '86400' } }),
  one('duration above the role’s', 'role-max-session', { parameters: { DurationSeconds: '7200' } }),
  one('session policy that is not JSON', 'call-policy-invalid', {
    parameters: { Policy: 'Version: 2012-10-17' },
  }),
  one('ProviderId for an OIDC token', 'call-provider-id', {
    parameters: { ProviderId: 'www.amazon.com' },
  }),
  // The API server
  one('the list of issuers was sorted, and the internal one signs', 'apiserver-issuer-order', {
    token: { issuer: internalIssuer },
    apiServer: { issuer: internalIssuer, flags: [issuerFlags(internalIssuer, issuerUrl)] },
  }),
  one('the old issuer is still the first one after a migration', 'apiserver-issuer-order', {
    token: { issuer: 'https://old.irsa.test' },
    apiServer: {
      issuer: 'https://old.irsa.test',
      flags: [issuerFlags('https://old.irsa.test', issuerUrl)],
    },
  }),
  one('the distribution’s own issuer, ours was never set', 'apiserver-issuer-internal', {
    token: { issuer: internalIssuer },
  }),
  one('the API server’s address as issuer', 'apiserver-issuer-internal', {
    token: { issuer: 'https://10.0.0.1:6443' },
    apiServer: { issuer: 'https://10.0.0.1:6443' },
  }),
  one('an issuer over http', 'apiserver-issuer-not-https', {
    token: { issuer: 'http://oidc.irsa.test/cluster-1' },
  }),
  one('an issuer that is no URL', 'apiserver-issuer-not-https', {
    token: { issuer: 'api' },
  }),
  one('a pod from before the issuer was changed', 'apiserver-issuer-changed', {
    token: { issuer: 'https://old.irsa.test' },
    apiServer: {},
  }),
  one('a key that the cluster itself does not know', 'apiserver-key-unknown', {
    signWith: 'other',
    apiServer: {},
  }),
  one('key rotated, the API server has it, and it is not published', 'jwks-key-missing', {
    signWith: 'other',
    apiServer: { keys: 'both' },
  }),
  // The token’s form
  one('empty token file', 'token-length', { rawToken: () => '' }),
  one('a whole log as token', 'token-length', { rawToken: () => 'x'.repeat(20_001) }),
  one('legacy opaque token', 'token-not-a-jwt', { rawToken: () => 'abcdef.0123456789abcdef' }),
  one('the word <token>', 'token-not-a-jwt', { rawToken: () => '<token>' }),
  one('two tokens in one file', 'token-not-a-jwt', { rawToken: (token) => `${token}\n${token}` }),
  one('stray text before the token', 'token-not-a-jwt', { rawToken: (token) => `Bearer ${token}` }),
  one('a token cut in the middle', 'token-not-a-jwt', {
    rawToken: (token) => token.slice(0, token.lastIndexOf('.') - 30),
  }),
  one('alg none', 'token-algorithm-unsupported', { token: { header: { alg: 'none' } } }),
  one('alg EdDSA', 'token-algorithm-unsupported', { token: { header: { alg: 'EdDSA' } } }),
  one('crit header', 'token-critical-header', { token: { header: { crit: ['b64'] } } }),
  one('a token without iss', 'token-claim-missing', { token: { claims: { iss: undefined } } }),
  one('a token without sub', 'token-claim-missing', { token: { claims: { sub: undefined } } }),
  one('a token without aud (a legacy Secret token)', 'token-claim-missing', {
    token: { claims: { aud: undefined } },
  }),
  one('a token without exp', 'token-claim-missing', { token: { claims: { exp: undefined } } }),
  one('a token without iat', 'token-claim-missing', { token: { claims: { iat: undefined } } }),
  one('sub null', 'token-subject-null', { token: { claims: { sub: null } } }),
  one('exp with a fraction', 'token-timestamp-invalid', {
    token: { claims: { exp: seconds + 60.5 } },
  }),
  one('nbf of text', 'token-timestamp-invalid', { token: { claims: { nbf: 'now' } } }),
  // Issuer and provider
  one('no provider', 'provider-missing', { setUp: { provider: null } }),
  one('provider with a trailing slash', 'provider-trailing-slash', {
    setUp: {
      provider: { url: `${issuerUrl}/` },
      ...statement({
        Principal: { Federated: `${providerArn}/` },
        Condition: { StringEquals: { [`${hostPath}/:sub`]: sub, [`${hostPath}/:aud`]: aud } },
      }),
    },
  }),
  one('provider with a trailing slash, trust policy without', 'provider-trailing-slash', {
    setUp: { provider: { url: `${issuerUrl}/` } },
  }),
  one('token issuer with a trailing slash', 'provider-trailing-slash', {
    token: { issuer: `${issuerUrl}/` },
    issuerFault: discovery({ issuer: `${issuerUrl}/` }),
  }),
  one('the cluster’s issuer alone has a trailing slash', 'provider-trailing-slash', {
    token: { issuer: `${issuerUrl}/` },
  }),
  one('the cluster’s issuer with the port of https', 'provider-other-issuer', {
    token: { issuer: issuerUrl.replace('irsa.test', 'irsa.test:443') },
  }),
  one('provider of the old issuer', 'provider-other-issuer', {
    setUp: {
      provider: { url: 'https://old.irsa.test' },
      ...trust({ issuer: 'https://old.irsa.test' }),
    },
  }),
  one('role in another account', 'provider-other-account', {
    parameters: { RoleArn: 'arn:aws:iam::999999999999:role/s3-echoer' },
  }),
  one('audience with a typo', 'token-audience-wrong', { token: { audience: 'sts.amazon.com' } }),
  one('the token for the Kubernetes API', 'token-is-api-token', {
    token: { audience: 'https://kubernetes.default.svc.cluster.local' },
  }),
  one('the token for the Kubernetes API, audience = issuer', 'token-is-api-token', {
    token: { audience: issuerUrl },
  }),
  one('provider without client ID sts.amazonaws.com', 'provider-audience-missing', {
    setUp: { provider: { audiences: ['amazonaws.com'] } },
  }),
  one('two audiences', 'token-multiple-audiences', { token: { audience: [aud, 'vault'] } }),
  one('azp that is no client ID', 'token-authorized-party-unknown', {
    token: { claims: { azp: 'kubernetes' } },
  }),
  // Time
  one('expired token (subPath mount, dead kubelet)', 'token-expired', {
    token: { now: new Date(clock.getTime() - 100_000_000) },
  }),
  one('expired for 301 s', 'token-expired', { token: { claims: { exp: seconds - 301 } } }),
  one('a token from the future', 'token-not-yet-valid', {
    token: { now: new Date(clock.getTime() + 3_600_000) },
  }),
  // Issuer documents
  one('issuer 403: public access block', 'issuer-forbidden', {
    issuerFault: [{ kind: 'status', status: 403 }],
  }),
  one('only the JWKS 403', 'issuer-forbidden', {
    issuerFault: [{ document: 'jwks', kind: 'status', status: 403 }],
  }),
  one('discovery document never uploaded', 'issuer-not-found', {
    issuerFault: [{ document: 'discovery', kind: 'status', status: 404 }],
  }),
  one('JWKS never uploaded', 'issuer-not-found', {
    issuerFault: [{ document: 'jwks', kind: 'status', status: 404 }],
  }),
  one('issuer 503', 'issuer-http-error', { issuerFault: [{ kind: 'status', status: 503 }] }),
  one('issuer redirects', 'issuer-redirect', {
    issuerFault: [{ kind: 'redirect', location: 'https://elsewhere.test/' }],
  }),
  one('an issuer that only this network reaches', 'issuer-private-address', {
    setUp: {
      aws: {
        fetchDocument: () =>
          Promise.reject(Object.assign(new Error('unreachable'), { code: 'EHOSTUNREACH' })),
      },
    },
    addresses: ['10.20.30.40', 'fd00::1'],
  }),
  one('issuer cuts the connection', 'issuer-unreachable', { issuerFault: [{ kind: 'reset' }] }),
  one('issuer never answers', 'issuer-timeout', { issuerFault: [{ kind: 'hang' }] }),
  one('JWKS slower than STS waits', 'issuer-timeout', {
    issuerFault: [{ document: 'jwks', kind: 'slow', delayMs: 600 }],
  }),
  one('discovery is an HTML page', 'discovery-not-json', {
    issuerFault: [{ document: 'discovery', kind: 'body', body: '<html></html>' }],
  }),
  one(
    'discovery issuer with a trailing slash (the 2019 walk-through)',
    'discovery-trailing-slash',
    { issuerFault: discovery({ issuer: `${issuerUrl}/` }) },
  ),
  one('discovery of another issuer', 'discovery-issuer-mismatch', {
    issuerFault: discovery({ issuer: 'https://other.test' }),
  }),
  one('jwks_uri over http', 'discovery-jwks-uri', {
    issuerFault: discovery({ jwks_uri: 'http://oidc.irsa.test/jwks' }),
  }),
  one('no jwks_uri', 'discovery-jwks-uri', { issuerFault: discovery({ jwks_uri: undefined }) }),
  one('JWKS is not JSON', 'jwks-not-json', {
    issuerFault: [{ document: 'jwks', kind: 'body', body: '-----BEGIN PUBLIC KEY-----' }],
  }),
  one('JWKS is a single JWK', 'jwks-not-json', { jwks: (key) => key }),
  one('JWKS is empty: the publisher could not read the cluster', 'jwks-empty', {
    jwks: () => ({ keys: [] }),
  }),
  one('key rotated, new key not published', 'jwks-key-missing', { signWith: 'other' }),
  one('JWKS of another cluster', 'jwks-key-missing', { publish: 'other' }),
  one('kid by another rule (RFC 7638)', 'jwks-key-missing', {
    jwks: (key) => ({ keys: [{ ...key, kid: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }] }),
  }),
  one('published key without kid', 'jwks-key-without-kid', {
    jwks: ({ kid, ...key }) => ({ keys: [{ ...key, x5t: kid }] }),
  }),
  one('published key with an empty kid only', 'jwks-key-without-kid', {
    jwks: (key) => ({ keys: [{ ...key, kid: '' }] }),
  }),
  one('published key for encryption', 'jwks-key-not-for-signing', {
    jwks: (key) => ({ keys: [{ ...key, use: 'enc' }] }),
  }),
  one('published key with key_ops', 'jwks-key-ops', {
    jwks: (key) => ({ keys: [{ ...key, key_ops: ['verify'] }] }),
  }),
  one('published key that is broken', 'jwks-key-unusable', {
    jwks: (key) => ({ keys: [{ ...key, e: undefined }] }),
  }),
  one('101 keys', 'jwks-too-many-keys', {
    jwks: (key) => ({
      keys: Array.from({ length: 101 }, (_, index) => ({
        ...key,
        kid: index === 0 ? key['kid'] : `old-${String(index)}`,
      })),
    }),
  }),
  one('a token without kid, two keys', 'token-without-kid', {
    token: { header: { kid: undefined } },
    jwks: (key) => ({ keys: [key, { ...key, kid: 'old' }] }),
  }),
  one('key replaced under the same kid', 'token-signature-invalid', {
    signWith: 'other',
    keepKid: true,
  }),
  one('claims changed after signing', 'token-signature-invalid', {
    rawToken: (token) => `${token.slice(0, -30)}${'A'.repeat(30)}`,
  }),
  // AWS’s own claims
  one('principal_tags of text', 'token-tags-invalid', {
    token: { claims: { 'https://aws.amazon.com/tags': { principal_tags: { team: 'a' } } } },
  }),
  one('roles claim without this role', 'token-roles-claim', {
    token: { claims: { 'https://aws.amazon.com/roles': ['arn:aws:iam::111122223333:role/other'] } },
  }),
  one('session tags without sts:TagSession', 'trust-tag-session', {
    token: { claims: { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } } } },
  }),
  one('session tags, and sts:TagSession for EC2 only', 'trust-tag-session', {
    token: tagged,
    setUp: statements({
      Effect: 'Allow',
      Principal: { Service: 'ec2.amazonaws.com' },
      Action: 'sts:TagSession',
    }),
  }),
  one('session tags, and sts:TagSession denied', 'trust-tag-session', {
    token: tagged,
    setUp: {
      ...statements(
        { Effect: 'Allow', Principal: { Federated: providerArn }, Action: 'sts:TagSession' },
        { Effect: 'Deny', Principal: '*', Action: 'sts:Tag*' },
      ),
    },
  }),
  // Role and trust policy
  one('no such role', 'role-missing', { setUp: { role: null } }),
  one('role annotated with a path that it does not have', 'role-missing', {
    parameters: { RoleArn: 'arn:aws:iam::111122223333:role/team/s3-echoer' },
  }),
  one('trust policy of another issuer', 'trust-principal', {
    setUp: trust({ issuer: 'https://other.test' }),
  }),
  one('trust policy of another account’s provider', 'trust-principal', {
    setUp: trust({ accountId: '999999999999' }),
  }),
  one('trust policy for EC2 only', 'trust-principal', {
    setUp: statement({ Principal: { Service: 'ec2.amazonaws.com' }, Condition: undefined }),
  }),
  one('Action sts:AssumeRole', 'trust-action', { setUp: statement({ Action: 'sts:AssumeRole' }) }),
  one('StringEquals with a wildcard', 'trust-subject-wildcard', {
    setUp: statement({
      Condition: {
        StringEquals: {
          [`${hostPath}:sub`]: 'system:serviceaccount:default:*',
          [`${hostPath}:aud`]: aud,
        },
      },
    }),
  }),
  one('trust policy of the other namespace', 'trust-subject-namespace', {
    setUp: trust({ subjects: [{ namespace: 'production', name: 's3-echoer' }] }),
  }),
  one('trust policy of the other service account', 'trust-subject-name', {
    setUp: trust({ subjects: [{ namespace: 'default', name: 'other' }] }),
  }),
  one('sub without system:serviceaccount:', 'trust-subject', {
    setUp: statement({
      Condition: {
        StringEquals: { [`${hostPath}:sub`]: 'default/s3-echoer', [`${hostPath}:aud`]: aud },
      },
    }),
  }),
  one('trust policy asks for the audience of kops', 'trust-audience', {
    setUp: trust({ audience: 'amazonaws.com' }),
  }),
  one(
    'the statement for this pod asks for another audience, one for somebody else stands first',
    'trust-audience',
    {
      setUp: {
        trustPolicy: {
          Version: '2012-10-17',
          Statement: [
            allow('system:serviceaccount:production:other', aud),
            allow(sub, 'amazonaws.com'),
          ],
        },
      },
    },
  ),
  one('of two statements the second one is off by the name only', 'trust-subject-name', {
    setUp: {
      trustPolicy: {
        Version: '2012-10-17',
        Statement: [
          allow('system:serviceaccount:production:other', aud),
          allow('system:serviceaccount:default:s3-echo', aud),
        ],
      },
    },
  }),
  one('condition key with https://', 'trust-condition-key', {
    setUp: statement({ Condition: { StringEquals: { [`${issuerUrl}:sub`]: sub } } }),
  }),
  one('condition key of the old issuer', 'trust-condition-key', {
    setUp: statement({
      Condition: { StringEquals: { 'old.irsa.test:sub': sub, 'old.irsa.test:aud': aud } },
    }),
  }),
  one('condition on a claim that STS does not offer', 'trust-condition-key', {
    setUp: statement({
      Condition: {
        StringEquals: { [`${hostPath}:sub`]: sub, [`${hostPath}:namespace`]: 'default' },
      },
    }),
  }),
  one('condition on the session name', 'trust-condition', {
    setUp: statement({
      Condition: {
        StringEquals: {
          [`${hostPath}:sub`]: sub,
          [`${hostPath}:aud`]: aud,
          'sts:RoleSessionName': 'other',
        },
      },
    }),
  }),
  one('a Deny statement', 'trust-denied', {
    setUp: {
      trustPolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Federated: providerArn },
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: { StringEquals: { [`${hostPath}:sub`]: sub, [`${hostPath}:aud`]: aud } },
          },
          {
            Effect: 'Deny',
            Principal: { Federated: providerArn },
            Action: 'sts:*',
            Condition: { StringLike: { [`${hostPath}:sub`]: 'system:serviceaccount:default:*' } },
          },
        ],
      },
    },
  }),
  one('a trust policy that IAM took and that is none', 'trust-policy-unreadable', {
    setUp: { trustPolicy: { Statement: [{ Effect: 'Allow' }] } },
  }),
  one('certificate for another name (a bucket name with dots)', 'issuer-tls', {
    wrongCertificate: true,
  }),
  // STS itself, and what stands before it
  reply('throttled', 'sts-throttled', { kind: 'throttle' }),
  reply('region switched off', 'sts-region-disabled', {
    kind: 'error',
    code: 'RegionDisabledException',
    status: 403,
    message:
      'STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.',
  }),
  reply('STS cannot reach the issuer', 'sts-idp-communication', {
    kind: 'error',
    code: 'IDPCommunicationError',
    message: 'Could not communicate with the identity provider',
  }),
  reply('IDPRejectedClaim', 'sts-idp-rejected-claim', {
    kind: 'error',
    code: 'IDPRejectedClaim',
    status: 403,
    message: 'graph.facebook.com: 400 Bad Request',
  }),
  reply('packed policy too large', 'sts-packed-policy-too-large', {
    kind: 'error',
    code: 'PackedPolicyTooLarge',
    message: 'Packed size of session tags consumes 112% of allotted space.',
  }),
  reply('stale thumbprint', 'provider-thumbprint-stale', {
    kind: 'error',
    code: 'InvalidIdentityToken',
    message: "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
  }),
  reply('token too old', 'token-too-old', {
    kind: 'error',
    code: 'ExpiredTokenException',
    message: 'Token too old: 441398',
  }),
  reply('older text of a bad signature', 'token-signature-invalid', {
    kind: 'error',
    code: 'InvalidIdentityToken',
    message: 'Token signature invalid',
  }),
  reply('STS 500', 'sts-unavailable', {
    kind: 'error',
    code: 'InternalFailure',
    status: 500,
    message: 'Unknown',
  }),
  reply('STS 503', 'sts-unavailable', {
    kind: 'error',
    code: 'ServiceUnavailable',
    status: 503,
    message: 'busy',
  }),
  reply('service control policy, or a role seconds old', 'sts-denied-unexplained', {
    kind: 'error',
    code: 'AccessDenied',
    status: 403,
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  }),
  reply('a proxy’s page', 'sts-proxy-page', { kind: 'html' }),
  reply('no way to STS', 'sts-unreachable', { kind: 'reset' }),
  reply('credentials that have already expired', 'sts-reply-expired', { kind: 'expired' }),
];

const two = (
  what: string,
  causes: readonly [FindingId, FindingId],
  rest: Omit<BrokenSetUp, 'what' | 'causes'>,
): BrokenSetUp => ({ what, causes, ...rest });
const otherAccount = trust({ subjects: [{ namespace: 'default', name: 'other' }] });

/** Two faults at once: the one that STS meets first is first. */
export const doublyBrokenSetUps: readonly BrokenSetUp[] = [
  two('session name, and trust policy', ['call-session-name-invalid', 'trust-subject-name'], {
    parameters: { RoleSessionName: 'a b' },
    setUp: otherAccount,
  }),
  two('no provider, and expired', ['provider-missing', 'token-expired'], {
    setUp: { provider: null },
    token: { claims: { exp: seconds - 4000 } },
  }),
  two('no provider, and issuer 403', ['provider-missing', 'issuer-forbidden'], {
    setUp: { provider: null },
    issuerFault: [{ kind: 'status', status: 403 }],
  }),
  two('audience, and expired', ['token-audience-wrong', 'token-expired'], {
    token: { audience: 'sts.amazon.com', claims: { exp: seconds - 4000 } },
  }),
  two('audience, and trust policy', ['token-audience-wrong', 'trust-subject-name'], {
    token: { audience: 'sts.amazon.com' },
    setUp: otherAccount,
  }),
  two('two audiences, and rotated key', ['token-multiple-audiences', 'jwks-key-missing'], {
    token: { audience: [aud, 'vault'] },
    signWith: 'other',
  }),
  two('expired, and rotated key', ['token-expired', 'jwks-key-missing'], {
    token: { claims: { exp: seconds - 4000 } },
    signWith: 'other',
  }),
  two('expired, and trust policy', ['token-expired', 'trust-subject-name'], {
    token: { claims: { exp: seconds - 4000 } },
    setUp: otherAccount,
  }),
  two('issuer 403, and trust policy', ['issuer-forbidden', 'trust-subject-name'], {
    issuerFault: [{ kind: 'status', status: 403 }],
    setUp: otherAccount,
  }),
  two('discovery slash, and empty JWKS', ['discovery-trailing-slash', 'jwks-empty'], {
    issuerFault: [
      ...discovery({ issuer: `${issuerUrl}/` }),
      { document: 'jwks', kind: 'body', body: '{"keys":[]}' },
    ],
  }),
  two('discovery 404, and JWKS not JSON', ['issuer-not-found', 'jwks-not-json'], {
    issuerFault: [
      { document: 'discovery', kind: 'status', status: 404 },
      { document: 'jwks', kind: 'body', body: 'x' },
    ],
  }),
  two('rotated key, and no role', ['jwks-key-missing', 'role-missing'], {
    signWith: 'other',
    setUp: { role: null },
  }),
  two('signature, and trust policy', ['token-signature-invalid', 'trust-subject-name'], {
    signWith: 'other',
    keepKid: true,
    setUp: otherAccount,
  }),
  two('internal issuer, and trust policy', ['apiserver-issuer-internal', 'trust-subject-name'], {
    token: { issuer: internalIssuer },
    setUp: otherAccount,
  }),
  two('order of issuers, and expired', ['apiserver-issuer-order', 'token-expired'], {
    token: { issuer: internalIssuer, claims: { exp: seconds - 4000 } },
    apiServer: { issuer: internalIssuer, flags: [issuerFlags(internalIssuer, issuerUrl)] },
  }),
  two(
    'provider’s client IDs, and trust policy',
    ['provider-audience-missing', 'trust-subject-name'],
    { setUp: { provider: { audiences: ['amazonaws.com'] }, ...otherAccount } },
  ),
  two('trust policy, and duration', ['trust-subject-name', 'role-max-session'], {
    parameters: { DurationSeconds: '7200' },
    setUp: otherAccount,
  }),
  two('fraction, and issuer never answers', ['token-timestamp-invalid', 'issuer-timeout'], {
    token: { claims: { nbf: 0.5 } },
    issuerFault: [{ kind: 'hang' }],
  }),
];

/** STS takes the token, and something is amiss all the same. */
export const dubiousSetUps: readonly BrokenSetUp[] = [
  one('a key of the API server that is not published yet', 'apiserver-key-unpublished', {
    apiServer: { keys: 'both' },
  }),
  one(
    'AWS’s audience among the API server’s (the 2019 walk-through)',
    'apiserver-audience-shared',
    {
      apiServer: { flags: [[...issuerFlags(issuerUrl), '--api-audiences=sts.amazonaws.com']] },
    },
  ),
  one('two API servers with different keys', 'apiserver-flags-differ', {
    apiServer: {
      flags: [
        issuerFlags(issuerUrl),
        [
          'kube-apiserver',
          '--service-account-issuer',
          issuerUrl,
          '--service-account-signing-key-file=/new.key',
        ],
      ],
    },
  }),
  one('discovery as text', 'issuer-content-type', {
    issuerFault: [
      {
        document: 'discovery',
        kind: 'body',
        contentType: 'text/plain',
        body: JSON.stringify({ issuer: issuerUrl, jwks_uri: `${issuerUrl}/openid/v1/jwks` }),
      },
    ],
  }),
  one('a private key in the JWKS', 'jwks-private-key', {
    jwks: (key) => ({ keys: [{ ...key, d: 'AQAB' }] }),
  }),
  one('trust policy without aud (the 2019 walk-through)', 'trust-without-audience', {
    setUp: statement({ Condition: { StringEquals: { [`${hostPath}:sub`]: sub } } }),
  }),
  one('trust policy without sub', 'trust-without-subject', {
    setUp: statement({ Condition: { StringEquals: { [`${hostPath}:aud`]: aud } } }),
  }),
  one('a condition on the address', 'trust-undecided', {
    setUp: statement({
      Condition: {
        StringEquals: { [`${hostPath}:sub`]: sub, [`${hostPath}:aud`]: aud },
        IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
      },
    }),
  }),
];

/** Nothing is amiss: STS takes the token, and there is nothing to find. */
export const healthySetUps: readonly Omit<BrokenSetUp, 'causes'>[] = [
  ...['sts:TagSession', 'sts:Tag*', 'sts:*', '*'].map((action) => ({
    what: `session tags with ${action}`,
    token: tagged,
    setUp: statement({ Action: ['sts:AssumeRoleWithWebIdentity', action] }),
  })),
  {
    what: 'session tags with sts:TagSession in a statement of its own',
    token: tagged,
    setUp: statements({
      Effect: 'Allow',
      Principal: { Federated: providerArn },
      Action: 'sts:TagSession',
    }),
  },
  {
    what: 'session tags, none of them',
    token: { claims: { 'https://aws.amazon.com/tags': { principal_tags: {} } } },
  },
  {
    what: 'a trust policy of two clusters',
    setUp: statements({
      Effect: 'Allow',
      Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/other.test' },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringLike: { 'other.test:sub': 'system:serviceaccount:*:s3-*' } },
    }),
  },
  { what: 'a token that ended 299 s ago', token: { claims: { exp: seconds - 299 } } },
  { what: 'a token of 300 s ahead', token: { claims: { iat: seconds + 300, nbf: seconds + 300 } } },
  { what: 'an audience in a list of one', token: { claims: { aud: [aud] } } },
  { what: 'an azp that is a client ID', token: { claims: { aud: ['x', 'y'], azp: aud } } },
  { what: 'a key twice', jwks: (key) => ({ keys: [key, key] }) },
  {
    what: 'a hundred keys',
    jwks: (key) => ({
      keys: Array.from({ length: 100 }, (_, index) => ({
        ...key,
        kid: index === 50 ? key['kid'] : `old-${String(index)}`,
      })),
    }),
  },
];
