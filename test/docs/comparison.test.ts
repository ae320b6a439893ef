import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../support/doc-fences.js';

const folder = join(repository, 'docs/comparison');

const link = /\]\((?<path>[^\s)]+\.test\.ts)(?: (?<mark>["'])(?<title>.*?)\k<mark>)?\)/g;

const links = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(link)].map(({ groups }) => ({
      page: name,
      path: join(folder, groups?.['path'] ?? ''),
      title: groups?.['title'],
    })),
  );

/** Whether the text names a test, or a group of tests: `test('title', …)`, `it.each(…)('title', …)`. */
const namesTest = (source: string, title: string): boolean => {
  const escaped = title
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("'", String.raw`\\?'`);
  const call = String.raw`(?:\b(?:test|it|describe)|\))\(\s*(['"\`])${escaped}\1\s*,`;
  return new RegExp(call).test(source);
};

describe('every claim of a comparison leads to the test that shows it', () => {
  test.each(links)('$page: $path $title', ({ path, title }) => {
    expect(existsSync(path), path).toBe(true);
    if (title === undefined) return;
    expect(namesTest(readFileSync(path, 'utf8'), title)).toBe(true);
  });

  test('and a title that no test has is noticed', () => {
    const source =
      "// works\nit('works', () => {});\ntest.each([1])(\n  '%s isn\\'t',\n  () => {},\n);";
    expect(namesTest(source, 'works')).toBe(true);
    expect(namesTest(source, "%s isn't")).toBe(true);
    expect(namesTest(source, 'work')).toBe(false);
    expect(namesTest("const title = 'works';", 'works')).toBe(false);
  });
});

/** The features of the table that the project set out to beat, in its order. */
const features = [
  'RSA sizes',
  'EC keys',
  'kid = Kubernetes',
  'several keys in the JWKS',
  'staged rotation',
  'empty-kid duplicate',
  'document == issuer',
  'S3 path / virtual-hosted',
  'CloudFront',
  'any https host',
  'policy, not ACL',
  'us-east-1',
  'partitions',
  'thumbprint',
  'provider update',
  'trust aud + sub',
  'wildcards / StringLike',
  'policy length check',
  'dry run',
  'safe re-run',
  'tear-down',
  'distribution',
  'webhook certificate: SAN, rotation',
  'doctor',
  'library',
];

describe('the issuer’s page', () => {
  const page = readFileSync(join(folder, 'issuer.md'), 'utf8');
  const [table = '', openGround = ''] = page.split('## What nobody else had');

  test('has every feature and every other tool, and proves each cell of ours', () => {
    const rows = table
      .split('\n')
      .filter((line) => /^\| (?!feature|-)/.test(line))
      .map((line) => line.slice(1, -1).split(' | '));
    expect(rows.map(([feature]) => feature?.trim())).toEqual(
      features.map(
        (feature) =>
          expect.stringMatching(
            new RegExp(`^${feature.replaceAll('+', String.raw`\+`)}`),
          ) as string,
      ),
    );
    for (const [feature, ours, ...others] of rows) {
      expect(ours, feature).toMatch(/\.test\.ts ["']/);
      expect(
        others.filter((cell) => cell.trim() !== ''),
        feature,
      ).toHaveLength(10);
    }
  });

  test('proves each claim of the open ground', () => {
    const claims = openGround.split('\n').filter((line) => line.startsWith('- '));
    expect(claims.length).toBeGreaterThanOrEqual(9);
    for (const claim of claims) expect(claim).toMatch(/\.test\.ts ["']/);
  });
});

describe('the credential providers’ page', () => {
  test('shows each of the fourteen points by named tests', () => {
    const page = readFileSync(join(folder, 'credentials.md'), 'utf8');
    const points = page.split('\n').filter((line) => /^\d+\. /.test(line));
    expect(points).toHaveLength(14);
    for (const point of points) expect(point).toMatch(/\.test\.ts ["']/);
    const cells = page.split('\n').filter((line) => /^\| (?!feature|-)/.test(line));
    expect(cells).toHaveLength(32);
    for (const line of cells) expect(line.split(' | ')[1], line).toMatch(/\.test\.ts ["']/);
  });
});
