// Pod mutation: a whole review from bytes to bytes beside its floor, the patch computation alone, the way with clone and diff,
// the Go webhook's own handler, and look-ups in role mappings of different sizes.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fastJsonPatch from 'fast-json-patch';
import {
  computePodPatch,
  parseReviewBody,
  parseRoleMappings,
  resolveMutationSettings,
  reviewPod,
  type PodMutation,
} from 'irsa/patch';
import { buildGoWebhook, runGoWebhook } from '../../test/patch/record/go-webhook.js';
import type { BenchRow } from '../types.ts';

export const suite = 'patch';

type Json = ReturnType<JSON['parse']>;

const recorded = (name: string): Json =>
  JSON.parse(
    readFileSync(new URL(`../../test/fixtures/reviews/${name}.json`, import.meta.url), 'utf8'),
  );

/** The same as it comes from the wire: an object that lost a field, or gained one, is another to the engine. */
const parsedAgain = (review: Json): Json => JSON.parse(JSON.stringify(review));

/** The s3-echoer pod without what only a server adds: about 2 kB. */
const small = (): Json => {
  const review = recorded('s3-echoer');
  delete review.request.object.metadata.managedFields;
  delete review.request.userInfo;
  return parsedAgain(review);
};

/** The realistic pod with 20 containers, each with its share of managedFields: about 150 kB. */
const large = (): Json => {
  const review = recorded('realistic');
  const { spec, metadata } = review.request.object;
  const [first] = spec.containers;
  const fields = metadata.managedFields[0].fieldsV1['f:spec']['f:containers'];
  const key = Object.keys(fields)[0]!;
  for (let index = 3; index < 20; index += 1) {
    spec.containers.push({ ...structuredClone(first), name: `app-${index}` });
    fields[`k:{"name":"app-${index}"}`] = structuredClone(fields[key]);
  }
  return parsedAgain(review);
};

const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/checkout' };
const serviceAccount = { metadata: { annotations } };
const settings = resolveMutationSettings({ region: 'eu-west-1', regionalSts: true });
const context = { findServiceAccount: () => serviceAccount, settings };

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;

/** Times two functions in turn, many short rounds each; microseconds a call, and the median of the paired ratios. */
const race = (
  ours: () => unknown,
  rival: () => unknown,
  calls: number,
  callsOfRival = calls,
): { ours: number; floor: number; ratio: number } => {
  const time = (run: () => unknown, calls: number): number => {
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) run();
    return ((performance.now() - start) * 1000) / calls;
  };
  for (let round = 0; round < 6; round += 1) {
    time(ours, calls);
    time(rival, callsOfRival);
  }
  const pairs = Array.from(
    { length: 41 },
    () => [time(ours, calls), time(rival, callsOfRival)] as const,
  );
  return {
    ours: median(pairs.map(([one]) => one)),
    floor: median(pairs.map(([, other]) => other)),
    ratio: median(pairs.map(([one, other]) => one / other)),
  };
};

/** From the bytes of a review to the bytes of its answer. */
const answerBytes = (body: Buffer, parse: (body: Buffer) => unknown): Buffer =>
  Buffer.from(JSON.stringify(reviewPod(parse(body), context)));

const parseAll = (body: Buffer): unknown => JSON.parse(body.toString('utf8'));

interface WholePath {
  readonly what: string;
  readonly review: Json;
  readonly calls: number;
  readonly target: number;
  readonly parse: (body: Buffer) => unknown;
}

const wholePath = ({ what, review, calls, target, parse }: WholePath): BenchRow => {
  const body = Buffer.from(JSON.stringify(review));
  const answer = reviewPod(review, context);
  if (answer.response.patch === undefined) throw new Error(`${what}: expected a patch`);
  const result = race(
    () => answerBytes(body, parse),
    () => {
      parseAll(body);
      return Buffer.from(JSON.stringify(answer));
    },
    calls,
  );
  return {
    what: `${what} review (${(body.length / 1000).toFixed(1)} kB), bytes in to bytes out${parse === parseAll ? ', with JSON.parse' : ''}`,
    ...result,
    unit: 'µs',
    target: `≤ ${target}×`,
    met: result.ratio <= target,
    note: 'floor: JSON.parse of the same bytes and JSON.stringify of the same answer',
  };
};

