/** One line of a difference: kept, taken away or added. */
export interface DiffLine {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** The difference of two texts by lines: the fewest lines changed, in order. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  // Length of the longest common rest from (i, j) on.
  const rest = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const at = (i: number, j: number): number => rest[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = rest[i];
    if (row === undefined) continue;
    for (let j = b.length - 1; j >= 0; j -= 1) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ sign: ' ', line: a[i] ?? '' });
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: '-', line: a[i] ?? '' });
      i += 1;
    } else {
      lines.push({ sign: '+', line: b[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}
