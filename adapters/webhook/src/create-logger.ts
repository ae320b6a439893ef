/** How much is logged. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Fields of a log line; never a token, a key or a pod. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured logs: a constant message, so that it can be searched for and counted, and fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** What {@link createLogger} needs. */
export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Takes one line with its line feed. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

/** Creates a logger that writes one JSON object a line: `time`, `level`, `message`, then the fields. */
export function createLogger(options: LoggerOptions): Logger {
  const { level = 'info', write, now = () => new Date() } = options;
  const logger = (of: LogLevel) =>
    order.indexOf(of) < order.indexOf(level)
      ? () => {}
      : (message: string, fields?: LogFields): void => {
          write(
            `${JSON.stringify({ time: now().toISOString(), level: of, message, ...fields })}\n`,
          );
        };
  return {
    debug: logger('debug'),
    info: logger('info'),
    warn: logger('warn'),
    error: logger('error'),
  };
}

/** An error as one field: its message, which never holds a secret by the rules of `irsa/errors`. */
export function errorField(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 1000) : String(error);
}
