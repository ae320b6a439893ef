import { Agent } from 'node:https';
import { connect } from 'node:tls';
import fastJsonPatch from 'fast-json-patch';
import type { ServiceAccount } from 'irsa/patch';
import { startWebhookServer } from 'irsa-webhook';
import type { RequestEvent, WebhookServer, WebhookServerOptions } from 'irsa-webhook';
import { afterEach, describe, expect, it } from 'vitest';
import { call, fixture, patchOf, testIdentity } from './support/webhook-client.js';

const account = fixture('service-account-s3-echoer') as ServiceAccount;
const review = fixture('admission-review-s3-echoer') as {
  request: { uid: string; object: object };
};
/** As Go writes it, line feed included: the bytes that the API server sent. */
const goJson = (value: unknown): string =>
  `${JSON.stringify(value).replace(
    /[&<>]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`;
const body = goJson(review);

const running: WebhookServer[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close({ drainMs: 100 })));
});

const start = async (options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> => {
  const server = await startWebhookServer({
    certificate: await testIdentity(),
    findServiceAccount: (namespace, name) =>
      `${namespace}/${name}` === 'default/s3-echoer' ? account : undefined,
    ...options,
  });
  running.push(server);
  return server;
};

const status = (code: number, reason: string, message: string): string =>
  JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  });

