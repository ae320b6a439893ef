import { readdirSync, readFileSync } from 'node:fs';
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  reviewPod,
} from 'irsa/patch';
import type { KubernetesClient, KubernetesJson } from '../clients/kubernetes-client.js';
import { comparablePod, firstDifference } from '../pods/compare-pods.js';
import {
  canary,
  dryRun,
  hasRole,
  namespace as ownNamespace,
  throughGo,
} from '../setup/admission-rig.js';
import type { AdmissionRig, Verdict } from '../setup/admission-rig.js';
import { region } from '../environment/hosts.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { registerWebhook, unregisterWebhook, until } from '../setup/register-webhook.js';
import { startPlainWebhook } from '../setup/start-sidecar-injector.js';

const folder = new URL('../../test/fixtures/pods/', import.meta.url);

interface Case {
  readonly name: string;
  readonly given: KubernetesJson;
  /** Asks the API server what it would store. */
  readonly ask: () => Promise<Verdict>;
  readonly without: Verdict;
}

/** Each case of the table through the API server and a custom webhook over `reviewPod` that has the case's own settings. */
export async function judgeFixtures(rig: AdmissionRig): Promise<string> {
  const { client, world } = rig;
  const cases = await readCases(rig);
  const accepted = cases.filter(({ without }) => without.status < 300);
  const byName = new Map(accepted.map((one) => [one.name, one]));
  const webhook = await startPlainWebhook(world.certificates, (review) => {
    const found = byName.get(review.request.object.metadata?.name);
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
    for (const one of accepted) wrong.push(...(await judge(one)));
    if (wrong.length > 0) {
      throw new Error(`fixtures: ${String(wrong.length)} differ\n${wrong.slice(0, 5).join('\n')}`);
    }
  } finally {
    await unregisterWebhook(client, 'fixtures');
    await webhook.close();
  }
  return `${String(accepted.length)} of the ${String(cases.length)} fixtures are taken by the API server: each stored as predicted`;
}

async function readCases({ client }: AdmissionRig): Promise<Case[]> {
  const cases: Case[] = [];
  const namespaces = new Set<string>();
  for (const name of readdirSync(folder).sort()) {
    const given = JSON.parse(readFileSync(new URL(`${name}/input.json`, folder), 'utf8'));
    const { namespace } = given;
    if (!namespaces.has(namespace)) {
      await client.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      namespaces.add(namespace);
    }
    for (const needed of ['default', given.pod?.spec?.serviceAccountName]) {
      if (typeof needed !== 'string' || needed === '') continue;
      await ensureServiceAccount(client, namespace, needed).catch(() => {});
    }
    const ask = await asker(client, name, given);
    if (ask !== undefined) cases.push({ name, given, ask, without: await ask() });
  }
  return cases;
}

/** How the case comes to the API server; `undefined` where its operation is none that a webhook for pods is called for. */
async function asker(
  client: KubernetesClient,
  name: string,
  given: KubernetesJson,
): Promise<Case['ask'] | undefined> {
  const { namespace, subresource, oldPod } = given;
  const named = (pod: KubernetesJson): KubernetesJson =>
    typeof pod !== 'object' || pod === null || Array.isArray(pod)
      ? pod
      : { apiVersion: 'v1', kind: 'Pod', ...pod, metadata: { ...pod.metadata, namespace, name } };
  if (subresource === undefined) return () => dryRun(client, named(given.pod), namespace);
  if (subresource !== 'ephemeralcontainers') return undefined;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { ephemeralContainers: before = [], ...spec } = oldPod.spec;
  let stored = await client.create(path, named({ ...oldPod, spec }));
  const put = async (ephemeralContainers: unknown, query = ''): Promise<Verdict> => {
    const changed = { ...stored, spec: { ...stored.spec, ephemeralContainers } };
    const url = `${path}/${name}/ephemeralcontainers${query}`;
    const { status, body } = await client.send('PUT', url, changed);
    return { status, pod: body };
  };
  if (before.length > 0) stored = (await put(before)).pod;
  return () => put(given.pod.spec.ephemeralContainers, '?dryRun=All&fieldValidation=Strict');
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

async function judge({ name, given, ask, without }: Case): Promise<string[]> {
  const { namespace, serviceAccount, subresource, oldPod } = given;
  const outcome = computePodPatch({
    pod: without.pod,
    namespace,
    serviceAccount,
    ...(subresource === undefined ? {} : { subresource, oldPod }),
    ...contextOf(given),
  });
  const stored = await ask();
  if (outcome.kind === 'rejected') {
    return stored.status < 300 ? [`${name}: stored, though it was to be rejected`] : [];
  }
  if (stored.status !== without.status)
    return [`${name}: ${String(stored.status)} ${String(stored.pod.message)}`];
  const expected =
    outcome.kind === 'mutated' ? applyPodPatch(without.pod, outcome.patch) : without.pod;
  const [left, right] = [comparablePod(expected), comparablePod(stored.pod)];
  return left === right ? [] : [`${name}: ${firstDifference(left, right)}`];
}

/** The cases without settings of their own through the real Go webhook: it stores what `behavior: 'eks'` computes. */
export async function judgeFixturesWithGo(rig: AdmissionRig): Promise<string> {
  const expected = new Map<string, { readonly pod: KubernetesJson; readonly verdict: Verdict }>();
  for (const name of readdirSync(folder).sort()) {
    const given = JSON.parse(readFileSync(new URL(`${name}/input.json`, folder), 'utf8'));
    const { pod: givenPod, serviceAccount } = given;
    const needsSettings = Object.keys(given).some(
      (key) => !['about', 'namespace', 'pod', 'serviceAccount'].includes(key),
    );
    if (needsSettings || typeof givenPod?.spec !== 'object') continue;
    const annotations = serviceAccount?.metadata?.annotations ?? {};
    // An account of its own: this webhook reads them from the API server, and several cases share a name.
    const made = await ensureServiceAccount(rig.client, ownNamespace, name, annotations).catch(
      () => 'not taken',
    );
    const metadata = { ...givenPod.metadata, namespace: ownNamespace, name };
    const spec = { ...givenPod.spec, serviceAccount: name, serviceAccountName: name };
    const pod = { apiVersion: 'v1', kind: 'Pod', ...givenPod, metadata, spec };
    const without = await dryRun(rig.client, pod);
    if (made !== undefined || without.status !== 201) continue;
    const outcome = computePodPatch({
      pod: without.pod,
      namespace: ownNamespace,
      serviceAccount: { metadata: { name, namespace: ownNamespace, annotations } },
      settings: { behavior: 'eks', region },
    });
    // The API server refuses some pods that this behavior makes; then the Go webhook's must be refused too.
    const verdict =
      outcome.kind === 'mutated'
        ? await dryRun(rig.client, applyPodPatch(without.pod, outcome.patch))
        : without;
    expected.set(name, { pod, verdict });
  }
  await throughGo(rig, async () => {
    for (const [name, { pod, verdict }] of expected) {
      const stored = await dryRun(rig.client, pod);
      const [left, right] = [verdict, stored].map(({ status, pod: answered }) =>
        status === 201 ? comparablePod(answered) : String(status),
      ) as [string, string];
      if (left !== right)
        throw new Error(`the Go webhook, ${name}: ${firstDifference(left, right)}`);
    }
  });
  return `${String(expected.size)} of them through the Go webhook: each stored as behavior 'eks' computes`;
}
