import { InterruptedError } from './interrupted-error.js';
import type { CliIo } from './types.js';

/** The process's own streams, environment and clock. */
export function systemIo(): CliIo {
  const abort = new AbortController();
  let listening = false;
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
    confirm: askPerson,
    env: process.env,
    cwd: process.cwd(),
    now: () => new Date(),
    fetch: globalThis.fetch,
    resolve: async (host) => {
      const { lookup } = await import('node:dns/promises');
      return (await lookup(host, { all: true })).map(({ address }) => address);
    },
    awsClients: async (options) => (await import('irsa-aws')).createAwsClients(options),
    get signal(): AbortSignal {
      // Only commands that run long ask for it; the others end by the signal itself, and so does a second Ctrl-C.
      if (!listening) {
        listening = true;
        process.once('SIGINT', () => {
          process.stderr.write('\nstopping after what is under way; Ctrl-C again stops at once\n');
          abort.abort(new InterruptedError('stopped'));
        });
      }
      return abort.signal;
    },
  };
}

/** Asks on the terminal; no where there is none, and at the end of the input. */
async function askPerson(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await new Promise<string>((resolve, reject) => {
      // The prompt reads Ctrl-C itself: no signal is raised.
      prompt.once('SIGINT', () => {
        process.stderr.write('\n');
        reject(new InterruptedError('stopped; nothing was changed by this step'));
      });
      prompt.once('close', () => {
        resolve('');
      });
      prompt.question(`${question} [y/N] `).then(resolve, reject);
    });
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}
