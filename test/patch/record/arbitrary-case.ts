import fc from 'fast-check';
import type { Json } from '../support.js';
import type { GoCase } from './go-webhook.js';

const names = ['app', 'side', 'a b', 'a,b', '"q"', '', 'ä', 'x/y', '~t', '__proto__', 'b'];
const accounts = ['s3-echoer', 'default', 'reader', '', '*', 'a/b', '__proto__', 'é'];
const namespaces = ['default', 'team-a', '', '*', 'kube-system'];
const domains = ['eks.amazonaws.com', 'irsa.example.com', ''];

const variableNames = [
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_STS_REGIONAL_ENDPOINTS',
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'aws_region',
  'PATH',
  '',
];
const volumeNames = ['aws-iam-token', 'eks-pod-identity-token', 'data', '', 'own/token'];

/** Fields that may be absent, null or something. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof(
    { weight: 6, arbitrary },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );

const pick = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);

const integers = fc.oneof(
  pick('+900', '0900', '-5', ' 900', '900 ', '9_000', '1e3', '900.0', '0x384', '', '599', '600'),
  pick('601', '86400', '86399', '99999999999', '9223372036854775807', '9223372036854775808'),
  pick('-9223372036854775808', '-9223372036854775809', '+', '-', '--1', '０９００', '1_0', '3600'),
  pick('00000000000000000000000000000000000900', '-0', '+0', '9223372036854775806', '1\n', '\t1'),
  fc.string({ unit: fc.constantFrom('0', '1', '9', '+', '-', '_', ' ', '.'), maxLength: 22 }),
);

const booleans = fc.oneof(
  pick('1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False'),
  pick('tRUE', 'yes', ' true', '', 'TrUe', 'on', 'truE', '01'),
);

const roles = fc.oneof(
  pick('arn:aws:iam::111122223333:role/s3-echoer', 'garbage', 'role/a', '', 'xarn:y', 'ARN:x'),
  pick('a/b', 'arn:aws-cn:iam::1:role/é', 'arn', 's3-echoer', ' ', '$(AWS_REGION)', 'a"b\\c<>&'),
  pick(
    'arn:',
    'x arn:',
    'Arn:aws:iam::111122223333:role/x',
    '/path/name',
    'role//',
    '\n',
    '\u2028',
  ),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.string({ maxLength: 6 }),
);

const csv = fc.oneof(
  pick('app', 'a,b', 'app,side', 'app, side', '"app",side', 'b\napp', '\n\napp', 'app\r\nside'),
  pick('a"b', '"a', '', 'app,', '"a,b"', '"a b"', ',', '""', '"app"\n', '"a\nb"', '"""q"""', '\r'),
  fc.string({ unit: fc.constantFrom('a', 'p', 'b', ',', '"', '\n', '\r', ' ', 'ä'), maxLength: 9 }),
);

const annotationsOf = (
  values: Record<string, fc.Arbitrary<Json>>,
  requiredKeys: string[] = [],
): fc.Arbitrary<Json> =>
  fc
    .tuple(
      fc.record(values, { requiredKeys }),
      fc.oneof(
        { weight: 9, arbitrary: pick('eks.amazonaws.com') },
        { weight: 1, arbitrary: pick(...domains) },
      ),
    )
    .map(([given, domain]) =>
      Object.fromEntries(
        Object.entries(given).map(([name, value]) => [`${domain}/${name}`, value]),
      ),
    );

const nullable = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<string | null> =>
  fc.oneof({ weight: 20, arbitrary: arbitrary }, { weight: 1, arbitrary: fc.constant(null) });

const variable: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ name: pick(...variableNames), value: fc.string({ maxLength: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: pick(...variableNames).map((name) => ({
      name,
      valueFrom: { fieldRef: { fieldPath: 'metadata.name' } },
    })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(null, {}, { value: 'x' }, { name: null }) },
);

const mount: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        name: pick(...volumeNames),
        mountPath: pick('/data', '/var/run/secrets/eks.amazonaws.com/serviceaccount', '/a/~b', ''),
        readOnly: fc.boolean(),
        subPath: pick('', 'token'),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(null, {}) },
);

const container: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record(
      {
        name: maybe(pick(...names)),
        image: pick('busybox', ''),
        env: maybe(fc.array(variable, { maxLength: 6 })),
        envFrom: maybe(fc.constant([{ configMapRef: { name: 'c' } }])),
        volumeMounts: maybe(fc.array(mount, { maxLength: 3 })),
        args: maybe(fc.array(fc.string({ maxLength: 3 }), { maxLength: 2 })),
        restartPolicy: fc.constant('Always'),
        resources: maybe(fc.constant({ limits: { cpu: '1', memory: '1Gi' } })),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(null, {}) },
);

const volume: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.oneof(
      pick(...volumeNames).map((name) => ({ name, emptyDir: {} })),
      pick(...volumeNames).map((name) => ({
        name,
        projected: {
          sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } }],
        },
      })),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<Json>(null, {}) },
);

const selector = fc.record(
  {
    'kubernetes.io/os': nullable(pick('windows', 'windows', 'linux', 'Windows', 'windows ', '')),
    'beta.kubernetes.io/os': nullable(pick('windows', 'linux', 'WINDOWS')),
    other: pick('windows'),
  },
  { requiredKeys: [] },
);

const pod: fc.Arbitrary<Json> = fc.record(
  {
    apiVersion: fc.constant('v1'),
    kind: fc.constant('Pod'),
    metadata: fc.record(
      {
        name: pick('p', ''),
        namespace: pick('elsewhere', 'default'),
        labels: maybe(
          fc.record(
            {
              app: pick('x'),
              'eks.amazonaws.com/pod-identity': pick('disabled', 'enabled', ''),
              'eks.amazonaws.com/skip-pod-identity-webhook': pick('true'),
            },
            { requiredKeys: [] },
          ),
        ),
        annotations: maybe(
          annotationsOf({
            'token-expiration': nullable(integers),
            'skip-containers': nullable(csv),
            'role-arn': roles,
            audience: pick('x'),
          }),
        ),
      },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        serviceAccountName: fc.oneof(
          { weight: 24, arbitrary: pick('s3-echoer') },
          { weight: 4, arbitrary: pick(...accounts) as fc.Arbitrary<Json> },
          { weight: 1, arbitrary: fc.constantFrom<Json>(null) },
        ),
        serviceAccount: pick('s3-echoer', 'default'),
        containers: maybe(fc.array(container, { maxLength: 4 })),
        initContainers: maybe(fc.array(container, { maxLength: 2 })),
        ephemeralContainers: maybe(fc.constant([{ name: 'debug' }])),
        volumes: maybe(fc.array(volume, { maxLength: 3 })),
        nodeSelector: maybe(selector),
      },
      { requiredKeys: ['serviceAccountName'] },
    ),
  },
  { requiredKeys: ['metadata', 'spec'] },
);

/** The fields that mutation reads, for putting something wrong there. */
const readFields = [
  ['metadata'],
  ['metadata', 'annotations'],
  ['metadata', 'annotations', 'x'],
  ['metadata', 'labels'],
  ['metadata', 'labels', 'x'],
  ['spec'],
  ['spec', 'serviceAccountName'],
  ['spec', 'nodeSelector'],
  ['spec', 'nodeSelector', 'x'],
  ['spec', 'volumes'],
  ['spec', 'volumes', 0],
  ['spec', 'volumes', 0, 'name'],
  ['spec', 'containers'],
  ['spec', 'containers', 0],
  ['spec', 'containers', 0, 'name'],
  ['spec', 'containers', 0, 'env'],
  ['spec', 'containers', 0, 'env', 0],
  ['spec', 'containers', 0, 'env', 0, 'name'],
  ['spec', 'containers', 0, 'volumeMounts'],
  ['spec', 'containers', 0, 'volumeMounts', 0],
  ['spec', 'containers', 0, 'volumeMounts', 0, 'name'],
  ['spec', 'initContainers'],
  ['spec', 'initContainers', 0, 'env', 0],
] as const;

