import { Agent } from 'node:https';
import fc from 'fast-check';
import { startWebhookServer } from 'irsa-webhook';
import type { RequestEvent, WebhookServer } from 'irsa-webhook';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, fixture, testIdentity, type Answer } from './support/webhook-client.js';

let server: WebhookServer;
const events: RequestEvent[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
beforeAll(async () => {
  server = await startWebhookServer({
    certificate: await testIdentity(),
    findServiceAccount: () => ({
      metadata: {
        annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/r' },
      },
    }),
    observe: (event) => events.push(event),
  });
});
afterAll(async () => {
  agent.destroy();
  await server.close();
});

/** Answered as a review, or refused as the sender's fault; never our own, and the connection lives on. */
const isAnswered = (answer: Answer): void => {
  const body = JSON.parse(answer.text);
  expect(answer.headers['content-type']).toBe('application/json');
  if (answer.status === 200) expect(typeof body.response.allowed).toBe('boolean');
  else expect(body).toMatchObject({ kind: 'Status', code: 400, status: 'Failure' });
};

const send = (body: string | Buffer): Promise<Answer> => call(server.url, { body, agent });

it('answers any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      isAnswered(await send(Buffer.from(bytes)));
    }),
    { numRuns: 150 },
  );
});

it('answers any JSON', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
      isAnswered(await send(text));
    }),
    { numRuns: 150 },
  );
});

/** All the places of a value, as paths of keys. */
const places = (value: unknown, path: readonly string[] = []): (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))]
    : [path];

/** The same value with something else at one place. */
const replaced = (value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown => {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item: unknown, at) => (String(at) === key ? replaced(item, rest, by) : item));
  }
  const object = value as Record<string, unknown>;
  return { ...object, [key]: replaced(object[key], rest, by) };
};

it('answers a recorded review in which anything stands at any place', async () => {
  const review = fixture('admission-review-realistic');
  const all = places(review).filter((path) => !path.includes('managedFields'));
  const anything = fc.oneof(
    fc.constantFrom(null, 0, -1, 1e300, '', 'x', true, [], {}, [null], [[]], { name: {} }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...all), anything, async (path, by) => {
      const changed = replaced(review, path, by);
      const answer = await send(JSON.stringify(changed));
      isAnswered(answer);
      const uid = (changed as { request?: { uid?: unknown } } | null)?.request?.uid;
      if (answer.status === 200) expect(JSON.parse(answer.text).response.uid).toBe(uid ?? '');
    }),
    { numRuns: 500 },
  );
});

it('and tells each as one of a closed set of decisions', () => {
  expect(events.length).toBeGreaterThan(700);
  const decisions = new Set(events.map(({ decision }) => decision));
  expect(decisions).not.toContain('failed');
  expect(decisions.size).toBeLessThan(15);
});
