import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { refreshThroughRotations } from './rotations.js';

it('16,000 token rotations while 50 providers refresh: none fails', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'irsa-rotations-'));
  try {
    // Throws where a refresh fails; the counts say that there was something to fail.
    const { refreshes, tokens } = await refreshThroughRotations(folder, 16_000);
    expect(refreshes).toBeGreaterThan(5000);
    expect(tokens).toBeGreaterThan(500);
  } finally {
    await rm(folder, { recursive: true });
  }
});
