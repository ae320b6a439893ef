// The picture of the house: which way imports go. test/architecture breaks each rule once to prove that it bites.
// The edge files are written out here because this file cannot import an ES module on every Node that runs it;
// test/architecture/purity-rules.test.ts holds the two lists together.
const edges =
  '^src/(?:credentials/(?:read-token-file|read-profile|assume-role-with-sts|from-[^/]*|create-web-identity-provider|system-ports)|oidc/generate-signing-key|certs/(?:generate-[^/]*|inspect-certificate)|testing/(?:start-[^/]*|mint-[^/]*))\\.ts$';

const firstRing = 'oidc|patch|iam|certs|credentials';
const secondRing = 'cluster|diagnose|testing';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle has no top: move what both need into types.ts or a third file.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-no-core',
      comment: 'Only edge files touch node:* modules; the rest of src runs unchanged in a browser.',
      severity: 'error',
      from: { path: '^src/', pathNot: edges },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'siblings-apart',
      comment: 'Folders of the first ring share names and errors, no values of one another.',
      severity: 'error',
      from: { path: `^src/(${firstRing})/` },
      to: {
        path: `^src/(${firstRing})/`,
        pathNot: '^src/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'first-ring-below-second',
      comment: 'cluster, diagnose and testing import the first ring, never the other way round.',
      severity: 'error',
      from: { path: `^src/(${firstRing})/` },
      to: { path: `^src/(${secondRing})/` },
    },
    {
      name: 'second-ring-apart',
      comment:
        'cluster, diagnose and testing do not import one another; the local AWS must not use the diagnosis it is judged by.',
      severity: 'error',
      from: { path: `^src/(${secondRing})/` },
      to: { path: `^src/(${secondRing})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'names-at-the-bottom',
      comment: 'names imports errors only.',
      severity: 'error',
      from: { path: '^src/names/' },
      to: { path: '^src/', pathNot: '^src/(names/|errors\\.ts$)' },
    },
    {
      name: 'errors-at-the-bottom',
      comment: 'errors imports nothing.',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '.' },
    },
    {
      name: 'nobody-imports-the-index',
      comment: 'src/index.ts is for users of the package.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'nobody-imports-adapters',
      comment: 'Adapters sit on top of the library.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(?:adapters|demo|e2e|bench|docs)/|(?:^|/)irsa-(?:webhook|aws|cli)' },
    },
    {
      name: 'adapters-by-package-name',
      comment:
        'Adapters, demo, e2e and bench import irsa/... by its published name, as every user does.',
      severity: 'error',
      from: { path: '^(?:adapters|demo|e2e|bench)/', pathNot: '/test/' },
      // Through tsconfig's paths the published name leads to the sources too; that is no path in the import.
      to: { path: '^src/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'src-not-to-test',
      comment: 'The library never depends on its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'only-oidc-uses-jose',
      comment: 'jose is used in oidc and testing only.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(?:oidc|testing)/' },
      to: { path: '(?:^|/)jose(?:/|$)' },
    },
    {
      name: 'only-certs-uses-forge',
      comment: 'node-forge is used in certs only.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/certs/' },
      to: { path: '(?:^|/)node-forge(?:/|$)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-edges-use-aws-sdk',
      comment: 'The AWS SDK is an edge: the engine and the pure folders take ports.',
      severity: 'error',
      from: { path: '^src/', pathNot: edges },
      to: { path: '(?:^|/)@(?:aws-sdk|smithy|aws-crypto)(?:/|$)' },
    },
    {
      name: 'only-cluster-uses-yaml',
      comment: 'YAML is written in cluster only.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cluster/' },
      to: { path: '(?:^|/)yaml(?:/|$)' },
    },
    {
      name: 'heavy-imports-are-lazy',
      comment:
        'jose, node-forge and the AWS SDK load at first use: `import "irsa"` stays cheap and browser-safe.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        // Not yaml: irsa/cluster writes it in synchronous functions (docs/adr/0302).
        path: '(?:^|/)(?:jose|node-forge|@aws-sdk|@smithy)(?:/|$)',
        dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'],
      },
    },
    {
      name: 'core-is-lazy',
      comment: 'An edge file imports node:* at first use too; pure files do not at all.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['core'],
        dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'],
      },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is dead.',
      severity: 'error',
      from: {
        path: '^(?:src|adapters/[^/]+/src)/',
        orphan: true,
        pathNot: '(?:index|main|\\.d)\\.ts$',
      },
      to: {},
    },
    {
      name: 'no-dev-dependencies',
      comment: 'What is published imports what is declared.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^irsa' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: '^dist/|^adapters/[^/]+/dist/|^coverage/|^test/package/consumers/|^e2e/tools/|/fixtures/|/golden/',
    },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
    skipAnalysisNotInRules: true,
  },
};
