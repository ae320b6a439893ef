import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { format } from 'prettier';
import { faultCases, longFaults, renderFaultMatrix } from './fault-cases.js';
import { runFault, startFaultWorld, type FaultWorld } from './fault-world.js';

let world: FaultWorld;

beforeAll(async () => {
  world = await startFaultWorld();
});
afterAll(() => world.close());

describe('the fault matrix, against the local AWS', () => {
  // Real sockets with deadlines of 100 ms: a machine that is busy elsewhere may miss one, so a row has three tries.
  it.each(faultCases)('$fault', { retry: 2 }, async (fault) => {
    const healed = fault.endpointOf === undefined ? 'new credentials' : '–';
    expect(await runFault(world, fault)).toEqual({ cold: fault.cold, warm: fault.warm, healed });
  });

  it.each(longFaults)('has a test for: %s', async (_fault, _seen, test) => {
    const [name = '', title = ''] = test.split(/: (.*)/s);
    const source = await readFile(new URL(`${name}.test.ts`, import.meta.url), 'utf8');
    expect(source).toContain(`'${title}`);
  });

  it('stands in docs/credentials-faults.md as it is asserted here', async () => {
    const page = await readFile(
      new URL('../../docs/credentials-faults.md', import.meta.url),
      'utf8',
    );
    expect(page).toBe(await format(renderFaultMatrix(), { parser: 'markdown' }));
  });
});
