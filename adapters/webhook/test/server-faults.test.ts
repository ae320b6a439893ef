import { Agent } from 'node:https';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { generateServerIdentity } from 'irsa/certs';
import { startWebhookServer } from 'irsa-webhook';
import type { RequestEvent, WebhookServer, WebhookServerOptions } from 'irsa-webhook';
import { afterEach, describe, expect, it } from 'vitest';
import { call, fixture, testIdentity, type Answer } from './support/webhook-client.js';

type Json = ReturnType<JSON['parse']>;

const body = JSON.stringify(fixture('admission-review-s3-echoer'));
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const start = async (options: Partial<WebhookServerOptions> = {}): Promise<WebhookServer> => {
  const server = await startWebhookServer({
    certificate: await testIdentity(),
    findServiceAccount: () => undefined,
    ...options,
  });
  closers.push(() => server.close({ drainMs: 50 }));
  return server;
};

const dial = async (port: number, options: ConnectionOptions = {}): Promise<TLSSocket> => {
  const { caBundlePem } = await testIdentity();
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca: caBundlePem, ...options }, () => {
      resolve(socket);
    });
    closers.push(() => socket.destroy());
    socket.on('error', reject);
  });
};

/** All that comes until the server ends the connection. */
const untilClosed = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => {});
    socket.on('close', () => {
      resolve(text);
    });
  });

