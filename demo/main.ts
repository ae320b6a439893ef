import { parseArgs } from 'node:util';
import { runDemo } from './run-demo.js';

const usage = `Usage: npm run demo [-- options]
  --json                 print one JSON object as the last line, and nothing else
  --issuer-port NUMBER   insist on a port (default: a free one)
  --aws-port NUMBER
  --webhook-port NUMBER`;

const readPort = (value: string | undefined, name: string): number | undefined => {
  if (value === undefined) return undefined;
  const port = Number(value);
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535) {
    throw new Error(`--${name}: expected a port from 1 to 65535, got ${JSON.stringify(value)}`);
  }
  return port;
};

/** The command: prints the story and how it ended; the result is the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  let json: boolean;
  let ports: { issuer?: number; aws?: number; webhook?: number };
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        'issuer-port': { type: 'string' },
        'aws-port': { type: 'string' },
        'webhook-port': { type: 'string' },
      },
    });
    if (values.help) {
      console.log(usage);
      return 0;
    }
    json = values.json;
    const issuer = readPort(values['issuer-port'], 'issuer-port');
    const aws = readPort(values['aws-port'], 'aws-port');
    const webhook = readPort(values['webhook-port'], 'webhook-port');
    ports = {
      ...(issuer === undefined ? {} : { issuer }),
      ...(aws === undefined ? {} : { aws }),
      ...(webhook === undefined ? {} : { webhook }),
    };
  } catch (error) {
    console.error(`demo: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  // `npm run demo | head` closes the pipe; the loop still ends, and cleans up.
  process.stdout.on('error', () => {});
  const started = performance.now();
  const result = await runDemo({
    ports,
    tell: (line) => {
      if (!json) console.log(line);
    },
  });
  const failed = result.steps.find(({ ok }) => !ok);
  if (json) console.log(JSON.stringify(result));
  else if (result.ok) {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`\nIRSA works: no cluster, no AWS account, ${seconds} s.`);
  }
  if (failed) console.error(`demo: step ${failed.id} failed: ${failed.detail}`);
  return result.ok ? 0 : 1;
}
