import fastJsonPatch from 'fast-json-patch';
import {
  applyPodPatch,
  computePodPatch,
  reviewPod,
  serviceAccountOf,
  type MutationOutcome,
} from 'irsa/patch';
import { AdmissionReviewError } from 'irsa/errors';
import { describe, expect, it } from 'vitest';
import { account, deepFreeze, patchIn, podOf, recorded, roleArn, type Json } from './support.js';

describe('reviewPod answers what kube-apiserver 1.37 sends', () => {
  it('mutates the s3-echoer pod', () => {
    const review = deepFreeze(recorded('s3-echoer'));
    const serviceAccount = deepFreeze(recorded('service-account-s3-echoer'));
    expect(serviceAccountOf(review)).toEqual({ namespace: 'default', name: 's3-echoer' });
    const answer = reviewPod(review, {
      findServiceAccount: (namespace, name) =>
        namespace === 'default' && name === 's3-echoer' ? serviceAccount : undefined,
      settings: { region: 'us-west-2' },
    });
    expect(answer).toMatchObject({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      response: { uid: review.request.uid, allowed: true, patchType: 'JSONPatch' },
    });
    const patch = patchIn(answer);
    const pod = fastJsonPatch.applyPatch(structuredClone(review.request.object), patch).newDocument;
    expect(pod).toEqual(applyPodPatch(review.request.object, patch));
    expect(pod.spec.containers[0].env.slice(0, 4)).toEqual([
      { name: 'AWS_DEFAULT_REGION', value: 'us-west-2' },
      { name: 'AWS_REGION', value: 'us-west-2' },
      { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/s3-echoer' },
      {
        name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
        value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      },
    ]);
    expect(pod.spec.containers[0].volumeMounts.at(-1)).toEqual({
      name: 'aws-iam-token',
      mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
      readOnly: true,
    });
    expect(pod.spec.volumes.at(-1)).toEqual({
      name: 'aws-iam-token',
      projected: {
        sources: [
          {
            serviceAccountToken: {
              audience: 'sts.amazonaws.com',
              expirationSeconds: 86_400,
              path: 'token',
            },
          },
        ],
      },
    });
  });
});

const review = (more: object = {}): Json => ({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: { uid: 'u', namespace: 'default', operation: 'CREATE', object: podOf(), ...more },
});
const context = { findServiceAccount: (): Json => account() };

describe('reviewPod, behavior standard', () => {
  it.each([
    ['nothing', undefined, 'review', 'undefined'],
    ['null', null, 'review', 'null'],
    ['a list', [], 'review', 'a list'],
    ['no request', {}, 'request', 'undefined'],
    ['another kind', { kind: 'Pod', request: {} }, 'kind', 'Pod'],
    [
      'another version',
      { apiVersion: 'admission.k8s.io/v2', request: {} },
      'apiVersion',
      'admission.k8s.io/v2',
    ],
    ['a uid that is no text', { request: { uid: 5 } }, 'request.uid', 'number'],
    [
      'a namespace that is no text',
      { request: { uid: '', namespace: {} } },
      'request.namespace',
      'object',
    ],
  ])('%s is ERR_ADMISSION_REVIEW', (_, body, path, actual) => {
    expect(() => reviewPod(body, context)).toThrow(AdmissionReviewError);
    expect(() => reviewPod(body, context)).toThrow(expect.objectContaining({ path, actual }));
    expect(serviceAccountOf(body)).toBeUndefined();
  });

  it('asks for the ServiceAccount that serviceAccountOf names, and not where it names none', () => {
    const bodies = [
      review(),
      review({ operation: 'DELETE' }),
      review({ object: null }),
      recorded('no-service-account'),
    ];
    for (const body of bodies) {
      const asked: unknown[] = [];
      reviewPod(body, {
        findServiceAccount: (namespace, name) => {
          asked.push({ namespace, name });
          return null;
        },
      });
      const named = serviceAccountOf(body);
      expect(asked).toEqual(named === undefined ? [] : [named]);
    }
    expect(serviceAccountOf({ request: { object: { spec: {} } } }, { behavior: 'eks' })).toEqual({
      namespace: '',
      name: '',
    });
    expect(serviceAccountOf({ request: { object: 5 } }, { behavior: 'eks' })).toEqual({
      namespace: '',
      name: '',
    });
    expect(() => serviceAccountOf({}, { region: 'X' })).toThrow(
      expect.objectContaining({ code: 'ERR_SETTINGS' }),
    );
  });

  it('tells the outcome to whoever listens', () => {
    const outcomes: MutationOutcome[] = [];
    const onOutcome = (outcome: MutationOutcome): void => {
      outcomes.push(outcome);
    };
    reviewPod(review(), { ...context, onOutcome });
    reviewPod(review({ operation: 'DELETE' }), { ...context, onOutcome, settings: {} });
    expect(outcomes.map(({ kind }) => kind)).toEqual(['mutated', 'skipped']);
  });

  it('names no role where the agent knows it, and keeps warnings for the audit', () => {
    const podIdentityAssociations = { size: 1, has: () => true };
    const { auditAnnotations } = reviewPod(review(), {
      ...context,
      podIdentityAssociations,
    }).response;
    expect(auditAnnotations).toEqual({
      outcome: 'mutated',
      method: 'container-credentials',
      source: 'pod-identity-association',
      warnings: '"s3-echoer" has a role and a pod identity association: the association is used',
    });
    const { pod } = { pod: { ...podOf(), metadata: { labels: 5 } } };
    expect(computePodPatch({ pod, namespace: 'default', podIdentityAssociations })).toMatchObject({
      kind: 'mutated',
    });
    const bare = { spec: podOf().spec };
    const outcome = computePodPatch({ pod: bare, namespace: 'default', podIdentityAssociations });
    expect(outcome.kind === 'mutated' && outcome.patch.at(-1)).toEqual({
      op: 'add',
      path: '/metadata',
      value: { labels: { 'eks.amazonaws.com/pod-identity': 'enabled' } },
    });
  });

  it('carries values beyond ASCII, and names beyond it in printable form', () => {
    const settings = { tokenMountPath: '/grüße/🦄' };
    const answer = reviewPod(review(), { ...context, settings });
    expect(patchIn(answer).at(-1).value[0].mountPath).toBe('/grüße/🦄');
    const annotations = { 'eks.amazonaws.com/skip-containers': 'ü\u0007' };
    const warned = reviewPod(
      review({ object: { ...podOf(), metadata: { annotations } } }),
      context,
    );
    expect(warned.response.warnings).toEqual([
      'there is no container "??", which an annotation names',
    ]);
  });

  it('warns of at most 120 characters', () => {
    const body = review({
      object: podOf([
        { name: 'a'.repeat(63), env: [{ name: 'AWS_SECRET_ACCESS_KEY' }], envFrom: [{}] },
      ]),
    });
    const settings = { region: 'eu-west-1', annotationDomain: `${'d'.repeat(100)}.example` };
    const findServiceAccount = (): Json =>
      account({ [`${settings.annotationDomain}/rolearn`]: roleArn });
    for (const warning of reviewPod(body, { findServiceAccount, settings }).response.warnings ??
      []) {
      expect(warning.length).toBeLessThanOrEqual(120);
      expect(warning).toMatch(/\.\.\.$/);
    }
  });
});

describe('reviewPod, behavior eks', () => {
  const settings = { behavior: 'eks' } as const;
  const answer = (body: unknown): Json => reviewPod(body, { ...context, settings });

  it.each([
    [
      'null',
      null,
      { response: { uid: '', allowed: false, status: { metadata: {}, message: 'bad content' } } },
    ],
    [
      '{}',
      {},
      { response: { uid: '', allowed: false, status: { metadata: {}, message: 'bad content' } } },
    ],
    [
      'a review without request',
      { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' },
      {
        kind: 'AdmissionReview',
        apiVersion: 'admission.k8s.io/v1',
        response: { uid: '', allowed: false, status: { metadata: {}, message: 'bad content' } },
      },
    ],
  ])('%s is bad content', (_, body, expected) => {
    expect(answer(body)).toEqual(expected);
  });

  const refusal = (uid: string): Json => ({
    uid,
    allowed: false,
    status: { metadata: {}, message: expect.any(String) },
  });

  it('what has no kind and version to read is refused without TypeMeta and uid', () => {
    for (const body of [
      5,
      'x',
      [],
      { kind: 5, request: { uid: 'u' } },
      { apiVersion: {} },
      { apiVersion: [], request: { uid: 'u' } },
    ]) {
      expect(answer(body)).toEqual({ response: refusal('') });
    }
    expect(answer({ kind: 5 }).response.status?.message).not.toBe('bad content');
  });

  it.each<readonly [Json, string]>([
    [[], ''],
    ['x', ''],
    [{ uid: 5 }, ''],
    [{ uid: 'u', namespace: 5 }, 'u'],
  ])('a request %j is refused with what could be read of it', (request, uid) => {
    const typeMeta = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
    expect(answer({ ...typeMeta, request })).toEqual({ ...typeMeta, response: refusal(uid) });
  });

  it.each([
    ['no object', {}],
    ['a null object', { object: null }],
    ['a text', { object: 'pod' }],
    ['annotations that are no texts', { object: { metadata: { annotations: { a: 1 } } } }],
  ])('%s is refused with the uid', (_, request) => {
    expect(
      answer({ kind: 'Bogus', apiVersion: 'foo/v9', request: { uid: 'u', ...request } }),
    ).toMatchObject({
      kind: 'Bogus',
      apiVersion: 'foo/v9',
      response: { uid: 'u', allowed: false },
    });
  });

  it('looks neither at operation nor at kind, and says nothing but the patch', () => {
    const { response } = answer(review({ operation: 'DELETE', kind: { kind: 'Deployment' } }));
    expect(Object.keys(response)).toEqual(['uid', 'allowed', 'patch', 'patchType']);
    expect(
      Object.keys(reviewPod(review(), { findServiceAccount: () => undefined, settings }).response),
    ).toEqual(['uid', 'allowed']);
  });

  it('takes no ServiceAccount of another name or namespace', () => {
    for (const names of [{ name: 'other' }, { namespace: 'other' }]) {
      const serviceAccount = { metadata: { ...account().metadata, ...names } };
      expect(
        computePodPatch({ pod: podOf(), namespace: 'default', serviceAccount, settings }),
      ).toMatchObject({
        reason: 'no-service-account',
      });
    }
    const unnamed = { metadata: { annotations: account().metadata.annotations } };
    expect(
      computePodPatch({ pod: podOf(), namespace: 'default', serviceAccount: unnamed, settings })
        .kind,
    ).toBe('mutated');
  });

  it('makes a valid patch even of a pod without spec or metadata', () => {
    const podIdentityAssociations = { size: 1, has: () => true };
    const outcome = computePodPatch({
      pod: {},
      namespace: 'default',
      podIdentityAssociations,
      settings,
    });
    const pod: Json = outcome.kind === 'mutated' && applyPodPatch({}, outcome.patch);
    expect(pod.spec.volumes).toHaveLength(1);
    expect(pod.metadata.labels).toEqual({ 'eks.amazonaws.com/pod-identity': 'enabled' });
    expect(
      computePodPatch({ pod, namespace: 'default', podIdentityAssociations, settings }),
    ).toMatchObject({
      reason: 'already-injected',
    });
  });
});

describe('what an answer echoes', () => {
  it.each([{}, { kind: '', apiVersion: '' }])(
    'says nothing of a kind that %j does not say',
    (type) => {
      const { request } = review();
      expect(Object.keys(reviewPod({ ...type, request }, context))).toEqual(['response']);
    },
  );
});

describe('what a review says beside its object counts', () => {
  const review = (request: Json, rest: Json = {}): Json => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace: 'default',
      operation: 'CREATE',
      ...request,
    },
    ...rest,
  });
  const context = { findServiceAccount: () => account() };
  const tokenVolume = {
    name: 'aws-iam-token',
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience: 'sts.amazonaws.com',
            expirationSeconds: 86_400,
            path: 'token',
          },
        },
      ],
    },
  };
  const debugged = (...names: string[]): Json => ({
    kind: 'Pod',
    spec: {
      serviceAccountName: 's3-echoer',
      containers: [{ name: 'app' }],
      volumes: [tokenVolume],
      ephemeralContainers: names.map((name) => ({ name })),
    },
  });

  it('oldObject: an ephemeral container that is there already may not change', () => {
    const answer = reviewPod(
      deepFreeze(
        review({
          operation: 'UPDATE',
          subResource: 'ephemeralcontainers',
          object: debugged('old', 'new'),
          oldObject: debugged('old'),
        }),
      ),
      context,
    );
    const paths = patchIn(answer).map(({ path }) => path);
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.every((path) => path.startsWith('/spec/ephemeralContainers/1/'))).toBe(true);
  });

  it('apiVersion: the Go webhook takes any, we take those that exist', () => {
    const object = {
      kind: 'Pod',
      spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'a' }] },
    };
    const odd = review({ object }, { apiVersion: 'foo/v9', kind: 'Bogus' });
    const eks = { behavior: 'eks' } as const;
    expect(serviceAccountOf(odd, eks)).toEqual({ namespace: 'default', name: 's3-echoer' });
    expect(reviewPod(odd, { ...context, settings: eks }).response.patch).toBeDefined();
    expect(() => reviewPod(odd, context)).toThrow(AdmissionReviewError);
  });
});
