import { fileURLToPath } from 'node:url';
import type { World } from '../environment/world.js';

const command = fileURLToPath(new URL('../../adapters/cli/dist/main.js', import.meta.url));

/** Runs the built command `irsa` and returns what it printed; anything but exit code 0 throws. */
export async function runIrsa(
  world: World,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const result = await tryIrsa(world, args, env);
  if (result.code === 0) return result.stdout;
  throw new Error(
    `irsa ${args.slice(0, 2).join(' ')} ended with ${String(result.code)}: ${`${result.stdout}\n${result.stderr}`.trim().slice(-1500)}`,
  );
}

/** The same, whatever the exit code. */
export const tryIrsa = (
  world: World,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ReturnType<World['run']> =>
  world.run(process.execPath, ['--no-warnings', command, ...args], { env });

/** Runs kubectl with a kubeconfig; anything but exit code 0 throws. */
export async function runKubectl(
  world: World,
  kubeconfig: string,
  args: readonly string[],
  input = '',
): Promise<string> {
  const env = { KUBECONFIG: kubeconfig };
  const result = await world.run(world.part('kubectl'), args, { env, input });
  if (result.code === 0) return result.stdout;
  throw new Error(
    `kubectl ${args.join(' ')} ended with ${String(result.code)}: ${result.stderr.trim().slice(-1500)}`,
  );
}
