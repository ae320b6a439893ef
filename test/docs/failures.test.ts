import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingCatalogue } from 'irsa/diagnose';
import { describe, expect, it } from 'vitest';
import { renderFailures } from '../../scripts/render-failures.mjs';
import { repository } from '../support/doc-fences.js';

const page = readFileSync(join(repository, 'docs/failures.md'), 'utf8');

describe('docs/failures.md', () => {
  it('is what npm run docs:failures makes of the catalogue', async () => {
    expect(page).toBe(await renderFailures(findingCatalogue));
  });

  it('has a heading for every finding, so that its link leads somewhere', () => {
    const headings = [...page.matchAll(/^### (\S+)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual(Object.keys(findingCatalogue).sort());
  });
});