/** The realistic review in turn through ours and through the handler of the Go webhook, in a process of its own, HTTP left out. */
const besideGo = (): BenchRow[] => {
  if (spawnSync('go', ['version']).status !== 0) {
    process.stderr.write('bench: no Go here, so the Go webhook’s handler is not measured\n');
    return [];
  }
  const review = recorded('realistic');
  const body = Buffer.from(JSON.stringify(review));
  const program = buildGoWebhook();
  const { serviceAccountName: name } = review.request.object.spec;
  const { namespace } = review.request;
  const calls = 300;
  const given = {
    review,
    serviceAccount: { metadata: { name, namespace, annotations } },
    settings: { region: settings.region, regionalSts: settings.regionalSts },
    repeat: calls,
  };
  const pairs = Array.from({ length: 15 }, () => {
    // The Go program, too, warms up before it looks at the clock.
    for (let call = 0; call < calls; call += 1) answerBytes(body, parseReviewBody);
    const start = performance.now();
    for (let call = 0; call < calls; call += 1) answerBytes(body, parseReviewBody);
    const ours = ((performance.now() - start) * 1000) / calls;
    const [answer] = runGoWebhook(program, [given]);
    if (answer?.patch === undefined) throw new Error('the Go webhook: expected a patch');
    return [ours, answer.microseconds ?? NaN] as const;
  });
  const ratio = median(pairs.map(([ours, go]) => ours / go));
  return [
    {
      what: 'realistic review, against the handler of the Go webhook',
      ours: median(pairs.map(([ours]) => ours)),
      floor: median(pairs.map(([, go]) => go)),
      ratio,
      unit: 'µs',
      target: '≤ 1/5.5 = 0.182×',
      met: ratio <= 1 / 5.5,
      note: 'rival: Modifier.Handle of amazon-eks-pod-identity-webhook v0.6.17, the mean of 300 calls in a process of its own',
    },
  ];
};

/** What webhooks in JavaScript mostly do: clone, change, and let a library find the difference. */
const cloneAndDiff = ({ pod }: PodMutation): unknown => {
  const copy = structuredClone(pod) as Json;
  for (const container of [...(copy.spec.initContainers ?? []), ...copy.spec.containers]) {
    (container.env ??= []).push(
      { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
      { name: 'AWS_DEFAULT_REGION', value: 'eu-west-1' },
      { name: 'AWS_REGION', value: 'eu-west-1' },
      { name: 'AWS_ROLE_ARN', value: annotations['eks.amazonaws.com/role-arn'] },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${settings.tokenMountPath}/token` },
    );
    (container.volumeMounts ??= []).push({
      name: 'aws-iam-token',
      mountPath: settings.tokenMountPath,
    });
  }
  copy.spec.volumes.push({ name: 'aws-iam-token', projected: { sources: [] } });
  return fastJsonPatch.compare(pod, copy);
};

const computation = (what: string, review: Json, calls: number): BenchRow => {
  const mutation = {
    pod: review.request.object,
    namespace: 'default',
    serviceAccount,
    settings,
  };
  const result = race(
    () => computePodPatch(mutation),
    () => cloneAndDiff(mutation),
    // The rival takes so much longer that as many calls of ours would end before the caches hold its pod again.
    100 * calls,
    calls,
  );
  return {
    what: `computePodPatch, ${what} pod`,
    ...result,
    unit: 'µs',
    ...(what === 'realistic' ? { target: '≤ 3 µs', met: result.ours <= 3 } : {}),
    note: 'rival: structuredClone, change, fast-json-patch compare',
  };
};

/** Wildcards of every kind, as far as that many are asked for: at an end, at both, around a part, in either name. */
const wildcards: readonly ((index: number) => string)[] = [
  (index) => `team-${index}-*/app-*`,
  (index) => `*-${index}/app-?`,
  (index) => `*-${index}-*/app-a`,
  (index) => `production/*-${index}-*`,
];

const mappings = (count: number, patterns: number): ReturnType<typeof parseRoleMappings> => {
  const config: Record<string, object> = {};
  for (let index = 0; index < count; index += 1) {
    const key =
      index < patterns
        ? wildcards[index % wildcards.length]!(index)
        : `namespace-${index}/account-${index}`;
    config[key] = { RoleARN: `arn:aws:iam::111122223333:role/r-${index}` };
  }
  return parseRoleMappings(config);
};

const lookUps = (): BenchRow => {
  const many = mappings(100_000, 1000);
  const few = mappings(100, wildcards.length);
  const ask = (index: typeof many, size: number): unknown => [
    index.find(`namespace-${size - 1}`, `account-${size - 1}`),
    index.find('team-0-a', 'app-b'),
    index.find('eu-2-blue', 'app-a'),
    index.find('production', 'app-3-b'),
    index.find('unknown', 'unknown'),
  ];
  const result = race(
    () => ask(many, 100_000),
    () => ask(few, 100),
    500,
  );
  return {
    what: 'five look-ups among 100,000 mappings with 1,000 wildcards',
    ...result,
    unit: 'µs',
    target: '≤ 3×',
    met: result.ratio <= 3,
    note: 'rival: the same five among 100 mappings with 4 wildcards',
  };
};

export const run = (): Promise<BenchRow[]> =>
  Promise.resolve([
    ...[parseReviewBody, parseAll].flatMap((parse) => [
      wholePath({ what: 'small', review: small(), calls: 200, target: 1.8, parse }),
      wholePath({
        what: 'realistic',
        review: recorded('realistic'),
        calls: 20,
        target: 1.4,
        parse,
      }),
      wholePath({ what: 'large', review: large(), calls: 4, target: 1.4, parse }),
    ]),
    computation('small', small(), 100),
    computation('realistic', recorded('realistic'), 20),
    computation('large', large(), 4),
    ...besideGo(),
    lookUps(),
  ]);