const wrong = fc.constantFrom<Json>('text', 5, true, [], {}, [5], ['x'], { a: 1 }, null, 1.5, [
  null,
]);

const spoil = (value: Json, path: readonly (string | number)[], replacement: Json): void => {
  const [step, ...rest] = path;
  if (typeof value !== 'object' || value === null || step === undefined) return;
  if (rest.length === 0) value[step] = replacement;
  else spoil(value[step], rest, replacement);
};

const spoiledPod = fc
  .tuple(pod, fc.option(fc.tuple(fc.constantFrom(...readFields), wrong), { freq: 5 }))
  .map(([value, fault]) => {
    const copy = structuredClone(value);
    // fc.option says null most of the time with a low freq, so a fault is the rarer case here.
    if (fault !== null && JSON.stringify(value).length % 5 === 0) spoil(copy, fault[0], fault[1]);
    return copy;
  });

const accountAnnotations = {
  'role-arn': nullable(roles),
  audience: nullable(pick('', 'sts.amazonaws.com', 'other', ' ')),
  'sts-regional-endpoints': nullable(booleans),
  'token-expiration': nullable(integers),
  'skip-containers': csv,
};

const serviceAccount: fc.Arbitrary<Json> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  {
    weight: 9,
    arbitrary: fc.record({
      metadata: fc.record(
        {
          name: fc.oneof(
            { weight: 20, arbitrary: pick('s3-echoer') },
            { weight: 3, arbitrary: pick(...accounts) },
          ),
          namespace: fc.oneof(
            { weight: 9, arbitrary: pick('default') },
            { weight: 2, arbitrary: pick(...namespaces) },
          ),
          annotations: fc.oneof(
            { weight: 1, arbitrary: maybe(annotationsOf(accountAnnotations)) },
            { weight: 3, arbitrary: annotationsOf(accountAnnotations, ['role-arn']) },
          ),
        },
        { requiredKeys: ['name', 'namespace'] },
      ),
    }),
  },
);

