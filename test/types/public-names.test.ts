// The contract of the public names: the shapes below are compiled (npm run typecheck), and the lists are compared as the tests run.
import type { V1Pod, V1ServiceAccount } from '@kubernetes/client-node';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { AwsCredentialIdentity } from '@smithy/types';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as certs from 'irsa/certs';
import * as cluster from 'irsa/cluster';
import * as credentials from 'irsa/credentials';
import * as diagnose from 'irsa/diagnose';
import * as iam from 'irsa/iam';
import * as oidc from 'irsa/oidc';
import * as patch from 'irsa/patch';
import * as testing from 'irsa/testing';

const functionsOf = (module: object): string[] =>
  Object.entries(module)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);

describe('the public functions', () => {
  it.each([
    [
      'irsa/oidc',
      oidc,
      'parseIssuer s3Issuer readPublicKeys computeKeyId jwkThumbprint buildJwks buildDiscoveryDocument buildIssuerDocuments checkIssuerDocuments verifyServiceAccountToken planKeyRotation planIssuerMigration generateSigningKey serviceAccountSubject parseServiceAccountSubject',
    ],
    [
      'irsa/iam',
      iam,
      'partitionOf parseArn roleArn oidcProviderArn buildOidcProvider buildTrustPolicy bindServiceAccounts unbindServiceAccounts measureTrustPolicy evaluateTrustPolicy buildIssuerBucketPolicy certificateThumbprint planIssuer',
    ],
    [
      'irsa/patch',
      patch,
      'computePodPatch parseReviewBody reviewPod serviceAccountOf applyPodPatch resolveMutationSettings parseRoleMappings parsePodIdentityAssociations auditPods',
    ],
    [
      'irsa/credentials',
      credentials,
      'fromProjectedToken createWebIdentityProvider fromPodIdentity fromPodCredentials explainStsError decodeUnverifiedToken',
    ],
    [
      'irsa/certs',
      certs,
      'createCertificateAuthority issueServingCertificate planCertificateRotation webhookDnsNames inspectCertificate generateRsaKeyPair generateServerIdentity',
    ],
    [
      'irsa/cluster',
      cluster,
      'apiServerSettings renderApiServerSettings webhookManifests serviceAccountManifest s3EchoerJob issuerDiscoveryBinding',
    ],
    ['irsa/diagnose', diagnose, 'explainWebIdentity explainPod'],
    ['irsa/testing', testing, 'startLocalAws startLocalIssuer mintServiceAccountToken'],
  ])('of %s are there', (_, module, names) => {
    expect(functionsOf(module)).toEqual(expect.arrayContaining(names.split(' ')));
  });

  it('of the root are those of oidc, patch, iam and credentials, and nothing of the other folders', async () => {
    const root = functionsOf(await import('irsa'));
    for (const module of [oidc, patch, iam, credentials]) {
      expect(root).toEqual(expect.arrayContaining(functionsOf(module)));
    }
    for (const module of [certs, cluster, diagnose, testing]) {
      const only = functionsOf(module).filter((name) => !(name in iam) && !(name in oidc));
      expect(root.filter((name) => only.includes(name))).toEqual([]);
    }
  });
});

