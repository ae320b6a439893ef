import { readdirSync, readFileSync } from 'node:fs';
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  reviewPod,
} from 'irsa/patch';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { comparablePod, firstDifference } from '../pods/compare-pods.js';
import { canary, dryRun, hasRole } from '../setup/admission-rig.js';
import type { AdmissionRig, Verdict } from '../setup/admission-rig.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { registerWebhook, unregisterWebhook, until } from '../setup/register-webhook.js';
import { startPlainWebhook } from '../setup/start-sidecar-injector.js';

const folder = new URL('../../test/fixtures/pods/', import.meta.url);

interface Case {
  readonly name: string;
  readonly given: KubernetesJson;
  readonly pod: KubernetesJson;
  readonly without: Verdict;
}

/** Each case of the table through the API server and a custom webhook over `reviewPod` that has the case's own settings. */
export async function judgeFixtures(rig: AdmissionRig): Promise<string> {
  const { client, world } = rig;
  const cases = await readCases(rig);
  const accepted = cases.filter(({ without }) => without.status === 201);
  const byName = new Map(accepted.map((one) => [one.name, one]));
  const webhook = await startPlainWebhook(world.certificates, (review) => {
    const found = byName.get(review.request.object.metadata.name);
    const given = found === undefined ? { serviceAccount: rig.accounts.get('role') } : found.given;
    return reviewPod(review, {
      findServiceAccount: () => given.serviceAccount,
      ...contextOf(given),
    });
  });
  await registerWebhook(client, { name: 'fixtures', url: webhook.url, ca: world.certificates.ca });
  try {
    await until('the webhook is in force', async () => {
      const { status, pod } = await dryRun(client, canary);
      return status === 201 && hasRole(pod.spec.containers[0]);
    });
    const wrong: string[] = [];
    for (const one of accepted) wrong.push(...(await judge(rig, one)));
    if (wrong.length > 0) {
      throw new Error(`fixtures: ${String(wrong.length)} differ\n${wrong.slice(0, 5).join('\n')}`);
    }
  } finally {
    await unregisterWebhook(client, 'fixtures');
    await webhook.close();
  }
  return `${String(accepted.length)} of the ${String(cases.length)} fixtures are pods to the API server: each stored as predicted`;
}

async function readCases({ client }: AdmissionRig): Promise<Case[]> {
  const cases: Case[] = [];
  const namespaces = new Set(['default']);
  for (const name of readdirSync(folder).sort()) {
    const given = JSON.parse(readFileSync(new URL(`${name}/input.json`, folder), 'utf8'));
    const { namespace } = given;
    if (given.subresource !== undefined || given.oldPod !== undefined) continue;
    if (typeof namespace !== 'string' || namespace === '' || typeof given.pod?.spec !== 'object')
      continue;
    if (!namespaces.has(namespace)) {
      await client.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      namespaces.add(namespace);
    }
    const account = given.pod.spec?.serviceAccountName;
    for (const needed of ['default', account]) {
      if (typeof needed !== 'string' || needed === '') continue;
      await ensureServiceAccount(client, namespace, needed).catch(() => {});
    }
    const metadata = { ...given.pod.metadata, namespace };
    const pod = { apiVersion: 'v1', kind: 'Pod', ...given.pod, metadata: { ...metadata, name } };
    cases.push({ name, given, pod, without: await dryRun(client, pod, namespace) });
  }
  return cases;
}

const contextOf = (given: KubernetesJson) => ({
  settings: { ...given.settings, behavior: 'standard' as const },
  jitter: given.jitter,
  podIdentityAssociations:
    given.identities === undefined ? undefined : parsePodIdentityAssociations(given.identities),
  roleMappings: mappingsOf(given.configMap),
});

function mappingsOf(configMap: KubernetesJson): ReturnType<typeof parseRoleMappings> | undefined {
  try {
    return configMap === undefined ? undefined : parseRoleMappings(configMap);
  } catch {
    return undefined;
  }
}

async function judge(
  { client }: AdmissionRig,
  { name, given, pod, without }: Case,
): Promise<string[]> {
  const { namespace, serviceAccount } = given;
  const outcome = computePodPatch({
    pod: without.pod,
    namespace,
    serviceAccount,
    ...contextOf(given),
  });
  const stored = await dryRun(client, pod, namespace);
  if (outcome.kind === 'rejected') {
    return stored.status === 201 ? [`${name}: stored, though it was to be rejected`] : [];
  }
  if (stored.status !== 201)
    return [`${name}: ${String(stored.status)} ${String(stored.pod.message)}`];
  const expected =
    outcome.kind === 'mutated' ? applyPodPatch(without.pod, outcome.patch) : without.pod;
  const [left, right] = [comparablePod(expected), comparablePod(stored.pod)];
  return left === right ? [] : [`${name}: ${firstDifference(left, right)}`];
}
