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
  // An adapter imports `irsa/...` by package name also in its build: the library is never bundled into it.
  external: [/^irsa(-[a-z]+)?(\/|$)/, /^node:/],
};

const adapter = (name: string, entries: readonly string[]): Options => ({
  ...shared,
  entry: Object.fromEntries(entries.map((entry) => [entry, `adapters/${name}/src/${entry}.ts`])),
  outDir: `adapters/${name}/dist`,
  external: [...(shared.external ?? []), /^[^./]/],
});

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
    // The pure folders run in browsers and on edge runtimes, so nothing may assume Node there.
    platform: 'neutral',
  },
  adapter('webhook', ['index', 'main']),
  adapter('aws', ['index']),
  adapter('cli', ['index', 'main']),
];

export default config;
