#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { systemIo } from './system-io.js';

// A reader that has seen enough (`irsa … | head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.exitCode = await runCli(process.argv.slice(2), systemIo());