const head = (length: number): string =>
  `POST /mutate?timeout=5s HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;

describe('a client that misbehaves', () => {
  it('plain HTTP to the TLS port ends the connection, and the next review is answered', async () => {
    const { url, port } = await start();
    const socket = connectPlain(port, '127.0.0.1');
    socket.write(head(0));
    await untilClosed(socket);
    expect((await call(url, { body })).status).toBe(200);
  });

  it('a wrong server name is served all the same: the API server may dial an address', async () => {
    const { port } = await start();
    const socket = await dial(port, {
      servername: 'elsewhere.example.com',
      checkServerIdentity: () => undefined,
    });
    expect(socket.authorized).toBe(true);
  });

  it('TLS 1.1 and, where it is set, TLS 1.2 are refused', async () => {
    const { port } = await start();
    await expect(dial(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    expect((await dial(port, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
    const strict = await start({ tls: { minVersion: 'TLSv1.3' } });
    await expect(dial(strict.port, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    expect((await dial(strict.port)).getProtocol()).toBe('TLSv1.3');
  });

  it('the ciphers are those that were asked for', async () => {
    const { port } = await start({ tls: { ciphers: ['ECDHE-RSA-AES256-GCM-SHA384'] } });
    const socket = await dial(port, { maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).toBe('ECDHE-RSA-AES256-GCM-SHA384');
    await expect(start({ tls: { ciphers: ['NO-SUCH-CIPHER'] } })).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
    });
  });

  it('a handshake that never comes is given up', async () => {
    const { port } = await start({ timeouts: { handshakeMs: 100 } });
    await untilClosed(connectPlain(port, '127.0.0.1'));
  });

  it('connections past the limit are dropped and told, and one that ends makes room', async () => {
    let dropped = 0;
    const { port, url } = await start({ maxConnections: 2, onDrop: () => (dropped += 1) });
    const held = [await dial(port), await dial(port)];
    await expect(call(url, { body })).rejects.toThrow();
    expect([dropped, ...held.map((socket) => socket.destroyed)]).toEqual([1, false, false]);
    held[0]?.destroy();
    await expect.poll(async () => (await call(url, { body })).status).toBe(200);
  });

  it('headers that drip (slow loris) are given up with 408', async () => {
    const { port } = await start({ timeouts: { headersMs: 200, requestMs: 400 } });
    const socket = await dial(port);
    socket.write('POST /mutate HTTP/1.1\r\nHost: w\r\n');
    const drip = setInterval(() => socket.write('X-Drip: 1\r\n'), 50);
    const answer = await untilClosed(socket);
    clearInterval(drip);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('a body that drips is given up, and its bytes are let go', async () => {
    const events: RequestEvent[] = [];
    const { port, url } = await start({
      timeouts: { headersMs: 200, requestMs: 400 },
      observe: (event) => events.push(event),
    });
    const socket = await dial(port);
    socket.write(head(1000));
    const drip = setInterval(() => socket.write(' '), 50);
    await untilClosed(socket);
    clearInterval(drip);
    expect(events).toMatchObject([{ decision: 'aborted', status: 499 }]);
    expect((await call(url, { body })).status).toBe(200);
  });

  it('a client that goes away in the middle of its body is counted and forgotten', async () => {
    const events: RequestEvent[] = [];
    const { port, url } = await start({ maxInFlight: 1, observe: (event) => events.push(event) });
    for (let n = 0; n < 3; n += 1) {
      const socket = await dial(port);
      socket.write(`${head(1000)}{`);
      await expect.poll(() => (socket.destroy(), events.length)).toBe(n + 1);
    }
    expect((await call(url, { body })).status).toBe(200);
  });

  it('a client that never reads is dropped', async () => {
    // Answers too long for the buffers of the kernel, asked for again and again.
    const { port } = await start({
      timeouts: { stalledMs: 300 },
      notReady: () => 'x'.repeat(200_000),
    });
    const socket = await dial(port);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.pause();
    socket.write('GET /readyz HTTP/1.1\r\nHost: w\r\n\r\n'.repeat(200));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.resume();
    await closed;
    expect(received).toBeLessThan(200 * 200_000);
  });

  it('an idle connection is closed after its time', async () => {
    const { port } = await start({ timeouts: { idleMs: 100 } });
    const socket = await dial(port);
    socket.write(head(Buffer.byteLength(body)) + body);
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['announced', 'Content-Length: 104857600'],
    ['unannounced', 'Transfer-Encoding: chunked'],
  ])('100 MB, %s, get 413, and the connection ends', async (_, length) => {
    const { port } = await start();
    const socket = await dial(port);
    const answer = untilClosed(socket);
    socket.write(
      `POST /mutate HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\n${length}\r\n\r\n`,
    );
    const megabyte = Buffer.alloc(1024 * 1024, 0x20);
    const chunk = length.startsWith('Content')
      ? megabyte
      : Buffer.concat([Buffer.from('100000\r\n'), megabyte, Buffer.from('\r\n')]);
    // Slow enough that the server must end it, not the body.
    const sending = setInterval(() => socket.write(chunk), 20);
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    clearInterval(sending);
  });

  it.each([
    [
      'headers of 20 kB',
      `GET /healthz HTTP/1.1\r\nHost: w\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
    ],
    ['no HTTP at all', '\0\x01\x02 hello\r\n\r\n', 400],
    [
      'two lengths',
      'POST /mutate HTTP/1.1\r\nHost: w\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      400,
    ],
    [
      'length and chunks',
      'POST /mutate HTTP/1.1\r\nHost: w\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
  ])('%s is refused', async (_, text, code) => {
    const { port } = await start();
    const socket = await dial(port);
    const answer = untilClosed(socket);
    socket.write(text);
    expect(await answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
  });

  it('bodies that come in pieces, turn by turn, are each answered as what they are', async () => {
    const { port } = await start({
      findServiceAccount: (_namespace, name) => {
        const account = {
          metadata: {
            annotations: { 'eks.amazonaws.com/role-arn': `arn:aws:iam::111122223333:role/${name}` },
          },
        };
        // Every other one has to be asked for, while bodies of others come.
        return Number(name) % 2 === 0
          ? account
          : new Promise((resolve) => setTimeout(resolve, Number(name) % 7, account));
      },
    });
    const ask = async (name: string): Promise<void> => {
      const review = fixture('admission-review-s3-echoer') as Json;
      review.request.uid = name;
      review.request.object.spec.serviceAccountName = name;
      // From less than one chunk to more than the buffer that all share.
      review.request.object.metadata.annotations = { note: name.repeat(Number(name) * 4_000) };
      const text = JSON.stringify(review);
      const socket = await dial(port);
      socket.write(head(text.length));
      const answered = new Promise<string>((resolve) => {
        let answer = '';
        socket.on('data', (chunk: Buffer) => {
          answer += chunk.toString();
          if (answer.endsWith('}}')) resolve(answer.slice(answer.indexOf('{')));
        });
      });
      const piece = Math.ceil(text.length / 5);
      for (let at = 0; at < text.length; at += piece) {
        socket.write(text.slice(at, at + piece));
        await new Promise((resolve) => setTimeout(resolve, Number(name) % 3));
      }
      const { response } = JSON.parse(await answered);
      expect(response.uid).toBe(name);
      expect(Buffer.from(response.patch, 'base64').toString()).toContain(`:role/${name}"`);
    };
    const names = Array.from({ length: 40 }, (_, index) => `${index}`);
    await Promise.all(names.map(ask));
  });

  it('two reviews in one write are answered in their order', async () => {
    const { port } = await start();
    const socket = await dial(port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const one = head(Buffer.byteLength(body)) + body;
    socket.write(one + one);
    await expect.poll(() => text.match(/HTTP\/1\.1 200 /g)?.length).toBe(2);
  });

  it('reviews that wait behind another one are let go when their connection ends', async () => {
    let asked = 0;
    const server = await start({
      findServiceAccount: () => {
        asked += 1;
        return new Promise(() => {});
      },
    });
    const socket = await dial(server.port);
    const one = head(Buffer.byteLength(body)) + body;
    socket.write(one + one + one);
    await expect.poll(() => asked).toBe(3);
    expect(server.inFlight()).toBe(3);
    socket.destroy();
    await expect.poll(() => server.inFlight()).toBe(0);
  });
});

