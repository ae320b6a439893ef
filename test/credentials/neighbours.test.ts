import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  createWebIdentityProvider,
  fromPodCredentials,
  fromPodIdentity,
  fromProjectedToken,
  invalidateOnRejection,
} from 'irsa/credentials';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readTokenFile } from '../../src/credentials/read-token-file.js';
import { refreshThroughRotations } from './rotations.js';
import { startFaultWorld, type FaultWorld } from './fault-world.js';
import { roleArn as otherRoleArn, tokenWith } from './support.js';

let world: FaultWorld;
let folder: string;
const saved = { ...process.env };

beforeAll(async () => {
  world = await startFaultWorld();
  await world.aws.createBucket({ bucket: 'data' });
  await world.aws.putRolePolicy({
    roleName: 's3-echoer',
    policyName: 'work',
    policy: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject'],
          Resource: 'arn:aws:s3:::data/*',
        },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::data' },
      ],
    },
  });
});
afterAll(() => world.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'irsa-neighbours-'));
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  }
  await world.reset();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: world.aws.endpoint,
    AWS_REGION: 'us-west-2',
    AWS_ROLE_ARN: world.roleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: world.tokenFile,
    AWS_CONFIG_FILE: join(folder, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
  });
});
afterEach(async () => {
  process.env = { ...saved };
  await rm(folder, { recursive: true });
});

const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error as Error,
  );

describe('official clients, unmodified, against the local AWS', () => {
  it('S3 puts, gets and lists; STS says who it is; one web identity call for all', async () => {
    const credentials = fromProjectedToken();
    const before = world.calls();
    const s3 = new S3Client({ credentials, forcePathStyle: true });
    const sts = new STSClient({ credentials });
    await s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'a', Body: 'hello' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'a' }));
    expect(await Body?.transformToString()).toBe('hello');
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'data' }));
    expect(Contents).toMatchObject([{ Key: 'a', Size: 5 }]);
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toMatch(
      /^arn:aws:sts::111122223333:assumed-role\/s3-echoer\/default\.s3-echoer/,
    );
    expect(world.calls() - before).toBe(1);
    credentials.close();
  });

  it('a plugin has the provider refresh when a service rejects the credential', async () => {
    const credentials = fromProjectedToken();
    const s3 = new S3Client({ credentials, forcePathStyle: true, maxAttempts: 1 });
    s3.middlewareStack.use(invalidateOnRejection(credentials));
    const list = (): Promise<unknown> => s3.send(new ListObjectsV2Command({ Bucket: 'data' }));
    await list();
    world.aws.setFault({
      kind: 'error',
      operation: 'ListObjectsV2',
      code: 'AccessDenied',
      status: 403,
      times: 1,
    });
    await errorOf(list());
    expect(credentials.snapshot().status).toBe('fresh');
    world.aws.setFault({ kind: 'error', code: 'ExpiredToken', times: 1 });
    await errorOf(list());
    expect(credentials.snapshot().status).toBe('mandatory');
    const before = world.calls();
    await list();
    expect(world.calls() - before).toBe(1);
    credentials.close();
  });
});

