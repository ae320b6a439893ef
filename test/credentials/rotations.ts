import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createWebIdentityProvider } from 'irsa/credentials';
import { readTokenFile } from '../../src/credentials/read-token-file.js';
import { roleArn, tokenWith } from './support.js';

/** What the kubelet does at each rotation: a new folder, a symlink renamed over `..data`, the old folder removed. */
const rotate = (directory: string, generation: number, token: string): void => {
  mkdirSync(join(directory, `..${generation}`));
  writeFileSync(join(directory, `..${generation}`, 'token'), token);
  symlinkSync(`..${generation}`, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
  if (generation > 0) rmSync(join(directory, `..${generation - 1}`), { recursive: true });
};

/** Fifty providers refresh while the token file is rotated; throws at the first refresh that fails, returns how many there were. */
export const refreshThroughRotations = async (
  directory: string,
  rotations: number,
): Promise<number> => {
  const token = tokenWith();
  rotate(directory, 0, token);
  symlinkSync(join('..data', 'token'), join(directory, 'token'));
  let running = true;
  let refreshes = 0;
  const work = Array.from({ length: 50 }, async () => {
    const provider = createWebIdentityProvider({
      roleArn,
      readToken: () => readTokenFile(join(directory, 'token')),
      assumeRole: () =>
        Promise.resolve({
          credentials: {
            accessKeyId: 'A',
            secretAccessKey: 'b',
            sessionToken: 'c',
            expiration: new Date(Date.now() + 3_600_000),
          },
        }),
    });
    while (running) {
      provider.invalidate();
      await provider();
      const { lastError } = provider.snapshot();
      if (lastError !== undefined) throw lastError;
      refreshes += 1;
      await sleep(20);
    }
    provider.close();
  });
  const watched = Promise.all(work);
  for (let generation = 1; generation <= rotations; generation += 1) {
    rotate(directory, generation, token);
    // Reads under way go on between two rotations, as they do beside a kubelet.
    await turn();
  }
  running = false;
  await watched;
  return refreshes;
};
