import { fieldOf, listOf } from '../read-json.js';

const osKeys = ['kubernetes.io/os', 'beta.kubernetes.io/os'] as const;

/** Whether one node selector term lets a pod run on Windows nodes only. */
const wantsWindows = (term: unknown): boolean =>
  listOf(fieldOf(term, 'matchExpressions')).some((expression) => {
    const values = listOf(fieldOf(expression, 'values'));
    return (
      osKeys.some((key) => fieldOf(expression, 'key') === key) &&
      fieldOf(expression, 'operator') === 'In' &&
      values.length > 0 &&
      values.every((value) => value === 'windows')
    );
  });

/**
 * Whether a pod runs on Windows: `spec.os.name` decides; else the node selector; else a required node affinity whose every term
 * asks for Windows.
 */
export function isWindowsPod(spec: unknown): boolean {
  const os = fieldOf(fieldOf(spec, 'os'), 'name');
  if (os !== undefined) return os === 'windows';
  const selector = fieldOf(spec, 'nodeSelector');
  if (selector !== undefined && osKeys.some((key) => fieldOf(selector, key) === 'windows')) {
    return true;
  }
  const affinity = fieldOf(fieldOf(spec, 'affinity'), 'nodeAffinity');
  const terms = listOf(
    fieldOf(
      fieldOf(affinity, 'requiredDuringSchedulingIgnoredDuringExecution'),
      'nodeSelectorTerms',
    ),
  );
  return terms.length > 0 && terms.every(wantsWindows);
}
