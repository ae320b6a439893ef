// npm run docs:check: the committed docs/api is what the sources' docstrings say.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), 'irsa-docs-api-'));
try {
  const { status } = spawnSync('npx', ['--no-install', 'typedoc', '--out', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  const committed = join(root, 'docs/api');
  const names = new Set([...readdirSync(fresh), ...readdirSync(committed)]);
  const read = (folder, name) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const stale = [...names].filter((name) => read(fresh, name) !== read(committed, name));
  if (stale.length > 0) {
    process.stderr.write(
      `docs/api is stale (${stale.join(', ')}): run npm run docs and commit it\n`,
    );
    process.exit(1);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
