/** The parts of an SDK error that decide what to do. */
interface AwsError {
  readonly name: string;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** Reads an SDK error; HEAD requests have a status only, their name is `Unknown` or the status. */
export function readAwsError(error: unknown): AwsError {
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  const headers = field(field(error, '$response'), 'headers');
  const name = field(error, 'Code') ?? field(error, 'name');
  return {
    name: typeof name === 'string' ? name : '',
    status: typeof status === 'number' ? status : undefined,
    headers:
      typeof headers === 'object' && headers !== null ? (headers as Record<string, string>) : {},
  };
}

/** Whether the server says that it does not know such a request at all. */
export const isNotImplemented = (error: unknown): boolean => {
  const { name, status } = readAwsError(error);
  return name === 'NotImplemented' || status === 501;
};

/** Whether the error says that the thing asked for is not there. */
export const isMissing = (error: unknown, ...names: readonly string[]): boolean => {
  const { name, status } = readAwsError(error);
  return names.includes(name) || (status === 404 && names.length === 0);
};

/** Answers undefined where the thing is not there. */
export async function orMissing<T>(
  promise: Promise<T>,
  ...names: readonly string[]
): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error, ...names)) return undefined;
    throw error;
  }
}
