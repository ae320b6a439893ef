/** JSON values compared without regard to the order of object fields. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
    return false;
  }
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [a, b] = [Object.entries(left), new Map(Object.entries(right))];
  return (
    a.length === b.size && a.every(([key, value]) => b.has(key) && sameValue(value, b.get(key)))
  );
}

/** Which of `wanted` are missing or different in `actual`. */
export function missingTags(
  actual: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(wanted).filter(([key, value]) => actual[key] !== value));
}
