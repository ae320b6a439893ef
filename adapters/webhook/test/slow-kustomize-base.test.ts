import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder } from '../../../e2e/parts/cache-folder.js';
import { partsCatalogue } from '../../../e2e/parts/catalogue.js';
import { preparePart } from '../../../e2e/parts/prepare-part.js';
import { baseManifests, render } from './support/kustomize-base.js';

// Minutes where kubectl is not in the cache of the end-to-end run and has to be built; never skipped.
it('the Kustomize base is rendered as it is by kubectl of the end-to-end run', async () => {
  const { folder } = await preparePart(partsCatalogue.kubectl, {
    cache: cacheFolder(),
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
  });
  expect(render(join(folder, 'kubectl'))).toEqual(baseManifests);
});
