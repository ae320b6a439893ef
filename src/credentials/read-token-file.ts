import { TokenFileError } from '../errors.js';

/** Characters that STS takes; the file is not read beyond. */
const longestToken = 20_000;
// The kubelet swaps a symlink; on Windows it removes and recreates it. Waits that add up to about a second.
const waitsMs = [20, 80, 200, 300, 400];
const passing: ReadonlySet<string> = new Set(['ENOENT', 'ESTALE', 'EBUSY', 'EMPTY']);

const advice: Readonly<Record<string, string>> = {
  ENOENT:
    'check the volume mount and AWS_WEB_IDENTITY_TOKEN_FILE; a pod created before the webhook ran has no token volume',
  EACCES:
    'the file is readable by its owner and group only: run the container as that user, or set securityContext.fsGroup',
  EPERM: 'set securityContext.fsGroup, or run the container as the owner of the file',
  EISDIR: 'name the token file itself, not the folder it is mounted at',
  ENOTDIR: 'a part of the path is a file; correct the path',
  EMPTY: 'the kubelet has not written it yet, or something truncated it',
  ELONG: 'it is no projected token',
  EBINARY: 'it is no projected token',
};

const codeOf = (error: unknown): string => {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'UNKNOWN';
};

const fail = (path: string, code: string, cause?: unknown): TokenFileError =>
  new TokenFileError(
    `web identity token file ${JSON.stringify(path)}: expected a projected token, got ${
      code === 'EMPTY'
        ? 'an empty file'
        : code === 'ELONG'
          ? `more than ${longestToken} characters`
          : code === 'EBINARY'
            ? 'bytes that are not ASCII text'
            : code
    }; ${advice[code] ?? 'see the cause'}`,
    { path, actual: code, expected: 'a projected token', cause },
  );

/** Reads at most one byte more than a token can have, so that a huge file costs nothing. */
const readOnce = async (path: string): Promise<string> => {
  const { constants, open } = await import('node:fs/promises');
  // A named pipe without a writer then reads as empty, where it would occupy a thread of the process for ever. (Not on Windows.)
  const handle = await open(
    path,
    constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0),
  );
  try {
    const bytes = new Uint8Array(longestToken + 64);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) break;
    }
    const text = new TextDecoder('utf-8').decode(bytes.subarray(0, length)).trim();
    if (text === '') throw fail(path, 'EMPTY');
    if (text.length > longestToken || length === bytes.length) throw fail(path, 'ELONG');
    if (!/^[\x21-\x7e]+$/.test(text)) throw fail(path, 'EBINARY');
    return text;
  } finally {
    await handle.close();
  }
};

const delay = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * Reads a projected token: opened anew each time, trimmed, without a byte-order mark, at most 20,000 characters. A file that is
 * missing or empty for a moment, as while the kubelet rotates it, is tried again for about a second.
 *
 * @throws {@link TokenFileError} `ERR_TOKEN_FILE`
 * @see {@link https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#launch-a-pod-using-service-account-token-projection | Kubernetes: service account token projection}
 */
export async function readTokenFile(path: string): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await readOnce(path);
    } catch (error) {
      const known = error instanceof TokenFileError ? error : undefined;
      const code = known?.actual ?? codeOf(error);
      const wait = waitsMs[tries];
      if (wait === undefined || !passing.has(code)) throw known ?? fail(path, code, error);
      await delay(wait);
    }
  }
}
