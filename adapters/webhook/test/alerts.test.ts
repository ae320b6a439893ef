import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../src/create-metrics.js';

const read = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const { groups } = parse(read('alerts.yaml')) as {
  groups: {
    rules: { alert: string; expr: string; for?: string; labels: { severity: string } }[];
  }[];
};
const rules = groups.flatMap((group) => group.rules);

/** What Prometheus reads of a webhook that has done a little of everything. */
const served = (): Promise<string> => {
  const metrics = createMetrics({
    inFlight: () => 0,
    serviceAccounts: () => 0,
    behindSeconds: () => ({ serviceaccounts: 0 }),
    ready: () => true,
    certificateExpiry: () => ({ serving: 0 }),
    brokenInputs: () => ({ certificate: false }),
  });
  metrics.request({ route: 'mutate', status: 200, seconds: 0.001, decision: 'mutated' });
  metrics.lookup('hit');
  metrics.watch('serviceaccounts', 'failed');
  metrics.fault('certificate');
  metrics.drop();
  return metrics.text();
};

it('every metric in the alert rules is one that the webhook serves', async () => {
  const text = await served();
  const named = rules.flatMap(({ expr }) => expr.match(/irsa_webhook_\w+/g) ?? []);
  expect(named.length).toBeGreaterThanOrEqual(rules.length);
  for (const name of named) expect(text).toMatch(new RegExp(`^${name}[ {]`, 'm'));
  expect(text).toMatch(/^irsa_webhook_dropped_connections_total 1$/m);
});

/** Where Prometheus' own grammar stumbles over an expression. */
const faults = (expression: string): string[] => {
  const found: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.push(`${from}: ${expression.slice(from, to)}`);
    },
  });
  return found;
};

it('every expression is PromQL, and a rule has the fields that Prometheus reads', () => {
  expect(faults('sum(rate(a{b="c"}[5m)) > 0')).not.toEqual([]);
  const queries = [...read('alerts.md').matchAll(/`(\w+\{[^`]*\})`/g)].map(([, query]) => query!);
  expect(queries.length).toBeGreaterThan(1);
  for (const query of queries) expect(faults(query)).toEqual([]);
  for (const rule of rules) {
    expect(faults(rule.expr)).toEqual([]);
    expect(Object.keys(rule).filter((key) => key !== 'for')).toEqual([
      'alert',
      'expr',
      'labels',
      'annotations',
    ]);
    expect(rule.for ?? '0s').toMatch(/^\d+[smh]$/);
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
  }
});

it('every label that a rule selects by is one of its metric, and every value one that the sources know', async () => {
  const text = await served();
  const sources = [
    ...['answer-review', 'create-webhook-handler', 'create-metrics'].map(
      (name) => `../src/${name}`,
    ),
    '../../../src/patch/types',
  ].map((path) => readFileSync(new URL(`${path}.ts`, import.meta.url), 'utf8'));
  const words = new Set(sources.join('\n').match(/[\w-]+/g));
  const selectors = rules.flatMap(({ expr }) => [...expr.matchAll(/(irsa_\w+)\{([^}]*)\}/g)]);
  expect(selectors.length).toBeGreaterThan(4);
  for (const [, metric = '', matchers = ''] of selectors) {
    for (const [, label = '', operator, value] of matchers.matchAll(/(\w+)(=~|=)"([^"]*)"/g)) {
      expect(text).toMatch(new RegExp(`^${metric}\\{.*\\b${label}="`, 'm'));
      if (operator === '=') expect(words).toContain(value);
    }
  }
});

it('every counter that an alert watches is there before it first counts: Prometheus sees no increase of what was not', async () => {
  const metrics = createMetrics({
    inFlight: () => 0,
    serviceAccounts: () => 0,
    behindSeconds: () => ({}),
    ready: () => true,
    certificateExpiry: () => ({}),
    brokenInputs: () => ({}),
  });
  const text = await metrics.text();
  const counters = rules.flatMap(({ expr }) => [
    ...expr.matchAll(/(irsa_\w+_total)(?:\{([^}]*)\})?\[/g),
  ]);
  expect(counters.length).toBeGreaterThan(4);
  for (const [, name = '', matchers = ''] of counters) {
    const labels = [...matchers.matchAll(/(\w+)(?:=~|=)"([^"]*)"/g)].map(
      ([, label = '', value = '']) => `(?=[^}]*${label}="${value}")`,
    );
    // A counter without labels is written without braces.
    const series = labels.length === 0 ? '(\\{[^}]*\\})?' : `\\{${labels.join('')}[^}]*\\}`;
    expect(text).toMatch(new RegExp(`^${name}${series} 0$`, 'm'));
  }
});

it('every alert is explained, and every explanation has its alert', () => {
  const explained = [...read('alerts.md').matchAll(/^\| (Irsa\w+) /gm)].map(([, name]) => name);
  expect(explained.sort()).toEqual(rules.map(({ alert }) => alert).sort());
});