describe('the frozen defaults', () => {
  it('are frozen, all the way down', () => {
    const { default: standard, sep2026 } = credentials.refreshPolicies;
    const { containerCredentials } = patch.defaultMutationSettings;
    for (const value of [
      patch.defaultMutationSettings,
      containerCredentials,
      credentials.refreshPolicies,
      standard,
      standard.backoffSeconds,
      sep2026,
      sep2026.backoffSeconds,
    ]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });

  it('are the documented ones', () => {
    expect(patch.defaultMutationSettings).toMatchObject({
      annotationDomain: 'eks.amazonaws.com',
      audience: 'sts.amazonaws.com',
      tokenExpirationSeconds: 86_400,
      regionalSts: false,
      behavior: 'standard',
      invalidIdentity: 'warn',
    });
  });
});

describe('the types', () => {
  it('take the pods and ServiceAccounts of the Kubernetes client as they are', () => {
    expectTypeOf<V1Pod>().toExtend<patch.Pod>();
    expectTypeOf<V1ServiceAccount>().toExtend<patch.ServiceAccount>();
    const compute = (pod: V1Pod, serviceAccount: V1ServiceAccount): patch.MutationOutcome =>
      patch.computePodPatch({ pod, namespace: 'default', serviceAccount });
    // `as`: what the client hands over are plain objects too.
    const outcome = compute(
      JSON.parse('{"spec":{"containers":[{"name":"app"}]}}') as V1Pod,
      JSON.parse(
        '{"metadata":{"name":"app","annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::111122223333:role/app"}}}',
      ) as V1ServiceAccount,
    );
    expect(outcome.kind).toBe('mutated');
  });

  it('close the unions that callers switch over', () => {
    expectTypeOf<patch.MutationOutcome['kind']>().toEqualTypeOf<
      'mutated' | 'skipped' | 'rejected'
    >();
    expectTypeOf<patch.SkipReason>().toEqualTypeOf<
      | 'no-service-account'
      | 'no-role-arn'
      | 'invalid-role-arn'
      | 'already-injected'
      | 'no-container-selected'
      | 'opted-out'
      | 'mirror-pod'
      | 'no-token-volume'
      | 'not-a-pod'
      | 'operation-not-handled'
    >();
    expectTypeOf<credentials.CredentialSnapshot['status']>().toEqualTypeOf<
      'empty' | 'fresh' | 'advisory' | 'mandatory' | 'expired'
    >();
    expectTypeOf<diagnose.Diagnosis['verdict']>().toEqualTypeOf<'ok' | 'refused' | 'unknown'>();
    expectTypeOf<cluster.ApiServerTarget>().toEqualTypeOf<
      | 'flags'
      | 'kubeadm-v1beta3'
      | 'kubeadm-v1beta4'
      | 'kubeadm-v1'
      | 'k3s'
      | 'rke2'
      | 'talos'
      | 'talos-v1alpha1'
      | 'kops'
      | 'kind'
      | 'static-pod-patch'
    >();
    // The same reasons at run time: what a pod without any identity answers is one of them.
    expect(patch.computePodPatch({ pod: {}, namespace: 'default' })).toMatchObject({
      kind: 'skipped',
    });
  });

  it('fit `credentials:` of a client of the AWS SDK', async () => {
    expectTypeOf<credentials.WebIdentityProvider>().toExtend<
      NonNullable<S3ClientConfig['credentials']>
    >();
    const provider = credentials.createWebIdentityProvider({
      roleArn: 'arn:aws:iam::111122223333:role/app',
      validateToken: false,
      readToken: () => Promise.resolve('token'),
      assumeRole: () =>
        Promise.resolve({
          credentials: {
            accessKeyId: 'AKIA',
            secretAccessKey: 'secret',
            sessionToken: 'session',
            expiration: new Date(Date.now() + 3_600_000),
          },
          accountId: '111122223333',
        }),
    });
    const identity: AwsCredentialIdentity = await provider();
    expect(identity).toMatchObject({ accessKeyId: 'AKIA', accountId: '111122223333' });
    expect(provider.snapshot().status).toBe('fresh');
    await provider[Symbol.asyncDispose]();
  });

  it('brand an issuer, and keep private members out of a public JWK', () => {
    expectTypeOf<string>().not.toExtend<oidc.Issuer>();
    expectTypeOf<oidc.PublicJwk>().not.toHaveProperty('d');
    expectTypeOf<oidc.IssuerDocument>().toExtend<{
      readonly path: string;
      readonly url: string;
      readonly body: string;
      readonly contentType: string;
      readonly cacheControl: string;
      readonly sha256: string;
    }>();
    expectTypeOf<iam.IssuerChange>().toExtend<{
      readonly id: string;
      readonly kind: string;
      readonly resource: string;
      readonly reason: string;
      readonly risk: string;
      readonly undo: string;
    }>();
    expectTypeOf<iam.TrustDecision>().toExtend<{
      readonly allowed: boolean;
      readonly undecided: readonly string[];
    }>();
    expect(oidc.parseIssuer('https://oidc.example.com')).toBe('https://oidc.example.com');
  });
});
