import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  issuerDiscoveryBinding,
  manifestsToYaml,
  s3EchoerJob,
  serviceAccountManifest,
  webhookManifests,
  type KubernetesObject,
  type WebhookManifestsOptions,
} from 'irsa/cluster';
import { ClusterError, IrsaError } from 'irsa/errors';
import { parseOptions } from '../../adapters/webhook/src/parse-options.js';
import { manifestCases } from './manifest-cases.js';

const base: WebhookManifestsOptions = {
  namespace: 'irsa-system',
  image: 'registry.example.com/irsa-webhook:0.1.0',
  certificates: 'self-managed',
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- looks into JSON of many shapes
const find = (objects: readonly KubernetesObject[], kind: string): any =>
  objects.find((object) => object.kind === kind);

interface Selecting {
  readonly namespaceSelector: {
    readonly matchExpressions: readonly [{ readonly operator: string; readonly values: string[] }];
  };
}

describe('golden files', () => {
  it.each(Object.keys(manifestCases))('%s', async (name) => {
    const text = manifestsToYaml(manifestCases[name]!());
    await expect(text).toMatchFileSnapshot(`./golden/manifests/${basename(name)}.yaml`);
    expect(parseAllDocuments(text).map((document) => document.toJS() as unknown)).toEqual(
      manifestCases[name]!(),
    );
  });
});

describe('the webhook configuration', () => {
  it('keeps the cluster bootable: system pods never wait, the webhook not for itself', () => {
    const [pods, system] = find(webhookManifests(base), 'MutatingWebhookConfiguration').webhooks;
    expect(pods.failurePolicy).toBe('Fail');
    expect(pods.namespaceSelector.matchExpressions).toEqual([
      {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['kube-system', 'irsa-system'],
      },
    ]);
    expect(system.failurePolicy).toBe('Ignore');
    expect(system.namespaceSelector.matchExpressions[0].values).toEqual(['kube-system']);
  });

  it.each([
    [{}, 'cert-manager'],
    [{ certManagerNamespace: 'pki' }, 'pki'],
    [{ systemNamespaces: ['cert-manager'] }, 'cert-manager'],
  ])('never holds cert-manager back, which makes its certificate: %o', (options, expected) => {
    const objects = webhookManifests({ ...base, certificates: 'cert-manager', ...options });
    const [pods, system] = find(objects, 'MutatingWebhookConfiguration').webhooks;
    expect(pods.failurePolicy).toBe('Fail');
    expect(pods.namespaceSelector.matchExpressions[0].values).toContain(expected);
    expect(system.failurePolicy).toBe('Ignore');
    const { values } = system.namespaceSelector.matchExpressions[0];
    expect(values).toContain(expected);
    expect(new Set(values).size).toBe(values.length);
  });

  it('calls for a namespace by exactly one entry, or by none where the webhook lives', () => {
    for (const certificates of ['self-managed', 'cert-manager'] as const) {
      for (const namespace of ['irsa-system', 'kube-system', 'cert-manager']) {
        const objects = webhookManifests({ ...base, namespace, certificates });
        const { webhooks } = find(objects, 'MutatingWebhookConfiguration');
        const entries = (name: string): number =>
          webhooks.filter((webhook: Selecting) => {
            const [{ operator, values }] = webhook.namespaceSelector.matchExpressions;
            return (operator === 'In') === values.includes(name);
          }).length;
        expect(entries(namespace)).toBe(0);
        for (const other of ['default', 'kube-system', 'cert-manager']) {
          if (other !== namespace) expect(entries(other)).toBe(1);
        }
      }
    }
  });

  it('never calls the webhook for itself when it lives in kube-system', () => {
    const objects = webhookManifests({ ...base, namespace: 'kube-system' });
    expect(find(objects, 'MutatingWebhookConfiguration').webhooks).toHaveLength(1);
    expect(find(objects, 'Namespace')).toBeUndefined();
  });

  it('lets a pod opt out by the label that the Go webhook honours', () => {
    const { webhooks } = find(webhookManifests(base), 'MutatingWebhookConfiguration');
    for (const webhook of webhooks) {
      expect(webhook.objectSelector.matchExpressions).toEqual([
        { key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' },
      ]);
    }
    const { labels } = find(webhookManifests(base), 'Deployment').spec.template.metadata;
    expect(labels['eks.amazonaws.com/skip-pod-identity-webhook']).toBe('true');
  });
});

describe('the rights of the webhook', () => {
  interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly resourceNames?: string[];
    readonly verbs: string[];
  }
  const rules = (options: WebhookManifestsOptions): Rule[] =>
    webhookManifests(options)
      .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .flatMap((object) => object['rules'] as never);

  it('are the least for each way of certificates', () => {
    for (const rule of rules(base)) {
      expect(rule.resources.join()).not.toMatch(/\*|token|pods/);
      expect(rule.verbs.join()).not.toMatch(/\*|delete/);
    }
    const provided = rules({
      ...base,
      certificates: 'provided',
      caBundle: 'QQ==',
      roleMappings: null,
    });
    expect(provided).toEqual([
      { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list', 'watch'] },
    ]);
  });

  it('name the objects wherever RBAC can', () => {
    const unnamed = rules(base).filter((rule) => rule.resourceNames === undefined);
    expect(unnamed.map((rule) => [rule.resources[0], rule.verbs.join()])).toEqual([
      ['serviceaccounts', 'get,list,watch'],
      ['secrets', 'create'],
    ]);
  });
});

describe('refusals', () => {
  it.each<[what: string, change: Partial<WebhookManifestsOptions>]>([
    ['a namespace in capitals', { namespace: 'Irsa' }],
    ['an empty image', { image: '' }],
    ['an image with a line feed', { image: 'a\nb' }],
    ['no replicas', { replicas: 0 }],
    ['half a replica', { replicas: 1.5 }],
    ['a timeout of a minute', { timeoutSeconds: 60 }],
    ['a long name', { name: 'a'.repeat(60) }],
    ['certificates of one’s own without a bundle', { certificates: 'provided' }],
  ])('%s', (_what, change) => {
    expect(() => webhookManifests({ ...base, ...change })).toThrow(IrsaError);
  });

  it('and a service account has no annotation that was not asked for', () => {
    const { metadata } = serviceAccountManifest({
      namespace: 'default',
      name: 'a',
      roleArn: 'arn:aws:iam::111122223333:role/a',
      annotationDomain: 'irsa.example.com',
    });
    expect(metadata.annotations).toEqual({
      'irsa.example.com/role-arn': 'arn:aws:iam::111122223333:role/a',
    });
  });

  it('of a service account', () => {
    const account = {
      namespace: 'default',
      name: 'a',
      roleArn: 'arn:aws:iam::111122223333:role/a',
    };
    expect(() => serviceAccountManifest({ ...account, name: 'A' })).toThrow(IrsaError);
    expect(() => serviceAccountManifest({ ...account, roleArn: 'role/a' })).toThrow(IrsaError);
    expect(() =>
      serviceAccountManifest({ ...account, roleArn: 'arn:aws:iam::111122223333:user/a' }),
    ).toThrow(ClusterError);
    expect(() => serviceAccountManifest({ ...account, tokenExpirationSeconds: 60 })).toThrow(
      /600 to 86400/,
    );
  });

  it('of a job and a binding', () => {
    expect(() => s3EchoerJob({ bucket: 'A B', region: 'us-west-2' })).toThrow(ClusterError);
    expect(() => s3EchoerJob({ bucket: 'abc', region: '$(x)' })).toThrow(ClusterError);
    expect(() => issuerDiscoveryBinding({ to: { namespace: 'A', name: 'b' } })).toThrow(IrsaError);
  });
});

describe('the Deployment’s command line', () => {
  it.each(Object.keys(manifestCases).filter((name) => name.startsWith('webhook-')))(
    'of %s is understood by irsa-webhook',
    (name) => {
      const { spec } = find(manifestCases[name]!(), 'Deployment');
      const args: string[] = spec.template.spec.containers[0].args;
      const command = parseOptions(args, {});
      expect(command.kind).toBe('run');
    },
  );
});