describe('too much to do', () => {
  it('sheds what comes past the requests held at once, and says so', async () => {
    let finish: () => void = () => {};
    const waiting = new Promise<undefined>((resolve) => {
      finish = () => {
        resolve(undefined);
      };
    });
    const events: RequestEvent[] = [];
    const { url } = await start({
      maxInFlight: 2,
      findServiceAccount: () => waiting,
      observe: (event) => events.push(event),
    });
    const calls = [
      call(url, { body }),
      call(url, { body }),
      call(url, { body }),
      call(url, { body }),
    ];
    await expect.poll(() => events.length).toBe(2);
    finish();
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503, 503]);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.headers['retry-after']).toBeUndefined();
    expect(JSON.parse(refused!.text)).toMatchObject({
      kind: 'Status',
      message: 'irsa-webhook is overloaded (too-many-in-flight): add replicas or CPU',
    });
    expect((await call(url, { body })).status).toBe(200);
  });

  it('sheds what would hold too many bytes', async () => {
    const { url } = await start({ maxBufferedBytes: body.length - 1 });
    const answer = await call(url, { body });
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('too-many-bytes')]);
  });

  it('sheds what would be answered too late when more comes at once than it can do, and recovers', async () => {
    let asked = 0;
    const { url } = await start({
      findServiceAccount: () => {
        asked += 1;
        // Work that keeps the only thread busy for a tenth of what the senders wait.
        for (const until = performance.now() + 100; performance.now() < until;);
        return undefined;
      },
    });
    const path = '/mutate?timeout=1s';
    const agent = new Agent({ keepAlive: true, maxSockets: 30 });
    const crowd = (): Promise<Answer[]> =>
      Promise.all(Array.from({ length: 30 }, () => call(url, { body, path, agent })));
    await call(url, { body, path });
    asked = 0;
    const answers = [...(await crowd()), ...(await crowd())];
    const shed = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(asked);
    expect(asked).toBeGreaterThan(0);
    expect(shed.length).toBe(60 - asked);
    expect(shed.length).toBeGreaterThan(10);
    for (const { text } of shed) expect(text).toContain('overloaded (too-late)');
    agent.destroy();
    // Two quiet turns of the loop, and it is as before.
    await expect.poll(async () => (await call(url, { body, path })).status).toBe(200);
  });

  it('does not work for a sender who has stopped waiting', async () => {
    const { url } = await start({
      findServiceAccount: () => {
        throw new Error('must not be asked');
      },
    });
    const answer = await call(url, { body, path: '/mutate?timeout=0s' });
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('too-late')]);
  });
});

describe('certificates', () => {
  it('serves a new pair from the next handshake on, and keeps the old one when the new is bad', async () => {
    const server = await start();
    const { authority } = await testIdentity();
    const next = await generateServerIdentity({ ipAddresses: ['127.0.0.1'], authority });
    const serial = async (): Promise<string | undefined> =>
      (await dial(server.port)).getPeerX509Certificate()?.serialNumber;
    const before = await serial();
    expect(() => {
      server.setCertificate({ certificatePem: next.certificatePem, privateKeyPem: 'x' });
    }).toThrow(expect.objectContaining({ code: 'ERR_CERTIFICATE' }));
    expect(await serial()).toBe(before);
    server.setCertificate(next);
    expect(await serial()).toBe(new X509Certificate(next.certificatePem).serialNumber);
  });
});

describe('shutdown', () => {
  it('turns readiness off first, answers in the lame duck, finishes what is in flight, then refuses', async () => {
    let finish: () => void = () => {};
    const waiting = new Promise<undefined>((resolve) => {
      finish = () => {
        resolve(undefined);
      };
    });
    let asked = 0;
    const server = await start({
      findServiceAccount: () => ((asked += 1), asked === 1 ? waiting : undefined),
    });
    const inFlight = call(server.url, { body });
    await expect.poll(() => asked).toBe(1);
    const closed = server.close({ lameDuckMs: 300, drainMs: 5_000 });
    const ready = await call(server.url, { method: 'GET', path: '/readyz' });
    expect([ready.status, ready.text]).toEqual([503, 'not ready: shutting down\n']);
    const late = await call(server.url, { body });
    expect([late.status, late.headers.connection]).toEqual([200, 'close']);
    setTimeout(finish, 500);
    expect((await inFlight).status).toBe(200);
    await closed;
    await expect(call(server.url, { body })).rejects.toThrow();
  });

  it('ends what does not finish in time', async () => {
    let asked = 0;
    const server = await start({
      findServiceAccount: () => ((asked += 1), new Promise(() => {})),
    });
    const inFlight = call(server.url, { body });
    const failed = expect(inFlight).rejects.toThrow();
    await expect.poll(() => asked).toBe(1);
    await server.close({ drainMs: 50 });
    await failed;
  });
});
