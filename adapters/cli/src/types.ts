import type { Command } from 'commander';
import type { AwsClients, ClientOptions } from 'irsa-aws';

/** Everything outside of the process that a command touches; tests put their own in its place. */
export interface CliIo {
  readonly stdout: { write(text: string): void; readonly isTty: boolean };
  readonly stderr: { write(text: string): void; readonly isTty: boolean };
  /** All of standard input, as bytes. */
  readonly readStdin: () => Promise<Uint8Array>;
  /** Asks a person; false where nobody can answer. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file names start here. */
  readonly cwd: string;
  readonly now: () => Date;
  /** Reads a public URL without credentials. */
  readonly fetch: typeof globalThis.fetch;
  /** The addresses that a host name leads to; absent where names are not looked up. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Where a pod finds the token for its API server; default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly podServiceAccountFolder?: string;
  /** AWS, as the ambient configuration says. */
  readonly awsClients: (options: ClientOptions) => Promise<AwsClients>;
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal;
}

/** 0: all is well. 1: findings, or a refusal. 2: the command line was wrong. 130: stopped by Ctrl-C. */
export type ExitCode = 0 | 1 | 2 | 130;

/** What a command has to say: the same for machines and for people. */
export interface CommandResult {
  /** For `--output json` and `yaml`. */
  readonly data: unknown;
  /** For `--output text`. */
  readonly text: string;
  /** Default 0. */
  readonly exitCode?: ExitCode;
}

/** What `define…` functions get: the commander command to fill, and where the result goes. */
export interface CommandContext {
  readonly command: Command;
  readonly io: CliIo;
  /** Runs the command's work and prints its result. */
  readonly respond: (work: () => CommandResult | Promise<CommandResult>) => Promise<void>;
}

/** Fills a command: its options, its examples, its action. */
export type DefineCommand = (context: CommandContext) => void;
