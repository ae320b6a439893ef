import tseslint from 'typescript-eslint';

/** Files that may touch clock, randomness, environment, files and network; the same list as in .dependency-cruiser.cjs. */
import { edgeFiles } from './scripts/edge-files.mjs';

const impure = (name, hint) => ({ name, message: `Pure folders have no ${name}: ${hint}` });

const purity = {
  files: ['src/**/*.ts'],
  ignores: edgeFiles,
  rules: {
    'no-restricted-globals': [
      'error',
      impure('process', 'pass the value in.'),
      impure('Buffer', 'use Uint8Array, atob/btoa or TextEncoder.'),
      impure('fetch', 'inject a port.'),
      impure('console', 'return findings, warnings or events.'),
      impure('setTimeout', 'inject a setTimer port.'),
      impure('setInterval', 'inject a setTimer port.'),
      impure('setImmediate', 'inject a setTimer port.'),
      impure('performance', 'inject a now port.'),
      impure('require', 'use import().'),
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Date', property: 'now', message: 'Pure folders have no clock: take `now`.' },
      { object: 'Math', property: 'random', message: 'Pure folders draw no random numbers.' },
      { object: 'crypto', property: 'randomUUID', message: 'Pure folders draw no random numbers.' },
      {
        object: 'crypto',
        property: 'getRandomValues',
        message: 'Pure folders draw no random numbers.',
      },
    ],
    'no-restricted-syntax': [
      'error',
      {
        selector: "NewExpression[callee.name='Date'][arguments.length=0]",
        message: 'Pure folders have no clock: take `now`.',
      },
      {
        selector: "CallExpression[callee.name='Date']",
        message: 'Pure folders have no clock: take `now`.',
      },
      {
        selector:
          "MemberExpression[object.name='globalThis'][property.name=/^(process|fetch|console|performance)$/]",
        message: 'Pure folders reach no environment through globalThis either.',
      },
    ],
  },
};

export default tseslint.config(
  {
    ignores: [
      '**/node_modules/**',
      '**/dist/**',
      'coverage/**',
      'reports/**',
      'docs/api/**',
      'docs/playground/dist/**',
      'e2e/tools/**',
      'test/package/consumers/**',
      '**/fixtures/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A number in a message is no fault; everything else still needs String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Empty ports and no-op cancel functions are part of the design (`() => {}`).
      '@typescript-eslint/no-empty-function': ['error', { allow: ['arrowFunctions'] }],
      // `Array<T>` and `T[]` both read well; the choice is no defect.
      '@typescript-eslint/array-type': 'off',
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      eqeqeq: ['error', 'always'],
      'no-eval': 'error',
      'no-console': 'error',
    },
  },
  {
    // Tests feed functions what their types forbid, and look into JSON of unknown shape.
    files: ['test/**/*.ts', 'adapters/*/test/**/*.ts', 'e2e/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    // A tool's configuration and a reporter are found by their default export.
    files: ['*.config.ts', 'test/support/totals-reporter.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    // Programs that people watch print.
    files: [
      'demo/**/*.ts',
      'bench/**/*.ts',
      'e2e/**/*.ts',
      'adapters/cli/src/main.ts',
      'docs/examples/**/*.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  purity,
);
