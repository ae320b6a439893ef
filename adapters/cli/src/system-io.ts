import type { CliIo } from './types.js';

/** The process's own streams, environment and clock. */
export function systemIo(): CliIo {
  const abort = new AbortController();
  const stream = (target: NodeJS.WriteStream): CliIo['stdout'] => ({
    write: (text) => {
      target.write(text);
    },
    isTty: target.isTTY,
  });
  return {
    stdout: stream(process.stdout),
    stderr: stream(process.stderr),
    readStdin: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    confirm: async (question) => {
      if (!process.stdin.isTTY) return false;
      const { createInterface } = await import('node:readline/promises');
      const prompt = createInterface({ input: process.stdin, output: process.stderr });
      try {
        const answer = await prompt.question(`${question} [y/N] `, { signal: abort.signal });
        return /^y(?:es)?$/i.test(answer.trim());
      } finally {
        prompt.close();
      }
    },
    env: process.env,
    cwd: process.cwd(),
    now: () => new Date(),
    fetch: globalThis.fetch,
    resolve: async (host) => {
      const { lookup } = await import('node:dns/promises');
      return (await lookup(host, { all: true })).map(({ address }) => address);
    },
    get signal(): AbortSignal {
      // Only commands that run long ask for it; the others end by the signal itself.
      process.once('SIGINT', () => {
        abort.abort();
      });
      return abort.signal;
    },
  };
}
