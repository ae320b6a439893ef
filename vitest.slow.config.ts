import type { ViteUserConfig } from 'vitest/config';
import fast, { sourceAliases } from './vitest.config.js';

/** The tests that take minutes: `slow-*.test.ts`. `npm test` leaves them out. */
const config: ViteUserConfig = {
  resolve: { alias: sourceAliases },
  test: {
    ...fast.test,
    include: ['test/**/slow-*.test.ts', 'adapters/*/test/**/slow-*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 1_800_000,
  },
};

export default config;
