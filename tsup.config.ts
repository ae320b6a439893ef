import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options } from 'tsup';

const shared: Options = {
  // tsup would shorten node:crypto to crypto, which a browser bundler takes for a package.
  removeNodeProtocol: false,
  format: 'esm',
  target: 'es2022',
  platform: 'node',
  dts: true,
  splitting: true,
  sourcemap: false,
  // Chunks are named by their content: those of earlier builds would be packed too. Types stay.
  clean: true,
  // An adapter imports `irsa/...` by package name also in its build: the library is never bundled into it.
  external: [/^irsa(-[a-z]+)?(\/|$)/, /^node:/],
};

const adapter = (name: string, entries: readonly string[]): Options => ({
  ...shared,
  entry: Object.fromEntries(entries.map((entry) => [entry, `adapters/${name}/src/${entry}.ts`])),
  outDir: `adapters/${name}/dist`,
  external: [...(shared.external ?? []), /^[^./]/],
});

/**
 * What `irsa/credentials` needs of `names` is bundled into it once more: a pod pays for each file that it opens at its start, and
 * these are functions without state. Errors stay shared, because `instanceof` must hold across folders.
 */
const credentialsHoldTheirNames: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'credentials-hold-their-names',
  setup: (build) => {
    build.onResolve({ filter: /^\.\.?\/(?:names\/)?(?:arn|issuer|partition)\.js$/ }, (args) => {
      const isOurs =
        /[\\/]src[\\/]credentials[\\/]/.test(args.importer) || args.pluginData === 'names';
      if (!isOurs) return undefined;
      const path = join(args.resolveDir, args.path.replace(/js$/, 'ts'));
      return { path, suffix: '?credentials' };
    });
    build.onLoad({ filter: /[\\/]names[\\/]/ }, async ({ path, suffix }) =>
      suffix === ''
        ? undefined
        : { contents: await readFile(path, 'utf8'), loader: 'ts', pluginData: 'names' },
    );
  },
};

/**
 * The index re-exports the built folders instead of being bundled with them: each folder then is one file beside the chunks that
 * it truly shares, and `import 'irsa/credentials'` opens two files fewer.
 */
const indexPointsAtFolders: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'index-points-at-folders',
  setup: (build) => {
    build.onResolve({ filter: /^\.\// }, ({ importer, path }) =>
      /[\\/]src[\\/]index\.ts$/.test(importer) ? { path, external: true } : undefined,
    );
  },
};

const folders = ['oidc', 'patch', 'credentials', 'iam', 'certs', 'cluster', 'diagnose', 'testing'];

const config: Options[] = [
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      errors: 'src/errors.ts',
      ...Object.fromEntries(folders.map((folder) => [`${folder}/index`, `src/${folder}/index.ts`])),
    },
    outDir: 'dist',
    esbuildPlugins: [indexPointsAtFolders, credentialsHoldTheirNames],
    // The pure folders run in browsers and on edge runtimes, so nothing may assume Node there.
    platform: 'neutral',
  },
  adapter('webhook', ['index', 'main']),
  adapter('aws', ['index']),
  adapter('cli', ['index', 'main']),
];

export default config;
