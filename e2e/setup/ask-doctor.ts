import type { Diagnosis } from 'irsa/diagnose';
import type { World } from '../environment/world.js';
import { tryIrsa } from './run-irsa.js';

/** What the command says and its exit code. */
export interface DoctorAnswer extends Pick<Diagnosis, 'verdict' | 'findings' | 'stsError'> {
  readonly code: number;
}

/** Asks the command `irsa doctor` with the administrator's credentials; a rate limit says nothing about the token, so it asks again. */
export async function askDoctor(
  world: World,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<DoctorAnswer> {
  const credentials = (await world.aws()).env();
  for (let tries = 0; ; tries++) {
    const { code, stdout, stderr } = await tryIrsa(world, ['doctor', ...args, '--output', 'json'], {
      ...credentials,
      ...env,
    });
    const said = parseSaid(stdout, `${args.join(' ')}: ${stderr}`);
    if (said.stsError?.code === 'Throttling' && tries < 20) continue;
    return { ...said, code };
  }
}

function parseSaid(stdout: string, otherwise: string): Omit<DoctorAnswer, 'code'> {
  try {
    return JSON.parse(stdout) as DoctorAnswer;
  } catch {
    throw new Error(`irsa doctor: ${stdout.slice(0, 300)} ${otherwise.slice(0, 500)}`);
  }
}
