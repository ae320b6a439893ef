import { parseArgs } from 'node:util';

export interface Options {
  readonly json: boolean;
  readonly up: boolean;
  readonly slow: boolean;
  /** Measure instead of proving: for `npm run bench admission`. */
  readonly measure: boolean;
  readonly only: readonly string[];
  /** Parts to build and nothing else. */
  readonly prepare: readonly string[];
  /** Where to keep the logs of the parts. */
  readonly logs?: string;
}

export const usage = `npm run e2e -- [--json] [--only ID]… [--slow] [--up] [--prepare PART]… [--logs FOLDER]
  --json      the last line of the output is one JSON object
  --only      run this scenario alone; may be repeated
  --slow      run the long scenarios too
  --up        start the environment, print how to use it, and hold it
  --prepare   build this part into the cache, print its folder, and stop; may be repeated; \`all\` for every part
  --logs      copy the logs of all parts there at the end`;

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      up: { type: 'boolean', default: false },
      slow: { type: 'boolean', default: false },
      measure: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      prepare: { type: 'string', multiple: true, default: [] },
      logs: { type: 'string' },
    },
  });
  const { json, up, slow, measure, only, prepare, logs } = values;
  return { json, up, slow, measure, only, prepare, ...(logs === undefined ? {} : { logs }) };
}
