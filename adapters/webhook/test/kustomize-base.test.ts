import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { manifestsToYaml, webhookManifests } from 'irsa/cluster';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../src/parse-options.js';

const base = fileURLToPath(new URL('../kustomize/base', import.meta.url));
const kubectl = ['kubectl', `${process.env['KUBEBUILDER_ASSETS'] ?? '/nowhere'}/kubectl`].find(
  (command) => spawnSync(command, ['kustomize', '--help']).status === 0,
);
const manifests = webhookManifests({
  namespace: 'irsa-system',
  image: 'irsa-webhook:0.1.0',
  certificates: 'self-managed',
});

describe('the Kustomize base', () => {
  it('is what irsa/cluster makes (vitest -u writes it)', async () => {
    await expect(manifestsToYaml(manifests)).toMatchFileSnapshot('../kustomize/base/webhook.yaml');
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

  // Where there is no kubectl, the end-to-end suite renders it with its own.
  it.skipIf(kubectl === undefined)('is rendered by kubectl kustomize', () => {
    const { status, stdout, stderr } = spawnSync(kubectl!, ['kustomize', base], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const { kind, metadata } of manifests) {
      expect(stdout).toContain(`kind: ${kind}\n`);
      expect(stdout).toContain(`name: ${metadata.name}\n`);
    }
  });
});
