import { explainPod } from 'irsa/diagnose';
import { describe, expect, it } from 'vitest';
import {
  account,
  authorities,
  bare,
  brokenPods,
  changed,
  mutated,
  serving,
  settings,
  webhook,
  type BrokenPod,
} from './broken-pods.js';

const explain = (build: BrokenPod['build']): ReturnType<typeof explainPod> => {
  const options = {
    pod: bare(),
    serviceAccount: account(),
    webhookConfiguration: webhook(),
    settings,
    webhookCaPem: authorities.ours,
    ...build(),
  };
  const before = structuredClone(options);
  const diagnosis = explainPod(options);
  expect(options).toEqual(before);
  return diagnosis;
};

describe('explainPod', () => {
  it('tells of a role that is annotated on the pod', () => {
    const pod = changed(bare(), (one) => {
      one['metadata'].annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/x' };
    });
    const [finding] = explain(() => ({ pod, serviceAccount: account({}) })).findings;
    expect(finding?.id).toBe('service-account-not-annotated');
    expect(finding?.evidence).toBe(
      'default/s3-echoer has no eks.amazonaws.com/role-arn; its pod has it, where nobody reads it',
    );
  });

  it.each<readonly [string, BrokenPod['build']]>([
    ['a mutated pod', () => ({ pod: mutated() })],
    ['a webhook that serves as it should', () => ({ pod: mutated(), ...serving({}) })],
    [
      'a webhook with a wildcard certificate',
      () => ({ pod: mutated(), ...serving({ names: ['*.irsa-system.svc'] }) }),
    ],
    [
      'the serving of another webhook, whatever it is',
      () => ({ pod: mutated(), ...serving({ configuration: 'vault', trusted: false }) }),
    ],
    [
      'a mutated Windows pod',
      () => ({ pod: mutated(changed(bare(), (pod) => (pod['spec'].os = { name: 'windows' }))) }),
    ],
    [
      'a mutated pod with init containers',
      () => ({
        pod: mutated(changed(bare(), (pod) => (pod['spec'].initContainers = [{ name: 'init' }]))),
      }),
    ],
    [
      'a volume with a token for somebody else beside ours',
      () => ({
        pod: changed(mutated(), (pod) => {
          pod['spec'].volumes[0].projected.sources.unshift({
            serviceAccountToken: { path: 'vault', audience: 'vault' },
          });
        }),
      }),
    ],
    [
      'a mount path with a slash at its end',
      () => ({
        pod: changed(mutated(), (pod) => {
          const [mount] = pod['spec'].containers[0].volumeMounts as { mountPath: string }[];
          mount!.mountPath += '/';
        }),
      }),
    ],
  ])('finds nothing wrong with %s', (_, build) => {
    expect(explain(build)).toEqual({ verdict: 'ok', findings: [] });
  });

  it.each(brokenPods)('$what → $findings', ({ findings, build }) => {
    const diagnosis = explain(build);
    expect(diagnosis.findings.map(({ id }) => id)).toEqual(findings);
    const worst = diagnosis.findings[0]?.severity;
    const expected =
      worst === 'error'
        ? 'refused'
        : findings[0]?.startsWith('unknown-') === true
          ? 'unknown'
          : 'ok';
    expect(diagnosis.verdict).toBe(expected);
  });
});
