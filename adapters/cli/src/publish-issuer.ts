import { carryOut, type CarryOutOptions } from './carry-out.js';
import type { IssuerTask } from './issuer-spec.js';
import type { CliIo } from './types.js';

/** Carries an issuer's plan out, in two rounds where the first one makes the host name that the second one needs. */
export async function publishIssuer(
  makeTask: () => Promise<IssuerTask>,
  io: CliIo,
  options: CarryOutOptions,
): ReturnType<typeof carryOut> {
  const task = await makeTask();
  const first = await carryOut(task, io, options);
  if (task.next === undefined || first.outcome !== 'applied') return first;
  io.stderr.write(`${first.text}\n`);
  return carryOut(await makeTask(), io, options);
}
