import { PutObjectCommand } from '@aws-sdk/client-s3';
import { applyIssuerChanges, IssuerChangeError } from 'irsa-aws';
import type { IssuerSpec } from 'irsa/iam';
import type { LocalAwsFault } from 'irsa/testing';
import { afterAll, describe, expect, it } from 'vitest';
import {
  absentSpec,
  bucket,
  driftedSpec,
  operationsOf,
  spec,
  startLocalTarget,
} from './local-target.js';

// Plain http: these are many requests, and TLS is not what they are about.
const local = await startLocalTarget({ tls: false });
const published = await operationsOf(local, spec);
const repaired = await operationsOf(local, driftedSpec);
const tornDown = await operationsOf(local, absentSpec);
/** Each call is failed in the first phase that makes it. */
const phases = [
  { name: 'publish', from: absentSpec, to: spec, operations: published },
  {
    name: 'repair',
    from: spec,
    to: driftedSpec,
    operations: repaired.filter((operation) => !published.includes(operation)),
  },
  {
    name: 'teardown',
    from: driftedSpec,
    to: absentSpec,
    operations: tornDown.filter((operation) => ![...published, ...repaired].includes(operation)),
  },
];
afterAll(() => local.close());

/** A refusal, and the worst case: the change is made, and its answer is lost. (The slow test has all kinds.) */
const faults: readonly LocalAwsFault[] = [
  { kind: 'error', code: 'AccessDenied', message: 'no', status: 403 },
  { kind: 'half-body' },
];

it('fails every call that the adapter makes, and they are these', () => {
  expect(phases.flatMap(({ operations }) => operations).sort()).toMatchInlineSnapshot(`
    [
      "AddClientIDToOpenIDConnectProvider",
      "CreateBucket",
      "CreateOpenIDConnectProvider",
      "CreateRole",
      "DeleteBucket",
      "DeleteBucketPolicy",
      "DeleteObject",
      "DeleteOpenIDConnectProvider",
      "GetBucketOwnershipControls",
      "GetBucketPolicy",
      "GetBucketTagging",
      "GetObject",
      "GetOpenIDConnectProvider",
      "GetPublicAccessBlock",
      "GetRole",
      "HeadBucket",
      "HeadObject",
      "ListObjectsV2",
      "ListRoles",
      "PutBucketOwnershipControls",
      "PutBucketPolicy",
      "PutBucketTagging",
      "PutObject",
      "PutPublicAccessBlock",
      "TagOpenIDConnectProvider",
      "UpdateAssumeRolePolicy",
      "UpdateOpenIDConnectProviderThumbprint",
    ]
  `);
});

describe.each(phases)('$name', ({ from, to, operations }) => {
  it.each(operations)('is finished by the next run when %s fails once', async (operation) => {
    for (const fault of faults) {
      await local.run(from);
      local.aws.setFault({ ...fault, operation, times: 1 });
      const outcome: unknown = await local.run(to).catch((error: unknown) => error);
      if (outcome instanceof IssuerChangeError) {
        expect(outcome.message).toContain('then observe, plan and apply again');
      }
      local.aws.setFault();
      await local.run(to);
      expect(await local.plan(to), `${fault.kind} in ${operation}`).toEqual([]);
    }
  });
});

describe('stopped between two changes', () => {
  it('is finished by the next run, wherever it stopped', async () => {
    for (const to of [spec, driftedSpec, absentSpec]) {
      let left = (await local.plan(to)).length;
      while (left > 1) {
        const controller = new AbortController();
        const onProgress = ({ status }: { readonly status: string }): void => {
          if (status === 'done') controller.abort(new Error('Ctrl-C'));
        };
        await expect(local.run(to, { signal: controller.signal, onProgress })).rejects.toThrow(
          'Ctrl-C',
        );
        const now = (await local.plan(to)).length;
        expect(now).toBeLessThan(left);
        left = now;
      }
      await local.run(to);
      expect(await local.plan(to)).toEqual([]);
    }
  });
});

describe('a server that knows objects only', () => {
  it('gets what it knows, is told what was left out, and is at rest afterwards', async () => {
    const store = await startLocalTarget({ tls: false });
    const unknown = [
      'BucketTagging',
      'BucketOwnershipControls',
      'PublicAccessBlock',
      'BucketPolicy',
    ];
    store.aws.setFault(
      unknown.flatMap((what) =>
        ['Get', 'Put', 'Delete'].map((verb) => ({
          kind: 'error' as const,
          code: 'NotImplemented',
          status: 501,
          operation: verb + what,
        })),
      ),
    );
    const desired: IssuerSpec = { ...spec, provider: null, roles: [] };
    try {
      const { leftOut, applied } = await store.run(desired);
      expect(leftOut.map(({ id, why }) => [id.split(':')[0], why])).toEqual(
        ['tag-bucket', 'set-bucket-ownership', 'set-public-access-block', 'put-bucket-policy'].map(
          (kind) => [kind, 'the server answered NotImplemented'],
        ),
      );
      expect(applied.map((id) => id.split(':')[0])).toEqual([
        'create-bucket',
        'put-object',
        'put-object',
      ]);
      expect(await store.plan(desired)).toEqual([]);
      await store.run({ ...desired, state: 'absent' });
      expect(await store.plan({ ...desired, state: 'absent' })).toEqual([]);
    } finally {
      await store.close();
    }
  });
});

describe('a server that knows no conditional requests', () => {
  it('gets the documents without, is told so, and still keeps what others put there', async () => {
    const store = await startLocalTarget({ tls: false });
    // As such servers answer: by the header, whatever the request is otherwise.
    store.clients.s3.middlewareStack.add(
      (next) => async (args) => {
        const { headers } = args.request as { readonly headers: Record<string, string> };
        const conditional = headers['if-match'] ?? headers['if-none-match'];
        if (conditional === undefined) return next(args);
        throw Object.assign(new Error('A header you provided is not implemented'), {
          name: 'NotImplemented',
          $metadata: { httpStatusCode: 501 },
        });
      },
      { step: 'finalizeRequest' },
    );
    try {
      const { applied, leftOut } = await store.run();
      expect(applied).toHaveLength(9);
      expect(leftOut.map(({ id }) => id.split(':')[0])).toEqual(['put-object', 'put-object']);
      expect(leftOut[0]?.why).toContain('to a condition');
      expect(await store.plan()).toEqual([]);
      const changes = await store.plan(driftedSpec);
      await store.s3.send(
        new PutObjectCommand({ Bucket: bucket, Key: 'openid/v1/jwks', Body: 'theirs' }),
      );
      await expect(
        applyIssuerChanges(changes, { spec: driftedSpec, clients: store.clients }),
      ).rejects.toMatchObject({ change: { kind: 'put-object' } });
      await store.run({ ...spec, adopt: true });
      await store.run(absentSpec);
      expect(await store.plan(absentSpec)).toEqual([]);
    } finally {
      await store.close();
    }
  });

  it('fails, and does not pass for done, where it takes no documents at all', async () => {
    const store = await startLocalTarget({ tls: false });
    store.aws.setFault({
      kind: 'error',
      code: 'NotImplemented',
      status: 501,
      operation: 'PutObject',
    });
    try {
      await expect(store.run()).rejects.toMatchObject({ change: { kind: 'put-object' } });
    } finally {
      await store.close();
    }
  });
});
