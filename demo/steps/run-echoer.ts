import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../story.js';
import type { Webhook } from './mutate-pod.js';
import type { AwsSide } from './set-up-iam.js';

/** An object in the bucket. */
export interface EchoedObject {
  readonly key: string;
  readonly size: number;
}

/**
 * Runs s3-echoer as its own process. Its environment is the patched container's, plus what stands in for the public
 * network: the local endpoint and its CA.
 */
export async function runEchoer(
  { tell, cleanUp }: Stage,
  { aws }: AwsSide,
  { folder, identity }: Webhook,
): Promise<{ object: EchoedObject; detail: string }> {
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, aws.caPem);
  const script = fileURLToPath(new URL('../s3-echoer.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
    env: {
      ...identity.env,
      AWS_ENDPOINT_URL: aws.endpoint,
      NODE_EXTRA_CA_CERTS: caFile,
      PATH: process.env['PATH'],
      HOME: folder,
      TSX_DISABLE_CACHE: '1',
      TSX_TSCONFIG_PATH: process.env['TSX_TSCONFIG_PATH'],
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on('exit', resolve).on('error', reject),
  );
  cleanUp(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [output, errors, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  if (exitCode !== 0) {
    throw new Error(`s3-echoer ended with exit code ${String(exitCode)}: ${errors.trim()}`);
  }
  const listed = JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as EchoedObject[];
  for (const { key, size } of listed) tell(`${key}  ${size} bytes`);
  const [object] = listed;
  if (object === undefined) throw new Error('s3-echoer ended well, but the bucket is empty');
  return { object, detail: `${object.key} (${object.size} bytes) is in the bucket` };
}
