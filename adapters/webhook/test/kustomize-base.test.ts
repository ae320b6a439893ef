import { readFileSync } from 'node:fs';
import { manifestsToYaml, webhookManifests } from 'irsa/cluster';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseOptions } from '../src/parse-options.js';
import { baseFolder, baseManifests, findKubectl, render } from './support/kustomize-base.js';

const read = (name: string): string => readFileSync(new URL(name, baseFolder), 'utf8');

describe('the Kustomize base', () => {
  it('is what irsa/cluster makes (vitest -u writes it)', async () => {
    await expect(manifestsToYaml(baseManifests)).toMatchFileSnapshot(
      '../kustomize/base/webhook.yaml',
    );
  });

  it.each(['self-managed', 'cert-manager', 'provided'] as const)(
    'passes arguments that the program takes (%s)',
    (certificates) => {
      const objects = webhookManifests({
        namespace: 'irsa-system',
        image: 'x',
        certificates,
        region: 'eu-west-1',
        audience: 'sts.amazonaws.com',
        ...(certificates === 'provided' && { caBundle: 'Y2E=' }),
      });
      const deployment = objects.find(({ kind }) => kind === 'Deployment');
      const { containers } = (
        deployment as never as {
          spec: { template: { spec: { containers: { args: string[] }[] } } };
        }
      ).spec.template.spec;
      const command = parseOptions(containers[0]!.args, {});
      expect(command).toMatchObject({
        kind: 'run',
        options: {
          port: 8443,
          namespace: 'irsa-system',
          serviceName: 'irsa-webhook',
          certificates: certificates === 'self-managed' ? 'self-managed' : 'provided',
          roleMappingConfigMap: 'pod-identity-webhook',
          settings: { region: 'eu-west-1' },
          notes: [],
        },
      });
    },
  );

  it('adds nothing to that: an overlay is the place for changes', () => {
    expect(parse(read('kustomization.yaml'))).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'irsa-system',
      resources: ['webhook.yaml'],
    });
    const namespaces = baseManifests.map(
      ({ kind, metadata }) => metadata.namespace ?? `none: ${kind}`,
    );
    expect([...new Set(namespaces)].sort()).toEqual([
      'irsa-system',
      'none: ClusterRole',
      'none: ClusterRoleBinding',
      'none: MutatingWebhookConfiguration',
      'none: Namespace',
    ]);
  });

  it('is rendered as it is by the kubectl of this machine', ({ skip }) => {
    const kubectl = findKubectl();
    if (kubectl === undefined)
      skip('no kubectl here; npm run test:slow builds one and renders with it');
    else expect(render(kubectl)).toEqual(baseManifests);
  });
});
