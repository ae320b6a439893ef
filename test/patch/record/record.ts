// Records what amazon-eks-pod-identity-webhook v0.6.17 makes of every case in test/fixtures/pods, as eks.json beside its input.
// Run it with `npx tsx test/patch/record/record.ts`; it needs Go 1.26 and the Go module proxy. Nothing of ours decides here.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fastJsonPatch from 'fast-json-patch';
import { buildGoWebhook, runGoWebhook } from './go-webhook.js';

const folder = new URL('../../fixtures/pods/', import.meta.url);
const names = readdirSync(folder).sort();
const cases = names.map((name) =>
  JSON.parse(readFileSync(new URL(`${name}/input.json`, folder), 'utf8')),
);

runGoWebhook(buildGoWebhook(), cases).forEach((answer, index) => {
  const { pod } = cases[index];
  const result = answer.allowed
    ? {
        allowed: true,
        pod:
          answer.patch === undefined
            ? pod
            : fastJsonPatch.applyPatch(structuredClone(pod), answer.patch).newDocument,
      }
    : { allowed: false };
  writeFileSync(
    new URL(`${names[index]!}/eks.json`, folder),
    `${JSON.stringify(result, undefined, 2)}\n`,
  );
});
process.stdout.write(`${names.length} cases recorded\n`);
