import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { commandTable, groups, type CommandEntry } from './command-table.js';
import { explainError } from './explain-error.js';
import { InterruptedError } from './interrupted-error.js';
import { printResult, type OutputForm } from './print-result.js';
import type { CliIo, CommandContext, ExitCode } from './types.js';
import { UsageError } from './usage-error.js';

/**
 * Runs the command `irsa` in this process.
 *
 * @param argv - the arguments after `irsa`
 * @returns the exit code: 0 fine, 1 findings or a refusal, 2 wrong usage, 130 stopped by Ctrl-C
 * @example
 * ```ts no-run
 * import { runCli, systemIo } from 'irsa-cli';
 * process.exitCode = await runCli(['jwks', 'sa.pub'], systemIo());
 * ```
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const state: { exitCode: ExitCode } = { exitCode: 0 };
  const entry = entryFor(argv);
  const program = baseCommand(new Command('irsa'), io)
    .description('IAM Roles for Service Accounts on any Kubernetes cluster')
    .version(version(), '--version');
  try {
    for (const command of commandTable) await register(program, command, entry, { io, state });
    program.addHelpText(
      'after',
      '\nExample:\n  irsa keys create --out keys && irsa jwks keys/sa.pub',
    );
    await program.parseAsync([...argv], { from: 'user' });
    return state.exitCode;
  } catch (error) {
    return exitCodeOf(error, io);
  }
}

/** The command that the first words of the line name, if they name one. */
function entryFor(argv: readonly string[]): CommandEntry | undefined {
  const words = argv.filter((argument) => !argument.startsWith('-'));
  return commandTable.find(({ path }) => path.every((word, index) => words[index] === word));
}

function baseCommand(command: Command, io: CliIo): Command {
  return command
    .exitOverride()
    .showHelpAfterError('Run it with --help to see what it takes.')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => {
        io.stdout.write(text);
      },
      writeErr: (text) => {
        io.stderr.write(text);
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

async function register(
  program: Command,
  { path, summary, load }: CommandEntry,
  chosen: CommandEntry | undefined,
  run: { readonly io: CliIo; readonly state: { exitCode: ExitCode } },
): Promise<void> {
  const { io, state } = run;
  const [first, second] = path;
  const parent = second === undefined ? program : groupCommand(program, first, io);
  const command = baseCommand(new Command(second ?? first), io).description(summary);
  parent.addCommand(command);
  if (chosen?.path !== path) return;
  const define = await load();
  command.addOption(
    new Option('-o, --output <form>', 'how to print the result')
      .choices(['text', 'json', 'yaml'])
      .default('text'),
  );
  const context: CommandContext = {
    command,
    io,
    respond: async (work) => {
      const { output } = command.opts<{ output: OutputForm }>();
      const result = await work();
      await printResult(result, output, io);
      state.exitCode = result.exitCode ?? 0;
    },
  };
  define(context);
}

function groupCommand(program: Command, name: string, io: CliIo): Command {
  const known = program.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const group = baseCommand(new Command(name), io).description(groups[name] ?? name);
  program.addCommand(group);
  return group;
}

function exitCodeOf(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) {
    // Commander has printed the reason already; asked-for help is no mistake.
    return error.exitCode === 0 ? 0 : 2;
  }
  io.stderr.write(`irsa: ${explainError(error)}\n`);
  const { name } = error as Partial<Error>;
  if (error instanceof InterruptedError || name === 'AbortError') return 130;
  return error instanceof UsageError || error instanceof TypeError ? 2 : 1;
}

/** From the package's own file, which lies beside both the sources' folder and the built one. */
function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
