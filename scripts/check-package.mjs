// npm run check:package: builds every package and holds it against publint and are-the-types-wrong.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync('npm', ['run', '--silent', 'build'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
});

let clean = true;
for (const folder of ['.', 'adapters/webhook', 'adapters/aws', 'adapters/cli']) {
  const pkgDir = join(root, folder);
  const { messages, pkg } = await publint({ pkgDir, strict: true });
  for (const message of messages) {
    clean = false;
    process.stderr.write(`publint: ${folder}: ${formatMessage(message, pkg) ?? message.code}\n`);
  }
  const packed = mkdtempSync(join(tmpdir(), 'irsa-pack-'));
  try {
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed], {
      cwd: pkgDir,
      stdio: 'pipe',
    });
    const [tarball = ''] = readdirSync(packed);
    // ESM only, by design: Node >= 20.19 can require() it, which attw's CJS column does not know.
    const attw = spawnSync(
      'npx',
      ['--no-install', 'attw', join(packed, tarball), '--profile', 'esm-only', '--quiet'],
      { cwd: root, encoding: 'utf8' },
    );
    if (attw.status !== 0) {
      clean = false;
      process.stderr.write(`attw: ${folder}:\n${attw.stdout}${attw.stderr}\n`);
    }
  } finally {
    rmSync(packed, { recursive: true, force: true });
  }
}
process.exit(clean ? 0 : 1);
