// npm run e2e: plain JavaScript, so that an old Node gets one clear line instead of a syntax error.
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`e2e: Node ${process.versions.node} is too old; 20.19 or newer is needed\n`);
  process.exit(1);
}

// Its transpile cache would outlive the run.
process.env.TSX_DISABLE_CACHE = '1';

// tsx finds tsconfig.json, and with it the way from `irsa/...` to the sources, from the working directory.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch {
  process.stderr.write('e2e: the development dependencies are missing; run `npm install` first\n');
  process.exit(1);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
