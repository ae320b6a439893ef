import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAwsClients, observeIssuer } from 'irsa-aws';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { spec } from './local-target.js';

let aws: LocalAws;
let folder: string;
let proxy: Server;
/** What the proxy was asked for: `METHOD TARGET`. */
let asked: string[];
const proxyUrl = (): string => `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;

beforeEach(async () => {
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
  asked = [];
  proxy = createServer((request, response) => {
    asked.push(`${String(request.method)} ${String(request.url)}`);
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, client) => {
    const [host, port] = String(request.url).split(':');
    asked.push(`CONNECT ${String(request.url)}`);
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream])
      socket.on('error', () => {
        client.destroy();
        upstream.destroy();
      });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  aws = await startLocalAws();
  folder = await mkdtemp(join(tmpdir(), 'irsa-proxy-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, aws.caPem);
  for (const [name, value] of Object.entries(aws.env({ caFile, administrator: true })))
    vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
  proxy.close();
  proxy.closeAllConnections();
  await rm(folder, { recursive: true });
});

/** With the ambient configuration, as the command has it. */
const observe = async (): ReturnType<typeof observeIssuer> =>
  observeIssuer({ spec, clients: await createAwsClients({ spec }) });

it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])(
  'S3 and IAM are reached through %s, and AWS_CA_BUNDLE holds behind it',
  async (name) => {
    vi.stubEnv(name, proxyUrl());
    expect((await observe()).bucket).toBeUndefined();
    const { host } = new URL(aws.endpoint);
    expect(new Set(asked)).toEqual(new Set([`CONNECT ${host}`]));
    expect(new Set(aws.requests().map(({ service }) => service))).toEqual(new Set(['s3', 'iam']));
  },
);

it('NO_PROXY goes past it', async () => {
  vi.stubEnv('HTTPS_PROXY', proxyUrl());
  vi.stubEnv('NO_PROXY', new URL(aws.endpoint).hostname);
  expect((await observe()).bucket).toBeUndefined();
  expect(asked).toEqual([]);
});

it('a proxy that is not there is an error, not a way around it', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  await expect(observe()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(aws.requests()).toEqual([]);
});

it('a bundle that cannot be read is named', async () => {
  vi.stubEnv('AWS_CA_BUNDLE', '/nowhere/ca.pem');
  await expect(observe()).rejects.toThrow('AWS_CA_BUNDLE: expected a PEM file, /nowhere/ca.pem');
});
