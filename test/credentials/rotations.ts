import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { createWebIdentityProvider, decodeUnverifiedToken } from 'irsa/credentials';
import { readTokenFile } from '../../src/credentials/read-token-file.js';
import { roleArn, tokenWith } from './support.js';

/** What the kubelet does at each rotation: a new folder, a symlink renamed over `..data`, the old folder removed. */
const rotate = (directory: string, generation: number): void => {
  mkdirSync(join(directory, `..${generation}`));
  writeFileSync(join(directory, `..${generation}`, 'token'), tokenWith({ jti: `${generation}` }));
  symlinkSync(`..${generation}`, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
  if (generation > 0) rmSync(join(directory, `..${generation - 1}`), { recursive: true });
};

/**
 * Fifty providers refresh while the token file is rotated; throws at the first refresh that fails or sends anything but a token
 * that stood in the file a moment ago.
 */
export const refreshThroughRotations = async (
  directory: string,
  rotations: number,
): Promise<{ refreshes: number; tokens: number }> => {
  let current = 0;
  rotate(directory, current);
  symlinkSync(join('..data', 'token'), join(directory, 'token'));
  let running = true;
  let refreshes = 0;
  const seen = new Set<number>();
  const work = async (): Promise<void> => {
    let asked = current;
    const provider = createWebIdentityProvider({
      roleArn,
      readToken: () => readTokenFile(join(directory, 'token')),
      assumeRole: ({ webIdentityToken }) => {
        const generation = Number(decodeUnverifiedToken(webIdentityToken).claims['jti']);
        if (!(generation >= asked && generation <= current)) {
          throw new Error(`token ${generation} sent, between ${asked} and ${current} asked for`);
        }
        seen.add(generation);
        return Promise.resolve({
          credentials: {
            accessKeyId: 'A',
            secretAccessKey: 'b',
            sessionToken: 'c',
            expiration: new Date(Date.now() + 3_600_000),
          },
        });
      },
    });
    while (running) {
      asked = current;
      provider.invalidate();
      await provider();
      const { lastError } = provider.snapshot();
      if (lastError !== undefined) throw lastError;
      refreshes += 1;
      await sleep(20);
    }
    provider.close();
  };
  const watched = Promise.all(Array.from({ length: 50 }, work)).finally(() => {
    running = false;
  });
  // Handled below, when the rotations are over or the first failure has ended them.
  watched.catch(() => {});
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- a worker that fails changes it
  while (running && current < rotations) {
    current += 1;
    rotate(directory, current);
    // Reads under way go on between two rotations, as they do beside a kubelet.
    await turn();
  }
  running = false;
  await watched;
  return { refreshes, tokens: seen.size };
};
