/**
 * Go's `filepath.Join(a, b)` on Unix: empty parts are left out, the result is cleaned of doubled slashes, `.` and `..`.
 *
 * @see {@link https://pkg.go.dev/path/filepath#Join | filepath.Join}
 */
export function joinPath(first: string, second: string): string {
  const joined = first === '' ? second : second === '' ? first : `${first}/${second}`;
  return joined === '' ? '' : cleanPath(joined);
}

/** Whether cleaning may find something to take away from a rooted path; looks for single texts, which costs less than a pattern. */
const mayBeUnclean = (path: string): boolean =>
  path.includes('/.') || path.includes('//') || path.endsWith('/');

/**
 * Go's `filepath.Clean` on Unix.
 *
 * @see {@link https://pkg.go.dev/path/filepath#Clean | filepath.Clean}
 */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  if (rooted && !mayBeUnclean(path)) return path;
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push(part);
  }
  const text = kept.join('/');
  if (rooted) return `/${text}`;
  return text === '' ? '.' : text;
}