const mappingKey = fc
  .tuple(
    pick('default', '*', 'team-a', '', 'test-*'),
    pick('s3-echoer', 'reader', '*', '', 'default'),
  )
  .map(([namespace, name]) => `${namespace}/${name}`);
const oddKey = fc.oneof(
  pick(
    's3-echoer',
    'kube-system/s3-echoer/x',
    '',
    '/',
    '//',
    'default/',
    '/s3-echoer',
    'default//x',
  ),
  pick(
    'default/s3-echoer/',
    'default/s3-echoer/x',
    '*/s3-echoer/y',
    'default /s3-echoer',
    '**/s3-echoer',
  ),
  pick(
    'def?ult/s3-echoer',
    'default/s3-*',
    '__proto__/s3-echoer',
    'default/__proto__',
    '*/__proto__',
  ),
);

const fieldName = (name: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    name,
    name,
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replace('S', 'ſ'),
    name.replace('k', '\u212a'),
    `${name}x`,
  );

const mappingEntry = fc
  .tuple(
    fc.record(
      {
        RoleARN: maybe(roles),
        Audience: maybe(pick('', 'x', 'sts.amazonaws.com')),
        UseRegionalSTS: maybe(fc.boolean()),
        TokenExpiration: fc.constantFrom<Json>(
          0,
          100,
          -1,
          900,
          900,
          900,
          86400,
          86400,
          1e10,
          null,
          900.5,
          '900',
        ),
        other: fc.constantFrom<Json>(1, 'x', null),
      },
      { requiredKeys: [] },
    ),
    fieldName('RoleARN'),
    fieldName('TokenExpiration'),
    fieldName('UseRegionalSTS'),
    // A field a second time, in whatever case: the last counts, null does not.
    fc.dictionary(
      fc.oneof(fieldName('RoleARN'), fieldName('Audience'), fieldName('TokenExpiration')),
      fc.constantFrom<Json>('again', null, 900, ''),
      { maxKeys: 1 },
    ),
  )
  .map(([entry, role, expiration, sts, again]) => ({
    ...Object.fromEntries(
      Object.entries(entry)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [
          name === 'RoleARN'
            ? role
            : name === 'TokenExpiration'
              ? expiration
              : name === 'UseRegionalSTS'
                ? sts
                : name,
          value,
        ]),
    ),
    ...again,
  }));

/** Without keys that mean the same account (`a/b` and `a/b/c`): the Go webhook walks its map in random order and keeps either. */
const withoutTwins = (entries: Record<string, Json>): Record<string, Json> => {
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(entries).filter(([key]) => {
      const account = key.split('/', 2).join('/');
      return !seen.has(account) && seen.add(account);
    }),
  );
};

const configMap: fc.Arbitrary<Json> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.dictionary(
          fc.oneof({ weight: 12, arbitrary: mappingKey }, { weight: 4, arbitrary: oddKey }),
          fc.oneof(
            { weight: 30, arbitrary: mappingEntry },
            { weight: 1, arbitrary: fc.constant(null) },
          ),
          { maxKeys: 4 },
        ),
        fc.constantFrom(
          'pod-identity-webhook',
          'pod-identity-webhook',
          'pod-identity-webhook',
          'other',
        ),
        fc.constantFrom(
          (text: string) => text,
          (text: string) => text.replace('900', '900.0'),
          (text: string) => text.replace('900', '9e2'),
        ),
      )
      .map(([entries, name, rewrite]) => ({
        metadata: { name, namespace: 'eks' },
        data: { config: rewrite(JSON.stringify(withoutTwins(entries))) },
      })),
  },
  {
    weight: 1,
    arbitrary: pick('', 'null', '[]', '{', '{}', '5', '{"default/s3-echoer":[]}').map((config) => ({
      metadata: { name: 'pod-identity-webhook' },
      data: { config },
    })),
  },
);

const identity = fc.record({
  namespace: pick('default', 'default', 'team-a', ''),
  serviceAccount: pick('s3-echoer', 's3-echoer', 'reader', ''),
});
const identities: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  {
    weight: 4,
    arbitrary: fc.array(identity, { maxLength: 3 }).map((list) => ({ identities: list })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>(
      '',
      '{',
      { Identities: [{ Namespace: 'default', serviceaccount: 's3-echoer' }] },
      { identities: [null, { namespace: 'default', serviceAccount: 's3-echoer', x: 1 }] },
      { identities: null },
      { identities: [{ namespace: 5, serviceAccount: 's3-echoer' }] },
      [],
    ),
  },
);

