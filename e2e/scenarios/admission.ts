import { applyPodPatch, computePodPatch } from 'irsa/patch';
import type { PartialMutationSettings } from 'irsa/patch';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { region } from '../environment/hosts.js';
import type { World } from '../environment/world.js';
import { comparablePod, firstDifference } from '../pods/compare-pods.js';
import { randomPods } from '../pods/random-pods.js';
import {
  dryRun,
  hasRole,
  namespace,
  startAdmissionRig,
  throughGo,
  throughOurs,
} from '../setup/admission-rig.js';
import type { AdmissionRig, Verdict } from '../setup/admission-rig.js';
import { mapConcurrently } from '../setup/map-concurrently.js';
import { registerWebhook, unregisterWebhook, until } from '../setup/register-webhook.js';
import { startSidecarInjector } from '../setup/start-sidecar-injector.js';
import { judgeFixtures, judgeFixturesWithGo } from './admission-fixtures.js';
import { surviveStorm } from './admission-storm.js';
import type { Scenario } from './types.js';

const randomCount = 2000;
const seed = 20_261_123;

/** Thousands of pods through the real API server, without a webhook, with ours and with the Go webhook. */
export const admission: Scenario = {
  id: 'admission',
  about:
    'the API server stores what computePodPatch predicts, and what the Go webhook makes of a pod',
  parts: ['etcd', 'kube-apiserver', 'kubectl', 'eks-webhook'],
  buckets: [],
  run,
};

async function run(world: World): Promise<string> {
  const rig = await startAdmissionRig(world);
  const pods = randomPods(randomCount, seed);
  const pass = async (name: string): Promise<Verdict[]> => {
    const verdicts = await mapConcurrently(pods, 16, (pod) => dryRun(rig.client, pod));
    world.note(`${String(verdicts.length)} pods ${name}`);
    return verdicts;
  };
  const without = await pass('without a webhook');
  const settings = { behavior: 'standard', region } as const;
  const standard = await throughOurs(rig, settings, async () => {
    const verdicts = await pass('with ours');
    await completeLaterSidecar(rig);
    await completeEphemeralContainer(rig);
    return verdicts;
  });
  mustAgree(
    'ours against the prediction',
    without.map((verdict) => predict(rig, verdict, settings)),
    standard,
  );
  const eks = await throughOurs(rig, { behavior: 'eks', region }, () => pass("with ours as 'eks'"));
  const go = await throughGo(rig, () => pass('with the Go webhook'));
  mustAgree("ours with behavior 'eks' against the Go webhook", go, eks);
  const fixtures = [await judgeFixtures(rig), await judgeFixturesWithGo(rig)].join('; ');
  const storm = await surviveStorm(world);
  const accepted = without.filter(({ status }) => status === 201).length;
  const changed = standard.filter(
    (verdict, index) =>
      verdict.status === 201 && comparablePod(verdict.pod) !== comparablePod(without[index]!.pod),
  ).length;
  return `${String(pods.length)} random pods: ${String(accepted)} accepted without us and with us, ${String(changed)} of them stored as computePodPatch predicts and the others untouched; a sidecar of a later webhook and an ephemeral container completed; with behavior 'eks' all are stored as the Go webhook has them; ${fixtures}; ${storm}`;
}

/** A webhook after ours adds a container; the API server calls us again, and the container gets its role too. */
async function completeLaterSidecar({ world, client }: AdmissionRig): Promise<void> {
  const injector = await startSidecarInjector(world.certificates);
  const { ca } = world.certificates;
  await registerWebhook(client, { name: 'sidecar', url: injector.url, ca });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'with-sidecar' },
    spec: { serviceAccountName: 'role', containers: [{ name: 'app', image: 'example.com/app:1' }] },
  };
  try {
    for (const deadline = Date.now() + 30_000; ;) {
      const { status, pod: stored } = await dryRun(client, pod);
      const containers: KubernetesJson[] = stored.spec?.containers ?? [];
      if (status === 201 && containers.length === 2) {
        if (containers.every(hasRole)) return;
        throw new Error("reinvocation: the later webhook's sidecar has no role");
      }
      if (Date.now() > deadline) throw new Error('reinvocation: the second webhook is not called');
    }
  } finally {
    await unregisterWebhook(client, 'sidecar');
    await until('the sidecar is not injected any more', async () => {
      const { status, pod: stored } = await dryRun(client, pod);
      return status === 201 && stored.spec.containers.length === 1;
    });
    await injector.close();
  }
}

/** `kubectl debug` adds a container to a running pod; it gets the environment and the mount of the token that is there. */
async function completeEphemeralContainer({ client }: AdmissionRig): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pod = await client.create(path, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'debugged' },
    spec: { serviceAccountName: 'role', containers: [{ name: 'app', image: 'example.com/app:1' }] },
  });
  const { status, body } = await client.send('PUT', `${path}/debugged/ephemeralcontainers`, {
    ...pod,
    spec: {
      ...pod.spec,
      ephemeralContainers: [
        { name: 'debug', image: 'example.com/debug:1', targetContainerName: 'app' },
      ],
    },
  });
  const debug = body.spec?.ephemeralContainers?.[0];
  if (status !== 200 || !hasRole(debug) || debug.volumeMounts?.length === undefined) {
    throw new Error(`ephemeral container: ${String(status)} ${JSON.stringify(debug ?? body)}`);
  }
  await client.remove(`${path}/debugged?gracePeriodSeconds=0`);
}

/** What the API server must store: its own pod of the run without a webhook, with our patch applied. */
function predict(rig: AdmissionRig, verdict: Verdict, settings: PartialMutationSettings): Verdict {
  if (verdict.status !== 201) return verdict;
  const serviceAccount = rig.accounts.get(verdict.pod.spec.serviceAccountName);
  const outcome = computePodPatch({ pod: verdict.pod, namespace, serviceAccount, settings });
  if (outcome.kind !== 'mutated') return verdict;
  return { status: 201, pod: applyPodPatch(verdict.pod, outcome.patch) };
}

function mustAgree(what: string, expected: readonly Verdict[], actual: readonly Verdict[]): void {
  const different = expected.flatMap((verdict, index) => {
    const other = actual[index]!;
    if (verdict.status !== other.status) {
      const message = String(other.pod.message ?? verdict.pod.message);
      return [
        `random-${String(index)}: expected ${String(verdict.status)}, got ${String(other.status)}: ${message}`,
      ];
    }
    if (verdict.status !== 201) return [];
    const [left, right] = [comparablePod(verdict.pod), comparablePod(other.pod)];
    return left === right ? [] : [`random-${String(index)}: ${firstDifference(left, right)}`];
  });
  if (different.length === 0) return;
  throw new Error(
    `${what}: ${String(different.length)} pods differ\n${different.slice(0, 5).join('\n')}`,
  );
}
