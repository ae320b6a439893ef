import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../src/create-metrics.js';

const read = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const { groups } = parse(read('alerts.yaml')) as {
  groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[];
};
const rules = groups.flatMap((group) => group.rules);

it('every metric in the alert rules is one that the webhook serves', async () => {
  const metrics = createMetrics({
    inFlight: () => 0,
    serviceAccounts: () => 0,
    behindSeconds: () => ({ serviceaccounts: 0 }),
    ready: () => true,
    certificateExpiry: () => ({ serving: 0 }),
  });
  metrics.request({ route: 'mutate', status: 200, seconds: 0.001, decision: 'mutated' });
  metrics.lookup('hit');
  metrics.watch('serviceaccounts', 'failed');
  metrics.fault('certificate');
  const text = await metrics.text();
  const named = rules.flatMap(({ expr }) => expr.match(/irsa_webhook_\w+/g) ?? []);
  expect(named.length).toBeGreaterThanOrEqual(rules.length);
  for (const name of named) expect(text).toMatch(new RegExp(`^${name}[ {]`, 'm'));
});

it('every alert is explained, and every explanation has its alert', () => {
  const explained = [...read('alerts.md').matchAll(/^\| (Irsa\w+) /gm)].map(([, name]) => name);
  expect(explained.sort()).toEqual(rules.map(({ alert }) => alert).sort());
});
