import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fromProjectedToken } from 'irsa/credentials';
import { expect, it } from 'vitest';
import { roleArn, tokenWith } from './support.js';

const collect = (): void => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
};

it('10,000 refreshes over the wire leave memory, handles and listeners as they were', async () => {
  const sts = fork(fileURLToPath(new URL('../../bench/fake-sts.mjs', import.meta.url)), {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const [port] = (await once(sts.stdout!, 'data')) as [Buffer];
  const endpoint = `http://127.0.0.1:${port.toString().trim()}`;
  const folder = await mkdtemp(join(tmpdir(), 'irsa-refreshes-'));
  const webIdentityTokenFile = join(folder, 'token');
  await writeFile(webIdentityTokenFile, tokenWith());
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    // Node's own: too many listeners, a handle that was lost. The SDK's notice about Node 20 is none.
    if (!warning.message.includes('AWS SDK')) warnings.push(warning);
  };
  process.on('warning', onWarning);
  let listeners = 0;
  const signal = {
    aborted: false,
    addEventListener: () => (listeners += 1),
    removeEventListener: () => (listeners -= 1),
  };
  const provider = fromProjectedToken({
    roleArn,
    webIdentityTokenFile,
    endpoint,
    region: 'us-west-2',
  });
  const keys = new Set<string>();
  const refresh = async (times: number): Promise<{ heap: number; handles: number }> => {
    for (let time = 0; time < times; time += 1) {
      provider.invalidate();
      keys.add((await provider({ signal })).accessKeyId);
    }
    keys.clear();
    collect();
    const handles = process.getActiveResourcesInfo().length;
    return { heap: process.memoryUsage().heapUsed, handles };
  };
  try {
    const before = await refresh(2000);
    const after = await refresh(10_000);
    // A hundred bytes kept of each refresh would be a megabyte.
    expect(after.heap - before.heap).toBeLessThan(1_000_000);
    expect(after.handles).toBeLessThanOrEqual(before.handles);
    expect(listeners).toBe(0);
    expect(warnings).toEqual([]);
    const response = await fetch(`${endpoint}/stats`, { headers: { connection: 'close' } });
    expect(await response.json()).toMatchObject({ calls: 12_000, connections: 1, open: 1 });
  } finally {
    provider.close();
    process.off('warning', onWarning);
    sts.disconnect();
    await rm(folder, { recursive: true });
  }
});
