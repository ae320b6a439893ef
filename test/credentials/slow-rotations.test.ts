import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refreshThroughRotations } from './rotations.js';

it('16,000 token rotations while 50 providers refresh: none fails', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'irsa-rotations-'));
  try {
    expect(await refreshThroughRotations(folder, 16_000)).toBeGreaterThan(5000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
