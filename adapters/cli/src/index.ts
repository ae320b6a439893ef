export { runCli } from './run-cli.js';
export { systemIo } from './system-io.js';
export type { CliIo, ExitCode } from './types.js';
