import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  goldenFiles,
  judgedTargets,
  sha256Of,
  verdictsFile,
  type Verdict,
} from './judge-golden.js';
import { settingsCases } from './settings-cases.js';

// The programs of the distributions judged exactly these bytes: `RECORD_VERDICTS=1 npm run test:slow -- test/cluster`.
const verdicts = JSON.parse(readFileSync(verdictsFile, 'utf8')) as Record<string, Verdict>;
const { issuers } = settingsCases['change-of-issuer'];

describe('every golden file of a judged target has a verdict on its present bytes', () => {
  it.each(judgedTargets.flatMap(goldenFiles))('%s', (file) => {
    expect(verdicts[file]?.sha256).toBe(sha256Of(file));
  });

  it('and no verdict is left over', () => {
    expect(Object.keys(verdicts).sort()).toEqual(judgedTargets.flatMap(goldenFiles).sort());
  });
});

describe('the first issuer signs, as kubeadm writes the command line', () => {
  const issuersOf = (command: readonly string[]): string[] =>
    command
      .filter((argument) => argument.startsWith('--service-account-issuer='))
      .map((argument) => argument.slice('--service-account-issuer='.length));

  it('from v1beta4', () => {
    const { read } = verdicts['kubeadm-v1beta4/change-of-issuer/kubeadm-config.yaml']!;
    expect(issuersOf((read as { command: string[] }).command)).toEqual(issuers);
  });

  it('from v1, where a mergeMethod would glue the issuers to one broken URL', () => {
    const { read } = verdicts['kubeadm-v1/change-of-issuer/kubeadm-config.yaml']!;
    const { command, ...merged } = read as Record<string, string[]> & { command: string[] };
    expect(issuersOf(command)).toEqual(issuers);
    const [, , last] = issuers;
    const own = 'https://kubernetes.default.svc.cluster.local';
    expect(issuersOf(merged['issuers with mergeMethod prepend']!)).toEqual([`${last!}${own}`]);
    expect(issuersOf(merged['issuers with mergeMethod append']!)).toEqual([`${own}${last!}`]);
  });

  it('from the patches of its manifest', () => {
    const { read } = verdicts['static-pod-patch/change-of-issuer/kube-apiserver+json.yaml']!;
    const found = issuersOf((read as { command: string[] }).command);
    expect(found[0]).toBe(issuers[0]);
    expect([...found].sort()).toEqual([...issuers].sort());
  });

  it('from kind', () => {
    const { read } = verdicts['kind/change-of-issuer/kind.yaml']!;
    for (const command of Object.values(read as Record<string, string[]>)) {
      expect(issuersOf(command)).toEqual(issuers);
    }
  });

  it('in Talos', () => {
    const { read } = verdicts['talos/change-of-issuer/talos-irsa-patch.yaml']!;
    expect(read).toMatchObject({ issuer: issuers[0], acceptedIssuers: issuers.slice(1) });
  });
});
