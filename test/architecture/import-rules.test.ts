import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
  forbidden: { name: string }[];
  options: Record<string, unknown>;
};

/** A house in small: the smallest tree in which a rule is broken, by rule. */
const breaks: Record<string, Record<string, string>> = {
  'no-circular': {
    'src/patch/a.ts': "import { b } from './b.js';\nexport const a = (): unknown => b;",
    'src/patch/b.ts': "import { a } from './a.js';\nexport const b = (): unknown => a;",
  },
  'pure-no-core': {
    'src/patch/a.ts': "export const a = (): unknown => import('node:fs');",
  },
  'siblings-apart': {
    'src/patch/a.ts': "import { b } from '../oidc/b.js';\nexport const a = b;",
    'src/oidc/b.ts': 'export const b = 1;',
  },
  'first-ring-below-second': {
    'src/iam/a.ts': "import { b } from '../cluster/b.js';\nexport const a = b;",
    'src/cluster/b.ts': 'export const b = 1;',
  },
  'second-ring-apart': {
    'src/testing/a.ts': "import { b } from '../diagnose/b.js';\nexport const a = b;",
    'src/diagnose/b.ts': 'export const b = 1;',
  },
  'names-at-the-bottom': {
    'src/names/a.ts': "import { b } from '../iam/b.js';\nexport const a = b;",
    'src/iam/b.ts': 'export const b = 1;',
  },
  'errors-at-the-bottom': {
    'src/errors.ts': "import { b } from './names/b.js';\nexport const a = b;",
    'src/names/b.ts': 'export const b = 1;',
  },
  'nobody-imports-the-index': {
    'src/iam/a.ts': "import { b } from '../index.js';\nexport const a = b;",
    'src/index.ts': 'export const b = 1;',
  },
  'nobody-imports-adapters': {
    'src/iam/a.ts': "import { b } from '../../adapters/aws/src/b.js';\nexport const a = b;",
    'adapters/aws/src/b.ts': 'export const b = 1;',
  },
  'adapters-by-package-name': {
    'adapters/aws/src/a.ts': "import { b } from '../../../src/iam/b.js';\nexport const a = b;",
    'src/iam/b.ts': 'export const b = 1;',
  },
  'src-not-to-test': {
    'src/iam/a.ts': "import { b } from '../../test/b.js';\nexport const a = b;",
    'test/b.ts': 'export const b = 1;',
  },
  'only-oidc-uses-jose': {
    'src/iam/a.ts': "export const a = (): unknown => import('jose');",
  },
  'only-certs-uses-forge': {
    'src/oidc/a.ts': "export const a = (): unknown => import('node-forge');",
  },
  'only-edges-use-aws-sdk': {
    'src/credentials/decide-refresh.ts':
      "export const a = (): unknown => import('@aws-sdk/client-sts');",
  },
  'only-cluster-uses-yaml': {
    'src/iam/a.ts': "export const a = (): unknown => import('yaml');",
  },
  'heavy-imports-are-lazy': {
    'src/oidc/a.ts': "import { decodeJwt } from 'jose';\nexport const a = decodeJwt;",
  },
  'core-is-lazy': {
    'src/oidc/generate-signing-key.ts':
      "import { readFile } from 'node:fs/promises';\nexport const a = readFile;",
  },
  'no-orphans': { 'src/iam/lonely.ts': 'export const a = 1;' },
  'no-dev-dependencies': {
    'src/iam/a.ts': "export const a = (): unknown => import('vitest');",
  },
  'no-unresolvable': {
    'src/iam/a.ts': "import { b } from './nowhere.js';\nexport const a = b;",
  },
};

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

const violatedRules = async (files: Record<string, string>): Promise<Set<string>> => {
  const house = realpathSync(mkdtempSync(join(tmpdir(), 'irsa-arch-')));
  made.push(house);
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(root, file), join(house, file));
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), content);
  }
  const roots = Object.keys(files).map((path) => path.split('/')[0] ?? path);
  const { options, forbidden } = config;
  const result = await cruise(
    [...new Set(roots)],
    {
      ...options,
      baseDir: house,
      validate: true,
      ruleSet: { forbidden } as IFlattenedRuleSet,
    },
    {},
    { tsConfig: extractTSConfig(join(house, 'tsconfig.json')) },
  );
  const { summary } = result.output as ICruiseResult;
  return new Set(summary.violations.map(({ rule }) => rule.name));
};

describe('dependency-cruiser rules', () => {
  it('has a breaking example for every rule', () => {
    expect(Object.keys(breaks).sort()).toEqual(config.forbidden.map(({ name }) => name).sort());
  });

  it.each(Object.entries(breaks))('%s bites', async (rule, files) => {
    expect(await violatedRules(files)).toContain(rule);
  });

  it('lets a clean house pass', async () => {
    const rules = await violatedRules({
      'src/index.ts': "export { a } from './oidc/a.js';",
      'src/oidc/a.ts': [
        "import type { B } from '../iam/b.js';",
        "import { c } from '../names/c.js';",
        'export const a = async (b: B): Promise<unknown> => [b, c, await import("jose")];',
      ].join('\n'),
      'src/iam/b.ts': "import { c } from '../names/c.js';\nexport type B = typeof c;",
      'src/names/c.ts': 'export const c = 1;',
      'src/oidc/generate-signing-key.ts': "export const d = (): unknown => import('node:crypto');",
      'src/oidc/index.ts': "export { d } from './generate-signing-key.js';",
    });
    expect([...rules]).toEqual([]);
  });
});
