import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import {
  goldenFiles,
  judgedTargets,
  judgeGolden,
  verdictsFile,
  type Verdict,
} from './judge-golden.js';

// Builds kubeadm, Talos' machinery and kind's types from their Go modules (needs Go; minutes the first time, then cached),
// lets each read the golden files, and holds what it said to verdicts.json. RECORD_VERDICTS=1 writes that file anew.
const record = process.env['RECORD_VERDICTS'] === '1';
const given: Record<string, Verdict> = {};

describe.each(judgedTargets)('%s', (target) => {
  it.each(goldenFiles(target))('%s', async (file) => {
    const verdict = await judgeGolden(target, file);
    given[file] = verdict;
    if (record) return;
    const recorded = JSON.parse(readFileSync(verdictsFile, 'utf8')) as Record<string, Verdict>;
    expect(verdict).toEqual(recorded[file]);
  });
});

afterAll(() => {
  if (!record) return;
  const sorted = Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(verdictsFile, `${JSON.stringify(sorted, undefined, 2)}\n`);
});
