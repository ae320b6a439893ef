import { expect, it } from 'vitest';
import { publishInProcess } from './kill-process.js';
import { spec, startLocalTarget } from './local-target.js';

/** A fresh account, plain http: the process has no certificate authority to learn. */
const withTarget = async <Result>(
  work: (local: Awaited<ReturnType<typeof startLocalTarget>>) => Promise<Result>,
): Promise<Result> => {
  const local = await startLocalTarget({ tls: false });
  try {
    return await work(local);
  } finally {
    await local.close();
  }
};

it('a process that is killed at any of its changes is finished by the next run', async () => {
  const whole = await withTarget((local) => publishInProcess(local, spec));
  expect(whole).toMatchObject({ code: 0, signal: null });
  const calls = Array.from({ length: whole.requests - whole.reads }, (_, i) => whole.reads + i + 1);
  expect(calls.length).toBeGreaterThan(9);
  const killAt = async (at: number): Promise<void> =>
    withTarget(async (local) => {
      const { signal, requests } = await publishInProcess(local, spec, at);
      expect({ at, signal, requests }).toEqual({ at, signal: 'SIGKILL', requests: at });
      await local.run();
      expect(await local.plan(), `killed at request ${at}`).toEqual([]);
    });
  // Two at a time: they are mostly waiting for a Node to start.
  for (let i = 0; i < calls.length; i += 2) await Promise.all(calls.slice(i, i + 2).map(killAt));
});

it('two processes at once publish one issuer', async () => {
  await withTarget(async (local) => {
    const ends = await Promise.all([publishInProcess(local, spec), publishInProcess(local, spec)]);
    // 3: refused because the other one was at work.
    for (const { code } of ends) expect([0, 3]).toContain(code);
    expect(ends.map(({ code }) => code)).toContain(0);
    await local.run();
    expect(await local.plan()).toEqual([]);
  });
});
