// npm run docs:failures (tsx reads the TypeScript sources, so that no build is needed)
import { writeFile } from 'node:fs/promises';
import { findingCatalogue } from '../src/diagnose/finding-catalogue.ts';
import { renderFailures } from './render-failures.mjs';

await writeFile(
  new URL('../docs/failures.md', import.meta.url),
  await renderFailures(findingCatalogue),
);
