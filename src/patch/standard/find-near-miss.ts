import { objectOf } from '../read-json.js';

const keysLookedAt = 256;

/** What people call the role in the right domain; elsewhere these names are somebody else's. */
const otherNames: ReadonlySet<string> = new Set(
  'role roles rolename iamrole iamrolename awsrole awsrolearn assumerole assumerolearn arn iamarn'.split(
    ' ',
  ),
);

/** Read by kube2iam and kiam, whatever the domain of ours is. */
const readByOthers = 'iam.amazonaws.com/role';

/** How many single-character edits lead from one short text to another, given up past `most`. */
const editDistance = (from: string, to: string, most: number): number => {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    let left = i;
    let corner = i - 1;
    row = row.map((above, j) => {
      if (j === 0) return i;
      const swap = corner + (from[i - 1] === to[j - 1] ? 0 : 1);
      corner = above;
      left = Math.min(swap, above + 1, left + 1);
      return left;
    });
  }
  return Math.min(...row.slice(-1));
};

/**
 * An annotation key that was probably meant to name the role: another case, `eks.amazon.com`, `rolearn`, or no domain at all;
 * in the right domain also `role`, `iam-role` and the like. Undefined where none looks so.
 */
export function findNearMiss(annotations: unknown, domain: string): string | undefined {
  const wanted = `${domain}/role-arn`;
  for (const key of Object.keys(objectOf(annotations)).slice(0, keysLookedAt)) {
    if (key === wanted || key === readByOthers || key.length > 2 * wanted.length) continue;
    const lower = key.toLowerCase();
    const slash = lower.lastIndexOf('/');
    const name = lower.slice(slash + 1).replace(/[-_.]/g, '');
    const given = lower.slice(0, Math.max(slash, 0));
    if (given === domain && (otherNames.has(name) || editDistance(name, 'rolearn', 2) <= 2))
      return key;
    if (name !== 'rolearn' && name !== 'iamrolearn') continue;
    if (slash < 0 || given.includes('amazon') || editDistance(given, domain, 4) <= 4) return key;
  }
  return undefined;
}
