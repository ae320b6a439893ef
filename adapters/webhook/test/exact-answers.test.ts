import { reviewPod, type PartialMutationSettings, type ServiceAccount } from 'irsa/patch';
import { startWebhookServer } from 'irsa-webhook';
import type { WebhookServer, WebhookServerOptions } from 'irsa-webhook';
import { afterEach, describe, expect, it } from 'vitest';
import { call, fixture, testIdentity } from './support/webhook-client.js';

const running: WebhookServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close({ drainMs: 100 })));
});
const start = async (options: Partial<WebhookServerOptions>): Promise<WebhookServer> => {
  const server = await startWebhookServer({
    certificate: await testIdentity(),
    findServiceAccount: () => undefined,
    ...options,
  });
  running.push(server);
  return server;
};

const typeMeta = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
const pod = {
  metadata: { name: 'p' },
  spec: { serviceAccountName: 's', containers: [{ name: 'app', image: 'i' }] },
};
const create = { uid: 'u', namespace: 'n', operation: 'CREATE', object: pod };
const withRole = (role: string): ServiceAccount => ({
  metadata: { annotations: { 'eks.amazonaws.com/role-arn': role } },
});
const good = withRole('arn:aws:iam::111122223333:role/r');

const mount = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const patchWith = (volumeMount: object): string =>
  Buffer.from(
    JSON.stringify([
      {
        op: 'add',
        path: '/spec/volumes',
        value: [
          {
            name: 'aws-iam-token',
            projected: {
              sources: [
                {
                  serviceAccountToken: {
                    audience: 'sts.amazonaws.com',
                    expirationSeconds: 86400,
                    path: 'token',
                  },
                },
              ],
            },
          },
        ],
      },
      {
        op: 'add',
        path: '/spec/containers/0/env',
        value: [
          { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/r' },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${mount}/token` },
        ],
      },
      { op: 'add', path: '/spec/containers/0/volumeMounts', value: [volumeMount] },
    ]),
  ).toString('base64');
const patch = patchWith({ name: 'aws-iam-token', mountPath: mount, readOnly: true });
const mutated = {
  uid: 'u',
  allowed: true,
  patch,
  patchType: 'JSONPatch',
  auditAnnotations: {
    outcome: 'mutated',
    method: 'web-identity',
    source: 'service-account',
    'role-arn': 'arn:aws:iam::111122223333:role/r',
  },
};
const skipped = (reason: string): object => ({
  uid: 'u',
  allowed: true,
  auditAnnotations: { outcome: 'skipped', reason },
});
const noRole = 'role ARN "garbage" is not arn:PARTITION:iam::ACCOUNT:role/NAME';

interface Case {
  readonly request: object;
  readonly typeMeta?: object;
  readonly account?: ServiceAccount;
  readonly settings?: PartialMutationSettings;
  readonly notice?: string;
  readonly response: object;
}

/** What a review of each kind gets: the whole body, byte for byte. */
const cases: Readonly<Record<string, Case>> = {
  'a pod with a role': { request: create, account: good, response: mutated },
  'the same as v1beta1': {
    request: create,
    typeMeta: { ...typeMeta, apiVersion: 'admission.k8s.io/v1beta1' },
    account: good,
    response: mutated,
  },
  'the same without a TypeMeta': {
    request: create,
    typeMeta: {},
    account: good,
    response: mutated,
  },
  'a ServiceAccount without a role': {
    request: create,
    account: { metadata: {} },
    response: skipped('no-role-arn'),
  },
  'no ServiceAccount': { request: create, response: skipped('no-service-account') },
  'a role that is none': {
    request: create,
    account: withRole('garbage'),
    response: {
      uid: 'u',
      allowed: true,
      warnings: [`${noRole}: pod not mutated`],
      auditAnnotations: {
        outcome: 'skipped',
        reason: 'invalid-role-arn',
        warnings: `${noRole}: pod not mutated`,
      },
    },
  },
  'a role that is none, where that is refused': {
    request: create,
    account: withRole('garbage'),
    settings: { invalidIdentity: 'reject' },
    response: {
      uid: 'u',
      allowed: false,
      status: { code: 400, reason: 'BadRequest', message: noRole },
      auditAnnotations: { outcome: 'rejected', reason: 'ERR_ARN' },
    },
  },
  'a deletion': {
    request: { uid: 'u', namespace: 'n', operation: 'DELETE', object: null, oldObject: pod },
    account: good,
    response: skipped('operation-not-handled'),
  },
  'a cache that is behind': {
    request: create,
    account: good,
    notice: '90 s behind',
    response: { ...mutated, warnings: ['90 s behind'] },
  },
  "behavior 'eks', a pod with a role": {
    request: create,
    account: good,
    settings: { behavior: 'eks' },
    response: {
      uid: 'u',
      allowed: true,
      patch: patchWith({ name: 'aws-iam-token', readOnly: true, mountPath: mount }),
      patchType: 'JSONPatch',
    },
  },
  "behavior 'eks', no ServiceAccount": {
    request: create,
    settings: { behavior: 'eks' },
    response: { uid: 'u', allowed: true },
  },
};

describe('the exact answer to a review of', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const { request, account, settings, notice, response } = one;
    const meta = one.typeMeta ?? typeMeta;
    const { url } = await start({
      findServiceAccount: () => account,
      ...(settings !== undefined && { settings }),
      ...(notice !== undefined && { notice: () => notice }),
    });
    const answer = await call(url, { body: JSON.stringify({ ...meta, request }) });
    const text = JSON.stringify({ ...meta, response });
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    });
  });
});

describe('what the server sends is what reviewPod says', () => {
  const findServiceAccount = (): ServiceAccount => good;
  it.each([
    ['the recorded review', fixture('admission-review-s3-echoer')],
    ['the realistic review', fixture('admission-review-realistic')],
    ['a uid that looks like a patch', { ...typeMeta, request: { ...create, uid: '"patch":""' } }],
    ['a uid of any alphabet', { ...typeMeta, request: { ...create, uid: 'ü€😀$&$1' } }],
  ])('%s', async (_, review) => {
    const now = await start({ findServiceAccount });
    const later = await start({ findServiceAccount: () => Promise.resolve(good) });
    const expected = JSON.stringify(reviewPod(review, { findServiceAccount }));
    for (const { url } of [now, later]) {
      expect((await call(url, { body: JSON.stringify(review) })).text).toBe(expected);
    }
  });
});
