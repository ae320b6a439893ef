import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from './test-io.js';

/** Answers by the beginning of a query, the first that fits; `forbidden` refuses, undefined is not found. */
export type Answers = Readonly<Record<string, unknown>>;

/** A kubectl that prints what is given for a query, and otherwise answers as the real one: not found. A shell script, because it is started often. */
export function fakeKubectl(answers: Answers): string {
  const folder = scratchFolder();
  const cases = Object.entries(answers).map(([query, answer], index) => {
    if (answer === undefined) return `'${query}'*) missing ;;`;
    if (answer === 'forbidden')
      return `'${query}'*) echo "Error from server (Forbidden): $* is forbidden" >&2; exit 1 ;;`;
    const file = join(folder, `${String(index)}.txt`);
    writeFileSync(file, typeof answer === 'string' ? answer : JSON.stringify(answer));
    return `'${query}'*) cat '${file}' ;;`;
  });
  const script = join(folder, 'kubectl');
  writeFileSync(
    script,
    `#!/bin/sh
missing() { echo 'Error from server (NotFound): not found' >&2; exit 1; }
case "$*" in
${cases.join('\n')}
*) missing ;;
esac
`,
  );
  chmodSync(script, 0o755);
  return script;
}
