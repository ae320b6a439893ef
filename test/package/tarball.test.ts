import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, { types: string; default: string } | string>;
  dependencies: Record<string, string>;
};
const subpaths = Object.keys(manifest.exports).filter((key) => key !== './package.json');
const specifiers = subpaths.map((key) => key.replace(/^\./, 'irsa'));

let consumer = '';

/** A consumer's folder: the packed tarball under node_modules, its dependencies linked beside it. */
beforeAll(() => {
  if (!existsSync(join(root, 'dist/index.d.ts'))) {
    throw new Error('dist/ is missing: run `npm run build` first (npm test does)');
  }
  consumer = mkdtempSync(join(tmpdir(), 'irsa-consumer-'));
  const modules = join(consumer, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', consumer], {
    cwd: root,
    stdio: 'pipe',
  });
  const tarball = readdirSync(consumer).find((file) => file.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['-xzf', join(consumer, tarball), '-C', modules]);
  cpSync(join(modules, 'package'), join(modules, 'irsa'), { recursive: true });
  rmSync(join(modules, 'package'), { recursive: true });
  // Only the declared dependencies are in reach; what these need resolves from where they really stand.
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  cpSync(join(root, 'test/package/consumers'), consumer, { recursive: true });
});

afterAll(() => {
  rmSync(consumer, { recursive: true, force: true });
});

const diagnosticsOf = (file: string, options: ts.CompilerOptions): ts.Diagnostic[] => {
  const program = ts.createProgram([join(consumer, file)], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: [],
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    ...options,
  });
  return [...ts.getPreEmitDiagnostics(program)];
};

const resolutions: [string, ts.CompilerOptions][] = [
  [
    'nodenext',
    { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  ],
  ['bundler', { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }],
];

const run = (source: string, type: 'module' | 'commonjs'): string =>
  execFileSync(process.execPath, [`--input-type=${type}`, '-e', source], {
    cwd: consumer,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: 'pipe',
  });

describe('the packed tarball', () => {
  it.each(resolutions)(
    'type-checks under %s without DOM, Node or skipLibCheck',
    (_name, options) => {
      const found = diagnosticsOf('every-subpath.ts', options).map((d) =>
        ts.formatDiagnostic(d, {
          getCanonicalFileName: (name) => name,
          getCurrentDirectory: () => consumer,
          getNewLine: () => '\n',
        }),
      );
      expect(found).toEqual([]);
    },
  );

  it.each(resolutions)('refuses wrong uses under %s', (_name, options) => {
    const file = 'should-not-compile.ts';
    const wanted = readFileSync(join(consumer, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => (line.includes('// MISTAKE') ? [index] : []));
    const found = diagnosticsOf(file, options).map((d) =>
      d.file && d.start !== undefined ? d.file.getLineAndCharacterOfPosition(d.start).line : -1,
    );
    expect([...new Set(found)].sort((a, b) => a - b)).toEqual(wanted);
  });

  it.each(specifiers)('import(%j) and require() give the same names', (specifier) => {
    const names = `Object.keys(m).filter((k) => k !== 'module.exports' && k !== '__esModule').sort().join()`;
    const imported = run(
      `import * as m from ${JSON.stringify(specifier)}; process.stdout.write(${names})`,
      'module',
    );
    const required = run(
      `const m = require(${JSON.stringify(specifier)}); process.stdout.write(${names})`,
      'commonjs',
    );
    expect(imported).not.toBe('');
    expect(required).toBe(imported);
  });

  it('keeps instanceof true across subpaths', () => {
    const source = `
      import { IrsaError } from 'irsa/errors';
      import { parseIssuer } from 'irsa/oidc';
      try { parseIssuer('x'); } catch (error) { process.stdout.write(String(error instanceof IrsaError)); }`;
    expect(run(source, 'module')).toBe('true');
  });

  it('holds the built files, the licence and nothing of the workshop', () => {
    const files = readdirSync(join(consumer, 'node_modules/irsa'));
    expect(files.sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'dist', 'package.json'].sort(),
    );
  });
});

/** What each subpath may reach, first-use imports included. */
const allowed: Record<string, RegExp> = {
  'irsa/errors': /^$/,
  'irsa/patch': /^$/,
  'irsa/iam': /^$/,
  'irsa/oidc': /^(jose(\/.*)?|node:crypto)$/,
  'irsa/certs': /^(node-forge(\/.*)?|node:crypto)$/,
  'irsa/cluster': /^yaml$/,
  'irsa/diagnose': /^jose(\/.*)?$/,
};

/** Specifiers that a built file imports, statically or at first use. */
const importsOf = (file: string): { name: string; lazy: boolean }[] => {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const found: { name: string; lazy: boolean }[] = [];
  const visit = (node: ts.Node): void => {
    if (
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      found.push({ name: node.moduleSpecifier.text, lazy: false });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) found.push({ name: argument.text, lazy: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
};

const reach = (entry: string): { outside: Set<string>; atOnce: Set<string> } => {
  const outside = new Set<string>();
  const atOnce = new Set<string>();
  const seen = new Set<string>();
  const walk = (file: string, lazily: boolean): void => {
    const key = `${file} ${String(lazily)}`;
    if (seen.has(key)) return;
    seen.add(key);
    for (const { name, lazy } of importsOf(file)) {
      if (name.startsWith('.')) walk(join(file, '..', name), lazily || lazy);
      else {
        outside.add(name);
        if (!lazily && !lazy) atOnce.add(name);
      }
    }
  };
  walk(entry, false);
  return { outside, atOnce };
};

describe('bleed: what the built subpaths reach', () => {
  const targets = subpaths.map((key): [string, string] => {
    const target = manifest.exports[key];
    return [key.replace(/^\./, 'irsa'), typeof target === 'object' ? target.default : ''];
  });

  it.each(targets)('%s loads nothing heavy when imported', (specifier, target) => {
    const { atOnce } = reach(join(root, target));
    // cluster writes YAML in synchronous functions; everything else is imported at first use.
    expect([...atOnce]).toEqual(specifier === 'irsa/cluster' && atOnce.size > 0 ? ['yaml'] : []);
  });

  it.each(Object.keys(allowed))('%s reaches only what its folder may use', (specifier) => {
    const target = targets.find(([name]) => name === specifier)?.[1] ?? '';
    const { outside } = reach(join(root, target));
    expect([...outside].filter((name) => !allowed[specifier]?.test(name))).toEqual([]);
  });
});
