import { fileURLToPath } from 'node:url';
import type { ViteUserConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests import the published specifiers; here these lead to the sources, so that no build is needed while working. */
export const sourceAliases: { find: RegExp; replacement: string }[] = [
  { find: /^irsa$/, replacement: at('src/index.ts') },
  { find: /^irsa\/errors$/, replacement: at('src/errors.ts') },
  { find: /^irsa\/([a-z]+)$/, replacement: at('src/$1/index.ts') },
  { find: /^irsa-(webhook|aws|cli)$/, replacement: at('adapters/$1/src/index.ts') },
];

const config: ViteUserConfig = {
  resolve: { alias: sourceAliases },
  test: {
    include: ['test/**/*.test.ts', 'adapters/*/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/slow-*.test.ts'],
    reporters: ['default', './test/support/totals-reporter.ts'],
    // Vitest leaves one core idle by default; with two, that is half the machine.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { 'src/patch/**': { branches: 100 } },
    },
  },
};

export default config;
