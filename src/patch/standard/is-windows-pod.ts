import { isAbsent, listOf, objectOf, type JsonObject } from '../read-json.js';

const isWindowsNode = (labels: JsonObject): boolean =>
  labels['kubernetes.io/os'] === 'windows' || labels['beta.kubernetes.io/os'] === 'windows';

const asksForWindows = (requirement: unknown): boolean => {
  const { key, operator, values } = objectOf(requirement);
  if (key !== 'kubernetes.io/os' && key !== 'beta.kubernetes.io/os') return false;
  const names = listOf(values);
  return operator === 'In' && names.length > 0 && names.every((value) => value === 'windows');
};

/** Whether one node selector term lets a pod run on Windows nodes only. */
const wantsWindows = (term: unknown): boolean =>
  listOf(objectOf(term)['matchExpressions']).some(asksForWindows);

/**
 * Whether a pod runs on Windows: `spec.os.name` decides; else the node selector; else a required node affinity whose every term
 * asks for Windows.
 */
export function isWindowsPod(spec: JsonObject): boolean {
  const os = objectOf(spec['os'])['name'];
  if (os !== undefined) return os === 'windows';
  if (isWindowsNode(objectOf(spec['nodeSelector']))) return true;
  const affinity = objectOf(spec['affinity'])['nodeAffinity'];
  if (isAbsent(affinity)) return false;
  const required = objectOf(affinity)['requiredDuringSchedulingIgnoredDuringExecution'];
  const terms = listOf(objectOf(required)['nodeSelectorTerms']);
  return terms.length > 0 && terms.every(wantsWindows);
}
