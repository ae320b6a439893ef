import { describe, expect, it } from 'vitest';
import { createLogger, errorField } from '../src/create-logger.js';
import { createRequestLog } from '../src/create-request-log.js';

const at = new Date('2026-01-01T00:00:00Z');
const collect = (
  level: 'debug' | 'info',
): { lines: string[]; log: ReturnType<typeof createRequestLog> } => {
  const lines: string[] = [];
  const logger = createLogger({ level, write: (line) => lines.push(line), now: () => at });
  return { lines, log: createRequestLog(logger) };
};

describe('createRequestLog', () => {
  it('writes one JSON object a line, with a constant message', () => {
    const { lines, log } = collect('info');
    log({
      route: 'mutate',
      status: 200,
      seconds: 1,
      decision: 'mutated',
      uid: 'u',
      namespace: 'n',
      serviceAccount: 's',
    });
    log({ route: 'mutate', status: 200, seconds: 1, decision: 'no-role-arn', uid: 'u' });
    log({ route: 'healthz', status: 200, seconds: 1, decision: 'ok' });
    expect(lines).toEqual([
      '{"time":"2026-01-01T00:00:00.000Z","level":"info","message":"reviewed","decision":"mutated","uid":"u","namespace":"n","serviceAccount":"s"}\n',
    ]);
  });

  it('does not write ten thousand lines for ten thousand equal refusals', () => {
    const { lines, log } = collect('info');
    for (let n = 0; n < 10_000; n += 1) {
      log({ route: 'mutate', status: 503, seconds: 1, decision: 'overloaded' });
    }
    log({
      route: 'mutate',
      status: 500,
      seconds: 1,
      decision: 'failed',
      error: new TypeError('x'),
    });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', message: 'refused', status: 503, decision: 'overloaded' },
      { level: 'warn', message: 'refused', status: 500, error: 'TypeError: x' },
    ]);
  });

  it('cannot be broken out of by what a client sends', () => {
    const { lines, log } = collect('debug');
    log({
      route: 'mutate',
      status: 200,
      seconds: 1,
      decision: 'mutated',
      namespace: 'a"\n{"level":"error"}',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.match(/\n/g)).toHaveLength(1);
    expect(errorField('text')).toBe('text');
  });
});