describe('role chaining', () => {
  interface Call {
    readonly form: URLSearchParams;
    readonly signedBy: string | undefined;
  }
  let server: Server;
  let calls: Call[];

  beforeEach(async () => {
    calls = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const form = new URLSearchParams(body);
        calls.push({
          form,
          signedBy: /Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1],
        });
        const action = form.get('Action') ?? '';
        const expiration = new Date(Date.now() + 3_600_000).toISOString();
        response.end(
          `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><AssumedRoleUser><Arn>arn:aws:sts::444455556666:assumed-role/x/y</Arn><AssumedRoleId>A:y</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIA${calls.length}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expiration}</Expiration></Credentials></${action}Result></${action}Response>`,
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['AWS_ENDPOINT_URL_STS'] =
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const target = 'arn:aws:iam::444455556666:role/target';
  const last = 'arn:aws:iam::777788889999:role/last';

  it('assumes the next role with the credentials of the first, once for all who ask for the same', async () => {
    const make = (): ReturnType<typeof fromProjectedToken> =>
      fromProjectedToken({
        then: {
          roleArn: target,
          externalId: 'ticket-7',
          tags: { team: 'a' },
          then: { roleArn: last },
        },
      });
    const [first, second] = [make(), make()];
    const found = await Promise.all([first(), second(), first()]);
    expect(new Set(found).size).toBe(1);
    expect(
      calls.map(({ form, signedBy }) => [
        form.get('Action'),
        form.get('RoleArn'),
        form.get('RoleSessionName'),
        signedBy,
      ]),
    ).toEqual([
      ['AssumeRoleWithWebIdentity', world.roleArn, 'default.s3-echoer', undefined],
      ['AssumeRole', target, 's3-echoer', 'ASIA1'],
      ['AssumeRole', last, 'target', 'ASIA2'],
    ]);
    expect(calls[1]?.form.get('ExternalId')).toBe('ticket-7');
    expect(calls[1]?.form.get('Tags.member.1.Key')).toBe('team');
    expect(found[0]).toMatchObject({ accessKeyId: 'ASIA3', accountId: '444455556666' });
    first.close();
    second.close();
    const third = make();
    await third();
    expect(calls).toHaveLength(6);
    third.close();
  });

  it('goes the way of an injected client, and leaves its connections open', async () => {
    const endpoint = process.env['AWS_ENDPOINT_URL_STS'] ?? '';
    delete process.env['AWS_ENDPOINT_URL_STS'];
    delete process.env['AWS_ENDPOINT_URL'];
    const client = new STSClient({ region: 'us-west-2', endpoint });
    let closed = 0;
    const { requestHandler } = client.config;
    const destroy = requestHandler.destroy?.bind(requestHandler);
    requestHandler.destroy = () => {
      closed += 1;
    };
    const provider = fromProjectedToken({ client, deadlineSeconds: 3, then: { roleArn: target } });
    expect(await provider()).toMatchObject({ accessKeyId: 'ASIA2' });
    provider.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(0);
    destroy?.();
  });

  it('refuses what STS would refuse: a chained role lasts an hour at most', async () => {
    await expect(
      fromProjectedToken({ then: { roleArn: target, durationSeconds: 7200 } })(),
    ).rejects.toThrow(/3600/);
    await expect(fromProjectedToken({ then: { roleArn: 'x' } })()).rejects.toThrow(/ARN/);
    expect(calls).toHaveLength(0);
  });
});

describe('container credentials', () => {
  let agent: Server;
  let authorizations: (string | undefined)[];
  let broken = false;

  beforeEach(async () => {
    authorizations = [];
    broken = false;
    agent = createServer((request, response) => {
      authorizations.push(request.headers.authorization);
      if (broken) {
        response.writeHead(500).end('{"Message":"no association"}');
        return;
      }
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          AccessKeyId: `ASIAPOD${authorizations.length}`,
          SecretAccessKey: 's',
          Token: 't',
          AccountId: '111122223333',
          Expiration: new Date(Date.now() + 3_600_000).toISOString(),
        }),
      );
    });
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    await writeFile(join(folder, 'agent-token'), 'agent-token');
  });
  afterEach(() => {
    agent.closeAllConnections();
    agent.close();
  });

  const configure = (): void => {
    Object.assign(process.env, {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${(agent.address() as AddressInfo).port}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'agent-token'),
    });
  };
  const withoutWebIdentity = (): void => {
    delete process.env['AWS_ROLE_ARN'];
    delete process.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  };

  it('come from the agent, once for all callers, with the token of the file', async () => {
    configure();
    const providers = Array.from({ length: 20 }, () => fromPodIdentity());
    const found = await Promise.all(providers.map((provider) => provider()));
    expect(authorizations).toEqual(['agent-token']);
    expect(found[0]).toMatchObject({ accessKeyId: 'ASIAPOD1' });
    for (const provider of providers) provider.close();
  });

  it('stay in use while the agent is broken', async () => {
    configure();
    const provider = fromPodIdentity();
    await provider();
    broken = true;
    provider.invalidate();
    expect((await provider()).accessKeyId).toBe('ASIAPOD1');
    provider.close();
  });

  it('an agent that refuses is not taken for STS', async () => {
    configure();
    broken = true;
    const provider = fromPodIdentity({ deadlineSeconds: 5 });
    const error = await errorOf(provider());
    expect(error).toMatchObject({
      code: 'ERR_ASSUME_ROLE',
      explanation: { id: 'agent', class: 'transient' },
    });
    expect(error.message).toMatch(/status: 500.*associated with a role/);
    expect(authorizations).toHaveLength(3);
    expect(error.message).not.toContain('STS');
    provider.close();
  });

  it.each(['never answers', 'stops in the middle of its answer'])(
    'an agent that %s has the time of one request, and no connection is left behind',
    async (how) => {
      configure();
      const sockets = new Set<Socket>();
      agent.on('connection', (socket) => sockets.add(socket));
      agent.removeAllListeners('request').on('request', (_request, response: ServerResponse) => {
        if (how !== 'never answers') {
          response.writeHead(200, { 'content-length': '200' }).write('{"AccessKeyId":');
        }
      });
      const provider = fromPodIdentity({ requestTimeoutMs: 100, deadlineSeconds: 10 });
      const error = await errorOf(provider());
      expect(error).toMatchObject({
        code: 'ERR_ASSUME_ROLE',
        explanation: { id: 'agent-network', class: 'network' },
      });
      const { port } = agent.address() as AddressInfo;
      expect(error.message).toContain(`container credentials at http://127.0.0.1:${port}):`);
      expect(error.message).not.toMatch(/STS|\/v1\/credentials/);
      await vi.waitFor(() => {
        expect(sockets.size).toBeGreaterThanOrEqual(3);
        expect([...sockets].every((socket) => socket.destroyed)).toBe(true);
      });
      provider.close();
    },
  );

  it('an agent that is not there is said to be so', async () => {
    configure();
    await new Promise((resolve) => agent.close(resolve));
    const provider = fromPodIdentity({ deadlineSeconds: 5 });
    expect(await errorOf(provider())).toMatchObject({ explanation: { id: 'agent-network' } });
    provider.close();
  });

  it('an agent that never answers is let go of at the deadline', async () => {
    configure();
    const sockets = new Set<Socket>();
    agent.on('connection', (socket) => sockets.add(socket));
    agent.removeAllListeners('request').on('request', () => {});
    const provider = fromPodIdentity({ requestTimeoutMs: 60_000, deadlineSeconds: 0.2 });
    const error = await errorOf(provider());
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT' });
    expect(error.message).toMatch(/from the agent at http:\/\/127\.0\.0\.1:\d+ within 0\.2 s/);
    expect(error.message).not.toContain('STS');
    await vi.waitFor(() => {
      expect([...sockets].map((socket) => socket.destroyed)).toEqual([true]);
    });
    provider.close();
  });

  it('options beat both variables, and another token in the environment is another engine', async () => {
    configure();
    const fullUri = process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
    delete process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
    process.env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] = '/elsewhere';
    const providers = ['one', 'two'].map(async (token) => {
      process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] = token;
      const provider = fromPodIdentity({ fullUri, deadlineSeconds: 2 });
      const { accessKeyId } = await provider();
      provider.close();
      return accessKeyId;
    });
    expect(new Set(await Promise.all(providers)).size).toBe(2);
    expect(authorizations.sort()).toEqual(['one', 'two']);
  });

  it('fromPodIdentity says what is missing', async () => {
    expect(await errorOf(fromPodIdentity()())).toMatchObject({
      code: 'ERR_WEB_IDENTITY_NOT_CONFIGURED',
      tryNextLink: true,
    });
  });

  it('fromPodCredentials takes web identity first, then the agent', async () => {
    configure();
    const both = fromPodCredentials();
    expect((await both()).accessKeyId).not.toMatch(/POD/);
    both.close();
    withoutWebIdentity();
    const agentOnly = fromPodCredentials();
    expect((await agentOnly()).accessKeyId).toBe('ASIAPOD1');
    agentOnly.close();
  });

  it('fromPodCredentials stops at a broken set-up, and never uses the node’s role', async () => {
    configure();
    await rm(world.tokenFile);
    expect(await errorOf(fromPodCredentials()())).toMatchObject({
      code: 'ERR_TOKEN_FILE',
      tryNextLink: false,
    });
    delete process.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    expect(await errorOf(fromPodCredentials()())).toMatchObject({ tryNextLink: false });
    expect(authorizations).toHaveLength(0);
    withoutWebIdentity();
    delete process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
    expect(await errorOf(fromPodCredentials()())).toMatchObject({
      code: 'ERR_WEB_IDENTITY_NOT_CONFIGURED',
      tryNextLink: true,
    });
  });
});

