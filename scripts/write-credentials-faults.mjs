// Writes docs/credentials-faults.md from the cases that test/credentials/fault-matrix.test.ts asserts.
import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { register } from 'tsx/esm/api';

register();
const { renderFaultMatrix } = await import('../test/credentials/fault-cases.ts');
const page = await format(renderFaultMatrix(), { parser: 'markdown' });
await writeFile(new URL('../docs/credentials-faults.md', import.meta.url), page);
