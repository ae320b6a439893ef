// Writes src/index.ts: everything that errors, oidc, patch, iam and credentials export, as explicit lists.
// `--check` only compares. Run it after adding an export to one of these folders.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import ts from 'typescript';

const source = (path) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));
const target = source('index.ts');
const folders = ['errors', 'oidc/index', 'patch/index', 'iam/index', 'credentials/index'];

const exportsOf = (file) => {
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file));
  return checker.getExportsOfModule(module).map((symbol) => {
    const origin = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return { name: symbol.name, value: (origin.flags & ts.SymbolFlags.Value) !== 0 };
  });
};

const taken = new Set();
const lines = [];
for (const folder of folders) {
  const fresh = exportsOf(source(`${folder}.ts`))
    .filter(({ name }) => !taken.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name } of fresh) taken.add(name);
  const list = (value) =>
    fresh
      .filter((entry) => entry.value === value)
      .map(({ name }) => name)
      .join(', ');
  if (list(true)) lines.push(`export { ${list(true)} } from './${folder}.js';`);
  if (list(false)) lines.push(`export type { ${list(false)} } from './${folder}.js';`);
}
const text = await prettier.format(lines.join('\n'), {
  ...(await prettier.resolveConfig(target)),
  parser: 'typescript',
});

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('src/index.ts is stale: run node scripts/write-index.mjs\n');
  process.exit(1);
}
