#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { systemIo } from './system-io.js';

// What the SDK says to programmers about Node versions is no business of an operator's.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const output = { failed: false };
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`irsa … | head`) is no fault; a full disk is.
  if (code === 'EPIPE') return;
  output.failed = true;
  process.exitCode = 1;
  process.stderr.write(`irsa: standard output cannot be written (${code ?? 'unknown'})\n`);
});
// Work goes on though nobody reads its progress any more.
process.stderr.on('error', () => undefined);
const exitCode = await runCli(process.argv.slice(2), systemIo());
process.exitCode = output.failed ? 1 : exitCode;
