import type { KubernetesJson } from '../clients/kubernetes-client.js';

/**
 * A stored pod as text to compare: without what the API server makes anew for every request, with sorted keys, and with the
 * defaults that it gives to a projected volume and a field reference.
 */
export function comparablePod(pod: KubernetesJson): string {
  const metadata = { ...pod.metadata, uid: '', creationTimestamp: '', managedFields: [] };
  const volumes = pod.spec.volumes?.map((volume: KubernetesJson) =>
    volume.projected === undefined
      ? volume
      : { ...volume, projected: { defaultMode: 0o644, ...volume.projected } },
  );
  const spec = volumes === undefined ? pod.spec : { ...pod.spec, volumes };
  const text = JSON.stringify(sortKeys({ ...pod, metadata, spec }));
  return text
    .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access')
    .replaceAll('{"fieldRef":{"fieldPath"', '{"fieldRef":{"apiVersion":"v1","fieldPath"');
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}

/** The first place at which two texts part, with what stands there. */
export function firstDifference(expected: string, actual: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === actual[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 60), at + 120);
  return `expected …${around(expected)}… got …${around(actual)}…`;
}
