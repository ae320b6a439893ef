import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const repository: string = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced example of the documentation. */
export interface Fence {
  /** `FILE:LINE` of its first line, for messages. */
  readonly at: string;
  /** The fence label: `ts` runs, `ts no-run` is type-checked only. */
  readonly label: string;
  readonly code: string;
}

const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(repository, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](?:node_modules|dist|api|fixtures|golden|tools)[\\/]/.test(file))
    .sort();

const fencesIn = (text: string, file: string, firstLine: number): Fence[] => {
  const found: Fence[] = [];
  const lines = text.split('\n');
  let open: { label: string; line: number; indent: string } | undefined;
  let code: string[] = [];
  lines.forEach((line, index) => {
    const mark = /^(\s*)```(.*)$/.exec(line);
    if (mark && open === undefined) {
      open = { label: (mark[2] ?? '').trim(), line: firstLine + index + 1, indent: mark[1] ?? '' };
      code = [];
    } else if (mark && open !== undefined && (mark[2] ?? '') === '') {
      if (open.label === 'ts' || open.label.startsWith('ts ')) {
        const at = `${relative(repository, file)}:${String(open.line)}`;
        found.push({ at, label: open.label, code: code.join('\n') });
      }
      open = undefined;
    } else if (open !== undefined) {
      code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  });
  return found;
};

/** The `@example` fences of every exported declaration in a folder's sources. */
export function fencesInSources(folder: string): Fence[] {
  return filesBelow(folder, '.ts').flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
      const before = text.slice(0, comment.index).split('\n').length;
      const stripped = comment[0]
        .split('\n')
        .map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*) ?/, '').replace(/\*\/$/, ''))
        .join('\n');
      return fencesIn(stripped, file, before);
    });
  });
}

/** The fences of Markdown pages: a file, or every page below a folder. */
export function fencesInPages(path: string): Fence[] {
  const files = path.endsWith('.md') ? [join(repository, path)] : filesBelow(path, '.md');
  return files.flatMap((file) => fencesIn(readFileSync(file, 'utf8'), file, 1));
}

/** Type errors of the fences, as `FILE:LINE message`; published specifiers lead to the sources. */
export function typeErrorsOf(fences: readonly Fence[]): string[] {
  const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), (path) =>
    readFileSync(path, 'utf8'),
  ) as { config: { compilerOptions: Record<string, unknown> } };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      // An example shows a use; that it leaves a value unused or unexported is no fault.
      noUnusedLocals: false,
      noPropertyAccessFromIndexSignature: false,
      isolatedDeclarations: false,
      declaration: false,
    },
    repository,
  );
  const virtual = new Map(
    fences.map((fence, index) => [
      join(repository, 'docs', `fence-${String(index)}.mts`),
      { fence, text: `${fence.code}\nexport {};\n` },
    ]),
  );
  const host = ts.createCompilerHost(options);
  const disk = ts.createCompilerHost(options);
  host.getSourceFile = (name, ...rest) => {
    const own = virtual.get(name);
    return own === undefined
      ? disk.getSourceFile(name, ...rest)
      : ts.createSourceFile(name, own.text, ts.ScriptTarget.ES2022);
  };
  host.fileExists = (name) => virtual.has(name) || disk.fileExists(name);
  host.readFile = (name) => virtual.get(name)?.text ?? disk.readFile(name);
  const program = ts.createProgram([...virtual.keys()], options, host);
  return [...virtual].flatMap(([name, { fence }]) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      (d) => `${fence.at} ${ts.flattenDiagnosticMessageText(d.messageText, ' ')}`,
    );
  });
}

/** A fence as JavaScript, ready to run as an ES module. */
export function javascriptOf(fence: Fence): string {
  return ts.transpileModule(fence.code, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  }).outputText;
}

/** What the trailing comments of a fence's `console.log(…); // …` lines promise. */
export function promisedOutput(fence: Fence): string[] {
  return fence.code
    .split('\n')
    .flatMap((line) => /console\.log\(.*\);\s*\/\/ (.*)$/.exec(line)?.[1]?.trim() ?? []);
}
