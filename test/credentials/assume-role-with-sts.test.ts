import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromIni, fromTokenFile } from '@aws-sdk/credential-providers';
import { fromProjectedToken, type FromProjectedTokenOptions } from 'irsa/credentials';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  assumedRoleXml,
  holdNetwork,
  releaseNetwork,
  stubAssumeRole,
  type SeenRequest,
} from '../support/nock-sts.js';
import { resolveProxy } from '../../src/credentials/resolve-proxy.js';
import { roleArn, tokenWith } from './support.js';

let folder: string;
let file: string;
const saved = { ...process.env };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'irsa-sts-'));
  file = join(folder, 'token');
  await writeFile(file, tokenWith());
  for (const name of Object.keys(process.env)) {
    if (/^AWS_|_PROXY$/i.test(name)) Reflect.deleteProperty(process.env, name);
  }
  process.env['AWS_CONFIG_FILE'] = join(folder, 'config');
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'credentials');
  process.env['AWS_ROLE_ARN'] = roleArn;
  process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = file;
  holdNetwork();
});

afterEach(async () => {
  process.env = { ...saved };
  await rm(folder, { recursive: true });
  releaseNetwork();
});

let number = 0;
const once = async (options: FromProjectedTokenOptions = {}): Promise<unknown> => {
  const provider = fromProjectedToken({ roleSessionName: `once-${(number += 1)}`, ...options });
  try {
    return await provider();
  } finally {
    provider.close();
  }
};
const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error as Error,
  );

describe('region: option, calling client, AWS_REGION, AWS_DEFAULT_REGION, profile, EKS issuer, then a clear error', () => {
  const eks = {
    iss: 'https://oidc.eks.ap-south-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E',
  };

  it('takes the first that is given', async () => {
    await writeFile(join(folder, 'config'), '[default]\nregion = sa-east-1\n');
    await writeFile(file, tokenWith(eks));
    const hosts: string[] = [];
    const ask = async (
      expected: string,
      options: FromProjectedTokenOptions = {},
    ): Promise<void> => {
      const [seen] = [stubAssumeRole({ host: `sts.${expected}.amazonaws.com` })];
      await once(options);
      hosts.push(seen[0]!.host);
    };
    process.env['AWS_REGION'] = 'eu-west-1';
    process.env['AWS_DEFAULT_REGION'] = 'eu-west-2';
    await ask('eu-west-3', { region: 'eu-west-3' });
    await ask('eu-west-1');
    delete process.env['AWS_REGION'];
    await ask('eu-west-2');
    delete process.env['AWS_DEFAULT_REGION'];
    await ask('sa-east-1', { profile: 'default' });
    expect(hosts).toHaveLength(4);
  });

  it.each([eks.iss, 'https://oidc-eks.ap-south-1.api.aws/id/EXAMPLED539D4633E53DE1B716D3041E'])(
    'takes the one in the host of an EKS issuer last: %s',
    async (iss) => {
      await writeFile(file, tokenWith({ iss }));
      const seen = stubAssumeRole({ host: 'sts.ap-south-1.amazonaws.com' });
      await once({ profile: 'none-such' });
      expect(seen).toHaveLength(1);
    },
  );

  it('never falls to us-east-1: it says where it looked', async () => {
    const error = await errorOf(once({ profile: 'none-such' }));
    expect(error).toMatchObject({ code: 'ERR_SETTINGS' });
    expect(error.message).toMatch(/AWS_REGION/);
  });

  it('sees the region, FIPS and dual-stack setting of the calling client, which therefore stays unbound', async () => {
    const provider = fromProjectedToken({ roleSessionName: 'callers' });
    expect(provider).not.toHaveProperty('configBound');
    const plain = new S3Client({ region: 'eu-north-1', credentials: provider });
    const fips = new S3Client({
      region: 'us-east-2',
      useFipsEndpoint: true,
      credentials: provider,
    });
    stubAssumeRole({ host: 'sts.eu-north-1.amazonaws.com', accessKeyId: 'ASIAPLAIN' });
    stubAssumeRole({ host: 'sts-fips.us-east-2.amazonaws.com', accessKeyId: 'ASIAFIPS' });
    expect((await plain.config.credentials()).accessKeyId).toBe('ASIAPLAIN');
    expect((await fips.config.credentials()).accessKeyId).toBe('ASIAFIPS');
    expect((await plain.config.credentials()).accessKeyId).toBe('ASIAPLAIN');
    provider.close();
  });

  it('is not cached once more by the client: what the provider has replaced, the client sees', async () => {
    const provider = fromProjectedToken({ roleSessionName: 'memoized' });
    const client = new S3Client({ region: 'us-west-2', credentials: provider });
    stubAssumeRole({ accessKeyId: 'ASIAFIRST' });
    expect((await client.config.credentials()).accessKeyId).toBe('ASIAFIRST');
    provider.invalidate();
    stubAssumeRole({ accessKeyId: 'ASIASECOND' });
    expect((await client.config.credentials()).accessKeyId).toBe('ASIASECOND');
    expect(provider.memoized).toBe(true);
    provider.close();
  });
});