describe('startWebhookServer', () => {
  it('answers the recorded review of the s3-echoer pod with its patch', async () => {
    const { url } = await start({ settings: { region: 'us-west-2' } });
    const answer = await call(url, { body });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    const { kind, apiVersion, response } = JSON.parse(answer.text);
    expect({ kind, apiVersion }).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
    });
    expect(response).toMatchObject({
      uid: review.request.uid,
      allowed: true,
      patchType: 'JSONPatch',
    });
    const pod = structuredClone(review.request.object);
    fastJsonPatch.applyPatch(pod, patchOf(answer) as fastJsonPatch.Operation[], true);
    const [container] = (
      pod as { spec: { containers: { env: { name: string; value: string }[] }[] } }
    ).spec.containers;
    const env = Object.fromEntries(container!.env.map(({ name, value }) => [name, value]));
    expect(env).toMatchObject({
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/s3-echoer',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
      AWS_REGION: 'us-west-2',
    });
  });

  it('takes what the API server really sends, headers included', async () => {
    const recorded = fixture('recorded-request-headers') as {
      method: string;
      url: string;
      headers: Record<string, string>;
    };
    expect(String(Buffer.byteLength(body))).toBe(recorded.headers['content-length']);
    const { url } = await start();
    const answer = await call(url, {
      method: recorded.method,
      path: recorded.url,
      headers: recorded.headers,
      body,
    });
    expect(JSON.parse(answer.text).response.allowed).toBe(true);
  });

  it('awaits a lookup that is a promise', async () => {
    const { url } = await start({ findServiceAccount: () => Promise.resolve(account) });
    expect(patchOf(await call(url, { body })).length).toBeGreaterThan(0);
  });

  it('asks for the ServiceAccount by the request’s namespace and the pod’s name', async () => {
    const asked: string[] = [];
    const { url } = await start({
      findServiceAccount: (namespace, name) => {
        asked.push(`${namespace}/${name}`);
        return undefined;
      },
    });
    const answer = await call(url, { body });
    expect(asked).toEqual(['default/s3-echoer']);
    const { response } = JSON.parse(answer.text);
    expect(response).toMatchObject({ uid: review.request.uid, allowed: true });
    expect(response).not.toHaveProperty('patch');
  });

  it('asks for the name that the behavior in force would ask for', async () => {
    const asked: string[] = [];
    const findServiceAccount = (namespace: string, name: string): undefined => {
      asked.push(`${namespace}/${name}`);
      return undefined;
    };
    const nameless = JSON.stringify({
      ...review,
      request: { ...review.request, object: { spec: { containers: [] } } },
    });
    const standard = await start({ findServiceAccount });
    await call(standard.url, { body: nameless });
    const eks = await start({ findServiceAccount, settings: { behavior: 'eks' } });
    await call(eks.url, { body: nameless });
    expect(asked).toEqual(['default/default', 'default/']);
  });

  it('refuses with 503 and no pod data when the lookup fails, so that the failurePolicy decides', async () => {
    const events: RequestEvent[] = [];
    const { url } = await start({
      findServiceAccount: () => Promise.reject(new Error('connection refused')),
      observe: (event) => events.push(event),
    });
    const answer = await call(url, { body });
    expect(answer.status).toBe(503);
    expect(answer.text).toBe(
      status(
        503,
        'ServiceUnavailable',
        'ServiceAccount default/s3-echoer could not be read from the API server; create the pod again',
      ),
    );
    expect(events).toMatchObject([{ status: 503, decision: 'lookup-failed' }]);
  });

  it('tells what it decided', async () => {
    const events: RequestEvent[] = [];
    const { url } = await start({ observe: (event) => events.push(event) });
    await call(url, { body });
    await call(url, { body: JSON.stringify(fixture('admission-review-no-service-account')) });
    expect(events).toMatchObject([
      {
        route: 'mutate',
        status: 200,
        decision: 'mutated',
        uid: review.request.uid,
        namespace: 'default',
        serviceAccount: 's3-echoer',
      },
      { route: 'mutate', status: 200, decision: 'no-service-account' },
    ]);
    expect(events.every(({ seconds }) => seconds > 0)).toBe(true);
  });

  describe('the exact answer on every path', () => {
    const mutate = { path: '/mutate' };
    const cases: [string, Parameters<typeof call>[1], number, string][] = [
      ['GET', { ...mutate, method: 'GET' }, 405, status(405, 'MethodNotAllowed', 'expected POST')],
      ['DELETE', { method: 'DELETE' }, 405, status(405, 'MethodNotAllowed', 'expected POST')],
      [
        'another media type',
        { headers: { 'content-type': 'application/yaml' }, body },
        415,
        status(415, 'UnsupportedMediaType', 'expected application/json, got application/yaml'),
      ],
      [
        'no media type',
        { headers: { 'content-type': '' }, body },
        415,
        status(415, 'UnsupportedMediaType', 'expected application/json, got no media type'),
      ],
      [
        'a compressed body',
        { headers: { 'content-encoding': 'gzip' }, body },
        415,
        status(415, 'UnsupportedMediaType', 'expected no Content-Encoding'),
      ],
      [
        'an empty body',
        { body: '' },
        400,
        status(
          400,
          'BadRequest',
          'expected an AdmissionReview as JSON, got an empty body; send the AdmissionReview as the API server makes it',
        ),
      ],
      [
        'bad JSON',
        { body: '{"secret":' },
        400,
        status(
          400,
          'BadRequest',
          'expected an AdmissionReview as JSON, got 10 bytes that are not JSON; send the AdmissionReview as the API server makes it',
        ),
      ],
      [
        'another path',
        { path: '/', body },
        404,
        status(404, 'NotFound', 'expected /mutate, /healthz or /readyz'),
      ],
      [
        'a path below',
        { path: '/mutate/', body },
        404,
        status(404, 'NotFound', 'expected /mutate, /healthz or /readyz'),
      ],
      ['healthz', { method: 'GET', path: '/healthz' }, 200, 'ok\n'],
      ['readyz', { method: 'GET', path: '/readyz' }, 200, 'ok\n'],
      [
        'healthz, posted to',
        { path: '/healthz' },
        405,
        status(405, 'MethodNotAllowed', 'expected GET or HEAD'),
      ],
    ];
    it.each(cases)('%s', async (_, options, code, text) => {
      const { url } = await start();
      const answer = await call(url, options);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: code, text });
      expect(answer.headers['content-type']).toBe(
        text.startsWith('{') ? 'application/json' : 'text/plain; charset=utf-8',
      );
    });

    it.each(['null', '[]', '"x"', '1', '{}', '{"request":null}', '{"request":[]}'])(
      'refuses %s, which cannot be answered, with 400',
      async (text) => {
        const { url } = await start();
        const answer = await call(url, { body: text });
        expect(answer.status).toBe(400);
        expect(JSON.parse(answer.text)).toMatchObject({
          kind: 'Status',
          code: 400,
          reason: 'BadRequest',
        });
      },
    );

    it.each([
      ['no object', { uid: 'u', operation: 'CREATE' }],
      ['a string for a pod', { uid: 'u', operation: 'CREATE', object: 'pod' }],
      [
        'a numeric annotation',
        { uid: 'u', object: { metadata: { annotations: { a: 1 } }, spec: {} } },
      ],
      ['containers that are no list', { uid: 'u', object: { spec: { containers: 'x' } } }],
      ['DELETE', { uid: 'u', operation: 'DELETE', object: null, oldObject: {} }],
    ])('echoes uid and TypeMeta for %s', async (_, request) => {
      const { url } = await start();
      const typeMeta = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
      const answer = await call(url, { body: JSON.stringify({ ...typeMeta, request }) });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({ ...typeMeta, response: { uid: 'u' } });
    });

    it('takes parameters and letter case of the media type', async () => {
      const { url } = await start();
      const answer = await call(url, {
        headers: { 'content-type': 'Application/JSON; charset=utf-8' },
        body,
      });
      expect(answer.status).toBe(200);
    });

    it('answers HEAD of a probe without a body', async () => {
      const { url } = await start();
      const answer = await call(url, { method: 'HEAD', path: '/readyz' });
      expect([answer.status, answer.text]).toEqual([200, '']);
    });
  });

  it('refuses reviews and readiness until it is ready', async () => {
    let fault: string | undefined = 'ServiceAccounts are not listed yet';
    const { url } = await start({ notReady: () => fault });
    const early = await call(url, { body });
    expect([early.status, early.text]).toEqual([
      503,
      status(
        503,
        'ServiceUnavailable',
        'irsa-webhook is not ready: ServiceAccounts are not listed yet',
      ),
    ]);
    const probe = await call(url, { method: 'GET', path: '/readyz' });
    expect([probe.status, probe.text]).toEqual([
      503,
      'not ready: ServiceAccounts are not listed yet\n',
    ]);
    expect((await call(url, { method: 'GET', path: '/healthz' })).status).toBe(200);
    fault = undefined;
    expect((await call(url, { body })).status).toBe(200);
  });

  it('adds a notice to the warnings', async () => {
    const { url } = await start({ notice: () => 'ServiceAccounts are 90 s behind' });
    const { response } = JSON.parse((await call(url, { body })).text);
    expect(response.warnings).toContain('ServiceAccounts are 90 s behind');
  });

  it('takes a body at the limit and refuses one past it, announced or not', async () => {
    const { url } = await start({ maxBodyBytes: body.length });
    expect((await call(url, { body })).status).toBe(200);
    const long = await call(url, { body: `${body} ` });
    expect([long.status, long.text]).toEqual([
      413,
      status(413, 'RequestEntityTooLarge', `expected at most ${body.length} bytes`),
    ]);
    const chunked = await call(url, {
      headers: { 'transfer-encoding': 'chunked' },
      body: `${body} `,
    });
    expect(chunked.status).toBe(413);
  });

  it('keeps connections alive and speaks HTTP/1.1 only', async () => {
    const { url, port } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await call(url, { body, agent });
    const second = await call(url, { body, agent });
    agent.destroy();
    expect([first.status, second.status, first.headers.connection]).toEqual([
      200,
      200,
      'keep-alive',
    ]);
    const { caBundlePem } = await testIdentity();
    const protocol = await new Promise((resolve, reject) => {
      const socket = connect(
        { port, host: '127.0.0.1', ca: caBundlePem, ALPNProtocols: ['h2', 'http/1.1'] },
        () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
    expect(protocol).toBe('http/1.1');
  });

  it('says in one error which port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: 'ERR_CLUSTER',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it('refuses a certificate and a key that do not belong together', async () => {
    const { certificatePem, authority } = await testIdentity();
    await expect(
      start({ certificate: { certificatePem, privateKeyPem: authority.privateKeyPem } }),
    ).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
    await expect(
      start({ certificate: { certificatePem: 'x', privateKeyPem: 'y' } }),
    ).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
  });
});