/** Paths as odd as filepath.Join may meet them: any run of names, dots, doubled and trailing slashes. */
const paths = fc.oneof(
  pick(
    '/var/run/secrets/x',
    '/a//b/../c/',
    '/',
    '',
    'rel/x',
    '/ä',
    '/..',
    './a',
    '/a/./b',
    'C:\\x',
  ),
  fc
    .array(pick('/', '/', 'a', 'b c', '.', '..', '...', 'ä', '\\', '$(X)', '%'), { maxLength: 9 })
    .map((parts) => parts.join('')),
);

const settings: fc.Arbitrary<Json> = fc.record(
  {
    annotationDomain: fc.oneof(
      { weight: 5, arbitrary: pick('eks.amazonaws.com') },
      { weight: 2, arbitrary: pick(...domains) },
    ),
    audience: pick('sts.amazonaws.com', 'x', ''),
    tokenMountPath: paths,
    tokenExpirationSeconds: fc.constantFrom(86_400, 3600, 100, 600, -1, 10_000_000),
    region: pick('eu-west-1', 'us-west-2', ''),
    regionalSts: fc.boolean(),
    composeRoleArn: fc.constantFrom(
      { accountId: '111122223333', partition: 'aws' },
      { accountId: '000000000000', partition: 'aws-cn' },
      { accountId: '111122223333', partition: 'aws-us-gov' },
    ),
    containerCredentials: fc.record(
      {
        audience: pick('pods.eks.amazonaws.com', ''),
        tokenMountPath: paths,
        tokenVolumeName: pick('eks-pod-identity-token', 'data', 'own/token'),
        tokenPath: fc.oneof(pick('token', 'a/b', '../x', ''), paths),
        fullUri: pick('http://[fd00:ec2::23]/v1/credentials', 'x', ''),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** A pod, its surroundings and settings, as odd as they may come. */
export const arbitraryCase: fc.Arbitrary<GoCase> = fc.record({
  namespace: fc.oneof(
    { weight: 9, arbitrary: pick('default') },
    { weight: 2, arbitrary: pick(...namespaces) },
  ),
  pod: spoiledPod,
  serviceAccount,
  configMap,
  identities,
  settings,
  jitter: fc.oneof(
    fc.constantFrom(0, 0, 0.5, 0.999_999, 0.25, 0.000_1),
    fc.double({ min: 0, max: 0.999_999_9, noNaN: true }),
  ),
});

/** What the API server, or anybody, may send as the body: the review around a pod, from right to odd. */
export const arbitraryReview: fc.Arbitrary<GoCase> = fc
  .tuple(
    arbitraryCase,
    fc.record(
      {
        kind: fc.constantFrom<Json>('AdmissionReview', 'AdmissionReview', '', 'Bogus', null, 5),
        apiVersion: fc.constantFrom<Json>(
          'admission.k8s.io/v1',
          'admission.k8s.io/v1beta1',
          'foo/v9',
          '',
          null,
          {},
        ),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        uid: fc.constantFrom<Json>('u-1', 'u-1', '', 'ü', null, 5),
        namespace: fc.constantFrom<Json>('default', 'default', 'team-a', '', null, 5),
        operation: pick('CREATE', 'UPDATE', 'DELETE', 'CONNECT', ''),
        subResource: pick('', 'status', 'ephemeralcontainers'),
        dryRun: fc.boolean(),
        kind: fc.constantFrom<Json>(
          { group: '', version: 'v1', kind: 'Pod' },
          { group: 'apps', version: 'v1', kind: 'Deployment' },
        ),
      },
      { requiredKeys: [] },
    ),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('pod') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('none', 'null', 'text', 'list', 'empty', 'deployment'),
      },
    ),
    fc.oneof(
      { weight: 12, arbitrary: fc.constant('request') },
      { weight: 1, arbitrary: fc.constantFrom('none', 'null', 'list', 'text', 'Request') },
    ),
  )
  .map(([given, typeMeta, request, object, place]) => {
    const objects: Record<string, Json> = {
      pod: { object: given.pod },
      none: {},
      null: { object: null },
      text: { object: 'pod' },
      list: { object: [] },
      empty: { object: {} },
      deployment: {
        object: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'd' },
          spec: { serviceAccountName: 's3-echoer', template: { spec: { containers: [] } } },
        },
      },
    };
    const whole = { ...request, ...objects[object] };
    const requests: Record<string, Json> = {
      request: { request: whole },
      Request: { Request: whole },
      none: {},
      null: { request: null },
      list: { request: [] },
      text: { request: 'x' },
    };
    return { ...given, review: { ...typeMeta, ...requests[place] } };
  });
