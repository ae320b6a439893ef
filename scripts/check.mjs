// npm run check: every static check, cheap first; each runs even if an earlier one failed, so that one run shows all.
import { spawnSync } from 'node:child_process';

const stages = [
  'format:check',
  'lint',
  'typecheck',
  'arch',
  'index:check',
  'docs:check',
  'check:package',
];
const failed = [];
for (const stage of stages) {
  const started = Date.now();
  const { status } = spawnSync('npm', ['run', '--silent', stage], { stdio: 'inherit' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${stage} (${seconds} s)\n`);
  if (status !== 0) failed.push(stage);
}
if (failed.length > 0) {
  process.stderr.write(`npm run check: ${failed.join(', ')} failed\n`);
  process.exit(1);
}