describe('which STS', () => {
  const cases: [string, FromProjectedTokenOptions, Record<string, string>, string][] = [
    ['regional', { region: 'us-west-2' }, {}, 'sts.us-west-2.amazonaws.com'],
    [
      'FIPS by option',
      { region: 'us-west-2', useFipsEndpoint: true },
      {},
      'sts-fips.us-west-2.amazonaws.com',
    ],
    [
      'FIPS by environment',
      { region: 'us-west-2' },
      { AWS_USE_FIPS_ENDPOINT: 'true' },
      'sts-fips.us-west-2.amazonaws.com',
    ],
    [
      'dual-stack',
      { region: 'us-west-2', useDualstackEndpoint: true },
      {},
      'sts.us-west-2.api.aws',
    ],
    [
      'legacy, an old region',
      { region: 'us-west-2' },
      { AWS_STS_REGIONAL_ENDPOINTS: 'legacy' },
      'sts.amazonaws.com',
    ],
    [
      'legacy, a newer region',
      { region: 'eu-south-1' },
      { AWS_STS_REGIONAL_ENDPOINTS: 'legacy' },
      'sts.eu-south-1.amazonaws.com',
    ],
    [
      'an endpoint by option',
      { region: 'us-west-2', endpoint: 'https://sts.example.com' },
      {},
      'sts.example.com',
    ],
    [
      'AWS_ENDPOINT_URL_STS',
      { region: 'us-west-2' },
      { AWS_ENDPOINT_URL_STS: 'https://a.example.com', AWS_ENDPOINT_URL: 'https://b.example.com' },
      'a.example.com',
    ],
    [
      'AWS_ENDPOINT_URL',
      { region: 'us-west-2' },
      { AWS_ENDPOINT_URL: 'https://b.example.com' },
      'b.example.com',
    ],
    [
      'China',
      { region: 'cn-north-1', roleArn: 'arn:aws-cn:iam::111122223333:role/s3-echoer' },
      {},
      'sts.cn-north-1.amazonaws.com.cn',
    ],
    [
      'GovCloud',
      { region: 'us-gov-west-1', roleArn: 'arn:aws-us-gov:iam::111122223333:role/s3-echoer' },
      {},
      'sts.us-gov-west-1.amazonaws.com',
    ],
  ];
  it.each(cases)('%s', async (_, options, env, host) => {
    Object.assign(process.env, env);
    const seen = stubAssumeRole({ host });
    await once(options);
    expect(seen[0]).toMatchObject({ host, authorization: undefined });
  });

  it.each<[string, FromProjectedTokenOptions, Record<string, string>]>([
    ['an endpoint that is no URL', { endpoint: 'sts.example.com' }, {}],
    [
      'an endpoint of another scheme',
      {},
      { AWS_ENDPOINT_URL_STS: 'ftp://user:s3cr3t@example.com' },
    ],
    ['a proxy that is no URL', {}, { HTTPS_PROXY: 'http://user:s3cr3t@:x' }],
    ['a SOCKS proxy', {}, { ALL_PROXY: 'socks5://user:s3cr3t@proxy:1080' }],
    ['a proxy option that is none', { proxy: 'proxy s3cr3t' }, {}],
  ])('refuses %s, without repeating it', async (_, options, env) => {
    Object.assign(process.env, env);
    const error = await errorOf(once({ region: 'us-west-2', ...options }));
    expect(error).toMatchObject({ code: 'ERR_SETTINGS' });
    expect(error.message).not.toContain('s3cr3t');
    expect(error.message).toMatch(/http or https URL/);
  });

  it('refuses a role of another partition without asking', async () => {
    expect(await errorOf(once({ region: 'cn-north-1' }))).toMatchObject({ code: 'ERR_ARN' });
  });

  it('takes FIPS and dual-stack from a profile, and the environment before it', async () => {
    await writeFile(
      join(folder, 'config'),
      '[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n',
    );
    const both = stubAssumeRole({ host: 'sts-fips.us-west-2.api.aws' });
    await once({ region: 'us-west-2' });
    process.env['AWS_USE_FIPS_ENDPOINT'] = 'false';
    const dual = stubAssumeRole({ host: 'sts.us-west-2.api.aws' });
    await once({ region: 'us-west-2' });
    expect([both.length, dual.length]).toEqual([1, 1]);
  });

  it('takes the region of an injected client where none is given', async () => {
    const client = new STSClient({ region: 'eu-west-1' });
    process.env['AWS_REGION'] = 'cn-north-1';
    const seen = stubAssumeRole({ host: 'sts.eu-west-1.amazonaws.com' });
    await once({ client });
    expect(seen).toHaveLength(1);
  });

  it('takes an injected client, which stays open', async () => {
    const client = new STSClient({ region: 'eu-west-1' });
    let destroyed = false;
    client.destroy = () => {
      destroyed = true;
    };
    const seen = stubAssumeRole({ host: 'sts.eu-west-1.amazonaws.com' });
    await once({ region: 'us-west-2', client });
    expect(seen).toHaveLength(1);
    expect(destroyed).toBe(false);
  });

  it('sends duration, session policy, policy ARNs and session name', async () => {
    const seen = stubAssumeRole();
    process.env['AWS_ROLE_SESSION_NAME'] = 'name/with spaces';
    const provider = fromProjectedToken({
      region: 'us-west-2',
      durationSeconds: 900,
      sessionPolicy: '{"Version":"2012-10-17","Statement":[]}',
      sessionPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
    });
    await provider();
    provider.close();
    expect(seen[0]?.form).toMatchObject({
      RoleArn: roleArn,
      DurationSeconds: '900',
      Policy: '{"Version":"2012-10-17","Statement":[]}',
      'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess',
      RoleSessionName: 'name-with-spaces',
    });
  });

  const tags = (number: number, key = 'k', value = 'v'): Record<string, string> =>
    Object.fromEntries(Array.from({ length: number }, (_, index) => [`${key}${index}`, value]));
  const then = { roleArn };
  it.each<[string, FromProjectedTokenOptions]>([
    ['sessionPolicy', { sessionPolicy: '' }],
    ['sessionPolicy', { sessionPolicy: ' '.repeat(2049) }],
    ['sessionPolicyArns', { sessionPolicyArns: Array<string>(11).fill(roleArn) }],
    ['providerId', { providerId: 'abc' }],
    [
      'sessionPolicyArns',
      { then: { ...then, sessionPolicyArns: Array<string>(11).fill(roleArn) } },
    ],
    ['tags', { then: { ...then, tags: tags(51) } }],
    ['tags', { then: { ...then, tags: tags(1, 'k'.repeat(128)) } }],
    ['tags', { then: { ...then, tags: tags(1, 'k', 'v'.repeat(257)) } }],
  ])('refuses %s past the limits of STS without asking', async (name, options) => {
    const error = await errorOf(once({ region: 'us-west-2', ...options }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toContain(name);
  });

  it('finds a provider ID beside an OpenID Connect token locally', async () => {
    const error = await errorOf(once({ region: 'us-west-2', providerId: 'www.amazon.com' }));
    expect(error).toMatchObject({ code: 'ERR_TOKEN' });
  });
});

describe('parity with fromTokenFile of the SDK', () => {
  it('the same environment makes the same request and the same credentials', async () => {
    process.env['AWS_REGION'] = 'us-west-2';
    process.env['AWS_ROLE_SESSION_NAME'] = 'parity';
    const body = assumedRoleXml('ASIAPARITY');
    const theirs = stubAssumeRole({ body });
    const expected = await fromTokenFile()();
    const mine = stubAssumeRole({ body });
    const provider = fromProjectedToken();
    const found = await provider();
    provider.close();
    const comparable = ({ host, form, authorization }: SeenRequest): unknown => ({
      host,
      form,
      authorization,
    });
    expect(comparable(mine[0]!)).toEqual(comparable(theirs[0]!));
    // Values and the notes for the user agent alike.
    expect(found).toEqual(expected);
  });

  it('a client says the same of its credentials in its user agent', async () => {
    process.env['AWS_REGION'] = 'us-west-2';
    stubAssumeRole();
    stubAssumeRole();
    const provider = fromProjectedToken({ roleSessionName: 'user-agent' });
    const agents: string[] = [];
    for (const credentials of [fromTokenFile(), provider]) {
      const sts = new STSClient({ credentials, maxAttempts: 1 });
      sts.middlewareStack.add(
        () => (args) => {
          const { headers } = args.request as { headers: Record<string, string> };
          agents.push(/ m\/([\w,]+)/.exec(headers['user-agent'] ?? '')?.[1] ?? 'none');
          return Promise.reject(new TypeError('far enough'));
        },
        { step: 'finalizeRequest', name: 'far-enough', priority: 'low' },
      );
      await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toThrow('far enough');
    }
    const [theirs, mine] = agents.map((agent) => agent.split(',').sort());
    expect(mine).toEqual(theirs);
    expect(mine).toEqual(expect.arrayContaining(['h', 'k', 'T']));
    provider.close();
  });

  it('reads the profile keys as the SDK does', async () => {
    delete process.env['AWS_ROLE_ARN'];
    delete process.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    await writeFile(
      join(folder, 'config'),
      `[profile pod]\nrole_arn = ${roleArn}\nweb_identity_token_file = ${file}\nrole_session_name = from-profile\nregion = eu-west-1\n`,
    );
    const host = 'sts.eu-west-1.amazonaws.com';
    const body = assumedRoleXml('ASIAPROFILE');
    // The one difference: without a calling client the SDK goes to us-east-1, whatever the profile says.
    const theirs = stubAssumeRole({ host: 'sts.us-east-1.amazonaws.com', body });
    const expected = await fromIni({ profile: 'pod' })();
    const mine = stubAssumeRole({ host, body });
    const provider = fromProjectedToken({ profile: 'pod' });
    const found = await provider();
    provider.close();
    expect(mine[0]?.form).toEqual(theirs[0]?.form);
    expect(mine[0]?.form).toMatchObject({ RoleSessionName: 'from-profile', RoleArn: roleArn });
    expect(found).toMatchObject({ $source: { CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN: 'q' } });
    expect({ ...found, $source: {} }).toEqual({ ...expected, $source: {} });
  });

  it.each([['AWS_ROLE_ARN'], ['AWS_WEB_IDENTITY_TOKEN_FILE']])(
    'a set-up that lacks only %s is broken, and no chain goes on',
    async (name) => {
      Reflect.deleteProperty(process.env, name);
      const error = await errorOf(fromProjectedToken({ region: 'us-west-2' })());
      expect(error).toMatchObject({ code: 'ERR_WEB_IDENTITY_NOT_CONFIGURED', tryNextLink: false });
      expect(error.message).toContain(name);
    },
  );
});

describe('what stands between: proxies and odd answers', () => {
  it.each([
    ['half XML', '<AssumeRoleWithWebIdentityResponse><AssumeRole', 200],
    ['other XML', '<html><body>sign in</body></html>', 200],
    [
      'XML without credentials',
      '<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>',
      200,
    ],
    ['nothing', '', 200],
    ['an HTML page', '<html>502</html>', 502],
  ])('%s is tried again and then explained as the network’s fault', async (_, body, status) => {
    for (let tries = 0; tries < 3; tries += 1) stubAssumeRole({ body, status });
    const error = await errorOf(once({ region: 'us-west-2' }));
    expect(error).toMatchObject({
      code: 'ERR_ASSUME_ROLE',
      explanation: { id: 'network', retryable: true },
    });
  });

  it('goes through HTTP(S)_PROXY, and past it where NO_PROXY says so', async () => {
    releaseNetwork();
    let tunnels = 0;
    let posts = 0;
    const sts = createServer((request, response) => {
      request.resume().on('end', () => {
        posts += 1;
        response.end(assumedRoleXml());
      });
    });
    const proxy = createServer();
    proxy.on('connect', (_request, socket: Duplex) => {
      tunnels += 1;
      const upstream = connect((sts.address() as AddressInfo).port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    for (const server of [sts, proxy]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const options = { region: 'us-west-2', endpoint: 'http://sts.irsa.test' };
    await once(options);
    expect([tunnels, posts]).toEqual([1, 1]);
    process.env['NO_PROXY'] = '127.0.0.1';
    await once({ ...options, endpoint: `http://127.0.0.1:${(sts.address() as AddressInfo).port}` });
    expect([tunnels, posts]).toEqual([1, 2]);
    for (const server of [sts, proxy]) {
      server.closeAllConnections();
      server.close();
    }
  });

  it.each([
    [{ HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
    [{ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://p:1' }, 'http://low:1'],
    [{ HTTP_PROXY: 'http://p:1' }, undefined],
    [{ ALL_PROXY: 'p:1' }, 'http://p:1'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'localhost, .amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'amazonaws.com:8443' }, 'http://p:1'],
    [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'sts.us-west-2.amazonaws.com:443' }, undefined],
    [{ HTTPS_PROXY: '', NO_PROXY: '' }, undefined],
  ])('%j leads to %s', (env, proxy) => {
    expect(resolveProxy({ region: 'us-west-2' }, env)).toBe(proxy);
  });
});