describe('handles', () => {
  it('share an engine, hear its events each, and end it together', async () => {
    const heard: string[] = [];
    const first = fromProjectedToken({ on: ({ type }) => heard.push(`first ${type}`) });
    const second = fromProjectedToken({
      on: ({ type }) => {
        heard.push(`second ${type}`);
        throw new Error('a listener that throws');
      },
    });
    const before = world.calls();
    const [a, b] = await Promise.all([first(), second()]);
    expect(a).toBe(b);
    first.close();
    second.invalidate();
    await second();
    expect(world.calls() - before).toBe(2);
    expect(await errorOf(first())).toBeInstanceOf(TypeError);
    second.close();
    const third = fromProjectedToken();
    await third();
    expect(world.calls() - before).toBe(3);
    third.close();
    expect(heard.filter((event) => event.startsWith('second'))).toHaveLength(2);
  });
});

describe('the token file, as the kubelet keeps it', () => {
  it('300 rotations while 50 providers refresh: none fails', async () => {
    const { refreshes, tokens } = await refreshThroughRotations(folder, 300);
    expect(refreshes).toBeGreaterThan(50);
    expect(tokens).toBeGreaterThan(1);
  });

  it.each([
    ['a newline at the end', (token: string) => `${token}\n`],
    ['a byte-order mark and CRLF', (token: string) => `\uFEFF${token}\r\n`],
  ])('reads a token with %s', async (_, write) => {
    const file = join(folder, 'odd');
    const token = tokenWith();
    await writeFile(file, write(token));
    expect(await readTokenFile(file)).toBe(token);
  });

  it('waits about a second for a file that is missing or empty for a moment', async () => {
    const file = join(folder, 'late');
    const read = readTokenFile(file);
    setTimeout(() => void writeFile(file, ''), 50);
    setTimeout(() => void writeFile(file, 'here'), 250);
    expect(await read).toBe('here');
  });
});

describe('10,000 refreshes', () => {
  it('leave no handle, timer or listener behind, and no memory to speak of', async () => {
    let expiration = new Date(Date.now() + 3_600_000);
    let listeners = 0;
    const provider = createWebIdentityProvider({
      roleArn: otherRoleArn,
      validateToken: false,
      readToken: () => Promise.resolve('opaque'),
      assumeRole: () =>
        Promise.resolve({
          credentials: { accessKeyId: 'A', secretAccessKey: 'b', sessionToken: 'c', expiration },
        }),
    });
    const signal = {
      aborted: false,
      addEventListener: () => (listeners += 1),
      removeEventListener: () => (listeners -= 1),
    };
    const refresh = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time += 1) {
        expiration = new Date(expiration.getTime() + 1);
        provider.invalidate();
        await provider({ signal });
      }
    };
    await refresh(1000);
    const handles = process.getActiveResourcesInfo().length;
    const before = process.memoryUsage().heapUsed;
    await refresh(10_000);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(handles + 1);
    expect(listeners).toBe(0);
    // Without a collection garbage counts too; a leak of one kilobyte a refresh would still show.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    provider.close();
  });
});
