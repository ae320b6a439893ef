import { AssumeRoleError, createWebIdentityProvider, refreshPolicies } from 'irsa/credentials';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  roleSessionNameOf,
  sanitizeRoleSessionName,
} from '../../src/credentials/role-session-name.js';
import { createRig, roleArn, settle, stsError, tokenWith } from './support.js';

const hour = { lifetimeSeconds: 3600 };
const down = stsError('ServiceUnavailable', 'try later', 503);
const denied = stsError(
  'AccessDenied',
  'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  403,
);

const errorOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: unknown) => error as Error,
  );

describe('one call for all callers', () => {
  it('makes one STS call for 1,000 concurrent cold callers', async () => {
    const rig = createRig();
    const found = await Promise.all(Array.from({ length: 1000 }, () => rig.provider()));
    expect(rig.calls).toBe(1);
    expect(new Set(found).size).toBe(1);
    expect(found[0]).toMatchObject({ accessKeyId: 'ASIA1', accountId: '111122223333' });
  });

  it('serves warm callers the same promise, without a call', async () => {
    const rig = createRig();
    await rig.provider();
    expect(rig.provider()).toBe(rig.provider());
    expect(rig.calls).toBe(1);
  });
});

describe('refreshes in the background, in a window scaled to the lifetime, jittered and clamped', () => {
  it.each([
    [900, 300],
    [600, 200],
    [3600, 900],
    [43_200, 3600],
    [60, 20],
  ])('a lifetime of %i s has a window of %i s before jitter', async (lifetimeSeconds, window) => {
    const rig = createRig({}, [{ lifetimeSeconds }]);
    await rig.provider();
    expect(rig.provider.snapshot().advisoryWindowSeconds).toBe(window);
    const jittered = createRig({ random: () => 0.999 }, [{ lifetimeSeconds }]);
    await jittered.provider();
    const shorter = jittered.provider.snapshot().advisoryWindowSeconds!;
    expect(shorter).toBeLessThan(window);
    expect(shorter).toBeGreaterThanOrEqual(window * 0.74);
  });

  it.each([
    ['the window of its lifetime', {}],
    ['a chosen window of 15 minutes', { advisoryWindowSeconds: 900 }],
  ])('does not refresh a credential of 15 minutes at each call: %s', async (_, options) => {
    const rig = createRig(options, [{ lifetimeSeconds: 900 }]);
    for (let second = 0; second < 590; second += 10) {
      await rig.provider();
      await rig.clock.advance(10);
    }
    expect(rig.calls).toBe(1);
  });

  it('lets nobody wait in the window: the old one is served until the new one is there', async () => {
    const rig = createRig();
    await rig.provider();
    await rig.clock.advance(2710);
    expect(rig.provider.snapshot().status).toBe('advisory');
    expect((await rig.provider()).accessKeyId).toBe('ASIA1');
    await settle();
    expect(rig.calls).toBe(2);
    expect((await rig.provider()).accessKeyId).toBe('ASIA2');
  });

  it('asks nobody while nobody calls', async () => {
    const rig = createRig();
    await rig.provider();
    await rig.clock.advance(7200);
    expect(rig.calls).toBe(1);
    expect(rig.provider.snapshot().status).toBe('expired');
  });
});

describe('never throws a valid credential away, whatever STS says', () => {
  it.each([
    ['an outage', down],
    ['a refusal', denied],
    [
      'a missing provider',
      stsError(
        'InvalidIdentityToken',
        'No OpenIDConnect provider found in your account for https://x',
      ),
    ],
    [
      'a missing key',
      stsError(
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider",
      ),
    ],
    ['throttling', stsError('Throttling', 'Rate exceeded')],
    [
      'an expired token',
      stsError(
        'ExpiredTokenException',
        'Token expired: current date/time 2 must be before the expiration date/time 1',
      ),
    ],
    ['an answer that has expired', { lifetimeSeconds: -5 }],
    ['silence', 'hang'],
  ] as const)('%s: every call until the end is served', async (_, answer) => {
    const rig = createRig({ deadlineSeconds: 5 });
    await rig.provider();
    rig.answers = [answer];
    let served = 0;
    while (rig.clock.nowMs < rig.provider.snapshot().expiration!.getTime() - 15_000) {
      const call = rig.provider();
      const waited = rig.clock.advance(10);
      expect((await call).accessKeyId).toBe('ASIA1');
      await waited;
      served += 1;
    }
    expect(served).toBeGreaterThan(300);
    expect(rig.calls).toBeGreaterThan(2);
    // A backoff lies between the tries: no storm.
    expect(rig.calls).toBeLessThan(60);
  });

  it('tries again 5 to 10 minutes later, sooner near the end, and at least once before it', async () => {
    const far = createRig({ random: () => 0.5 }, [{ lifetimeSeconds: 43_200 }]);
    await far.provider();
    far.answers = [down];
    await far.clock.advance(43_200 - 3100);
    await far.provider();
    await far.clock.advance(1);
    const first = far.provider.snapshot().nextAttemptAt!.getTime() - far.clock.nowMs;
    expect(first / 1000).toBeGreaterThan(440);
    expect(first / 1000).toBeLessThanOrEqual(450);
    const near = createRig();
    await near.provider();
    near.answers = [down];
    await near.clock.advance(3570);
    const call = near.provider();
    await near.clock.advance(2);
    await call;
    const next = near.provider.snapshot().nextAttemptAt!.getTime();
    expect(next).toBeLessThan(near.provider.snapshot().expiration!.getTime());
  });

  it('throws once it has expired, and serves it still on request', async () => {
    const rig = createRig();
    await rig.provider();
    rig.answers = [denied];
    await rig.clock.advance(3700);
    expect(await errorOf(rig.provider())).toBeInstanceOf(AssumeRoleError);
    const lenient = createRig({ policy: { ...refreshPolicies.default, serveExpired: true } });
    await lenient.provider();
    lenient.answers = [down];
    await lenient.clock.advance(3700);
    const call = lenient.provider();
    await lenient.clock.advance(2);
    expect((await call).accessKeyId).toBe('ASIA1');
    expect(lenient.events.filter(({ type }) => type === 'served-stale')).toMatchObject([
      { expired: true, secondsLeft: expect.any(Number) },
    ]);
  });

  it('comes back by itself after STS was down for two hours', async () => {
    const rig = createRig();
    await rig.provider();
    rig.answers = [down];
    for (let minute = 0; minute < 120; minute += 1) {
      const call = rig.provider().catch(() => undefined);
      await rig.clock.advance(60);
      await call;
    }
    rig.answers = [hour];
    expect((await rig.provider()).accessKeyId).toMatch(/^ASIA/);
    expect(rig.provider.snapshot()).toMatchObject({ status: 'fresh' });
    expect(rig.provider.snapshot().lastError).toBeUndefined();
  });
});

describe('tries again by class of error', () => {
  const triesOf = async (error: Error, seconds: number): Promise<number> => {
    const rig = createRig({ deadlineSeconds: 20 }, [error]);
    const call = rig.provider().catch(() => undefined);
    await rig.clock.advance(seconds);
    await call;
    return rig.calls;
  };

  it.each([
    ['a hiccup of STS', down, 3],
    ['IDPCommunicationError', stsError('IDPCommunicationErrorException', 'x'), 3],
    ['a connection that breaks', Object.assign(new Error('read'), { code: 'ECONNRESET' }), 3],
    ['throttling', stsError('Throttling', 'Rate exceeded'), 4],
    [
      'a key that cannot be fetched',
      stsError(
        'InvalidIdentityToken',
        "Couldn't retrieve verification key from your identity provider,  please",
      ),
      6,
    ],
    ['a refusal', denied, 1],
    ['a wrong audience', stsError('InvalidIdentityToken', 'Incorrect token audience'), 1],
    ['an error of no known kind', new Error('boom'), 1],
  ])('%s, with nothing cached', async (_, error, tries) => {
    expect(await triesOf(error, 20)).toBe(tries);
  });

  it('gives AccessDenied a grace where that is asked for: a role made a moment ago', async () => {
    const rig = createRig({ accessDeniedGraceSeconds: 8 }, [denied, denied, hour]);
    const call = rig.provider();
    await rig.clock.advance(8);
    expect((await call).accessKeyId).toBe('ASIA3');
  });

  it('leaves a missing key to the backoff while the cached credential is good', async () => {
    const rig = createRig();
    await rig.provider();
    rig.answers = [stsError('InvalidIdentityToken', "Couldn't retrieve verification key")];
    await rig.clock.advance(2800);
    await rig.provider();
    await rig.clock.advance(30);
    expect(rig.calls).toBe(2);
  });

  it('reads the token again after ExpiredToken, and asks once more only if it has changed', async () => {
    const old = stsError(
      'ExpiredTokenException',
      'Token expired: current date/time 2 must be before the expiration date/time 1',
    );
    const tokens = ['first', 'second', 'second', 'second'];
    const rotated = createRig({ readToken: () => Promise.resolve(tokens.shift() ?? 'second') }, [
      old,
      hour,
    ]);
    expect((await rotated.provider()).accessKeyId).toBe('ASIA2');
    expect(rotated.tokens).toEqual(['first', 'second']);
    const stuck = createRig({}, [old, hour]);
    expect(await errorOf(stuck.provider())).toMatchObject({ explanation: { id: 'token-expired' } });
    expect(stuck.calls).toBe(1);
    const refusedTwice = createRig(
      {
        readToken: (() => {
          let n = 0;
          return () => Promise.resolve(`token ${(n += 1)}`);
        })(),
      },
      [old, old, hour],
    );
    expect(await errorOf(refusedTwice.provider())).toMatchObject({
      explanation: { id: 'token-expired' },
    });
    expect(refusedTwice.calls).toBe(2);
  });

  it('holds a refusal for some seconds, so that a loop of callers makes no storm', async () => {
    const rig = createRig({}, [denied]);
    for (let call = 0; call < 100; call += 1) await errorOf(rig.provider());
    expect(rig.calls).toBe(1);
    await rig.clock.advance(6);
    await errorOf(rig.provider());
    expect(rig.calls).toBe(2);
  });
});

describe('no shared fate: deadlines, aborts and fresh starts', () => {
  it('gives up a hung call at the deadline, and the next caller starts a new one', async () => {
    const rig = createRig({ deadlineSeconds: 20 }, ['hang', hour]);
    const first = errorOf(rig.provider());
    await rig.clock.advance(20);
    expect(await first).toMatchObject({ code: 'ERR_TIMEOUT', tryNextLink: false });
    expect(rig.aborted).toBe(1);
    expect((await rig.provider()).accessKeyId).toBe('ASIA2');
  });

  it('says at the deadline what it waited for', async () => {
    const sts = createRig({ deadlineSeconds: 20 }, ['hang']);
    const atSts = errorOf(sts.provider());
    await sts.clock.advance(20);
    expect((await atSts).message).toMatch(/an answer from STS within 20 s.*check the way to STS/);
    const file = createRig({ readToken: () => new Promise<never>(() => {}) });
    const atFile = errorOf(file.provider());
    await file.clock.advance(20);
    expect((await atFile).message).toMatch(/the token to be read within 20 s.*readToken/);
    expect((await atFile).message).not.toContain('STS');
  });

  it.each([false, true])('reads what ends in a line feed (validateToken: %s)', async (validate) => {
    const jwt = tokenWith({ iat: 1, exp: Date.UTC(2026, 7, 1) / 1000 + 3600 });
    const rig = createRig({
      validateToken: validate,
      readToken: () => Promise.resolve(`\uFEFF${jwt}\r\n`),
    });
    await rig.provider();
    expect(rig.tokens).toEqual([jwt]);
  });

  it('says that a readToken gives no text', async () => {
    const rig = createRig({ readToken: () => Promise.resolve(Buffer.from('x') as never) });
    expect((await errorOf(rig.provider())).message).toMatch(
      /readToken: expected .*text, got object/,
    );
  });

  it('says at the deadline what STS said at the last try', async () => {
    const rig = createRig({ deadlineSeconds: 2 }, [
      stsError('InvalidIdentityToken', "Couldn't retrieve verification key"),
    ]);
    const call = errorOf(rig.provider());
    await rig.clock.advance(2);
    expect(await call).toMatchObject({ explanation: { id: 'verification-key' } });
  });

  it('frees one waiter by its own signal, and the others get the answer', async () => {
    let answer: (() => void) | undefined;
    const rig = createRig({
      readToken: () =>
        new Promise(
          (resolve) =>
            (answer = () => {
              resolve('late');
            }),
        ),
    });
    const controller = new AbortController();
    const impatient = errorOf(rig.provider({ abortSignal: controller.signal }));
    const patient = rig.provider();
    const bySignal = new AbortController();
    const second = errorOf(rig.provider({ signal: bySignal.signal }));
    controller.abort();
    bySignal.abort(new Error('my own reason'));
    expect((await impatient).name).toBe('AbortError');
    expect((await second).message).toBe('my own reason');
    await settle();
    answer?.();
    expect((await patient).accessKeyId).toBe('ASIA1');
    expect(rig.calls).toBe(1);
  });

  it.each(['the token is read', 'STS is asked', 'the next try is waited for'])(
    'frees an aborted waiter while %s, and nobody else',
    async (stage) => {
      let goOn = (): void => {};
      const later = new Promise<string>((resolve) => {
        goOn = () => {
          resolve('late');
        };
      });
      const answer = { lifetimeSeconds: 3600 };
      const rig = createRig(
        {
          readToken: () => (stage === 'the token is read' ? later : Promise.resolve('t')),
          ...(stage === 'STS is asked' && {
            assumeRole: async () => {
              await later;
              const expiration = new Date(rig.clock.nowMs + 3_600_000);
              const secrets = { secretAccessKey: 'b', sessionToken: 'c' };
              return { credentials: { accessKeyId: 'ASIALATE', ...secrets, expiration } };
            },
          }),
        },
        stage === 'the next try is waited for' ? [down, answer] : [answer],
      );
      const controller = new AbortController();
      const impatient = errorOf(rig.provider({ abortSignal: controller.signal }));
      const patient = rig.provider();
      await settle();
      controller.abort();
      expect((await impatient).name).toBe('AbortError');
      goOn();
      await rig.clock.advance(1);
      expect((await patient).accessKeyId).toMatch(/^ASIA/);
    },
  );

  it('refuses a caller whose signal has long been aborted, warm or cold', async () => {
    const rig = createRig();
    await errorOf(rig.provider({ abortSignal: AbortSignal.abort() }));
    expect(rig.calls).toBe(0);
    await rig.provider();
    expect((await errorOf(rig.provider({ signal: AbortSignal.abort() }))).name).toBe('AbortError');
  });

  it('leaves no listener on a signal, no timer and no promise behind', async () => {
    let listeners = 0;
    const rig = createRig();
    const signal = {
      aborted: false,
      addEventListener: () => (listeners += 1),
      removeEventListener: () => (listeners -= 1),
    };
    await rig.provider({ signal });
    await settle();
    expect(listeners).toBe(0);
    expect(rig.clock.timers).toHaveLength(0);
  });
});

describe('invalidate, snapshot, close', () => {
  it('refreshes after invalidate of the cached key, and ignores another', async () => {
    const rig = createRig();
    await rig.provider();
    rig.provider.invalidate('ASIA-OTHER');
    expect((await rig.provider()).accessKeyId).toBe('ASIA1');
    rig.provider.invalidate('ASIA1');
    expect(rig.provider.snapshot().status).toBe('mandatory');
    expect((await rig.provider()).accessKeyId).toBe('ASIA2');
    rig.provider.invalidate();
    expect((await rig.provider()).accessKeyId).toBe('ASIA3');
  });

  it('takes forceRefresh, but not through a backoff', async () => {
    const rig = createRig();
    await rig.provider();
    expect((await rig.provider({ forceRefresh: true })).accessKeyId).toBe('ASIA2');
    rig.answers = [denied];
    await rig.clock.advance(2800);
    await rig.provider();
    await settle();
    const calls = rig.calls;
    await rig.provider({ forceRefresh: true });
    expect(rig.calls).toBe(calls);
  });

  it('tells where it stands', async () => {
    const rig = createRig();
    expect(rig.provider.snapshot()).toEqual({ status: 'empty' });
    await rig.provider();
    expect(rig.provider.snapshot()).toEqual({
      status: 'fresh',
      expiration: new Date(rig.clock.nowMs + 3_600_000),
      advisoryWindowSeconds: 900,
    });
    await rig.clock.advance(2701);
    expect(rig.provider.snapshot().status).toBe('advisory');
    await rig.clock.advance(840);
    expect(rig.provider.snapshot().status).toBe('mandatory');
    await rig.clock.advance(60);
    expect(rig.provider.snapshot().status).toBe('expired');
  });

  it('closes: aborts what is under way, refuses further calls, closes twice without harm', async () => {
    const rig = createRig({}, ['hang']);
    const call = errorOf(rig.provider());
    await settle();
    await rig.provider[Symbol.asyncDispose]();
    rig.provider.close();
    expect((await call).message).toMatch(/closed/);
    expect(rig.aborted).toBe(1);
    expect(await errorOf(rig.provider())).toBeInstanceOf(TypeError);
  });
});

describe('clock: life is measured on STS’s clock', () => {
  it.each([-3660, -3600, 3600, 3660])(
    'a node clock that is %i s off changes nothing but a warning',
    async (off) => {
      const rig = createRig();
      const sts = (): Date => new Date(rig.clock.nowMs - off * 1000);
      rig.answers = [{ lifetimeSeconds: 3600, serverDate: sts() }];
      await rig.provider();
      expect(rig.events.map(({ type }) => type)).toEqual(['refreshed', 'clock-skew']);
      expect(rig.events[1]).toMatchObject({ skewSeconds: off });
      expect(rig.provider.snapshot().status).toBe('fresh');
      await rig.clock.advance(2690);
      await rig.provider();
      expect(rig.calls).toBe(1);
      await rig.clock.advance(20);
      rig.answers = [{ lifetimeSeconds: 3600, serverDate: sts() }];
      await rig.provider();
      await settle();
      expect(rig.calls).toBe(2);
    },
  );

  it('asks STS for the date before it calls a token expired', async () => {
    const token = tokenWith({ exp: Math.floor(Date.UTC(2026, 7, 1) / 1000) - 3000, iat: 1 });
    let asked = 0;
    const good = createRig({
      validateToken: true,
      readToken: () => Promise.resolve(token),
      readServerDate: () => {
        asked += 1;
        return Promise.resolve(new Date(Date.UTC(2026, 7, 1) - 3_600_000));
      },
    });
    expect((await good.provider()).accessKeyId).toBe('ASIA1');
    expect(asked).toBe(1);
    const really = createRig({ validateToken: true, readToken: () => Promise.resolve(token) });
    expect(await errorOf(really.provider())).toMatchObject({ code: 'ERR_TOKEN' });
    expect(really.calls).toBe(0);
  });
});

describe('session name: stable, from the workload', () => {
  it('comes from namespace, ServiceAccount and pod, the same at each refresh', async () => {
    const rig = createRig({ readToken: () => Promise.resolve(tokenWith()) });
    await rig.provider();
    rig.provider.invalidate();
    await rig.provider();
    expect(rig.sessionNames).toEqual(Array(2).fill('default.s3-echoer@s3-echoer-xclgt'));
  });

  it.each([
    [{ 'kubernetes.io': { namespace: 'n'.repeat(63), serviceaccount: { name: 's'.repeat(200) } } }],
    [{ 'kubernetes.io': undefined, sub: 'repo:owner/name:ref:refs/heads/main' }],
    [{ 'kubernetes.io': undefined, sub: 'x' }],
    [{ 'kubernetes.io': 7, sub: 8 }],
  ])('is always one that STS takes: %j', async (claims) => {
    const rig = createRig({ readToken: () => Promise.resolve(tokenWith(claims)) });
    await rig.provider();
    expect(rig.sessionNames[0]).toMatch(/^[\w+=,.@-]{2,64}$/);
  });
});

describe('laws of session names', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });

  it('whatever the claims or the environment say becomes a name that STS takes, and stays as it is then', () => {
    fc.assert(
      fc.property(text, text, text, (namespace, account, pod) => {
        const claims = {
          'kubernetes.io': { namespace, serviceaccount: { name: account }, pod: { name: pod } },
        };
        for (const name of [sanitizeRoleSessionName(pod), roleSessionNameOf(tokenWith(claims))]) {
          expect(name).toMatch(/^[\w+=,.@-]{2,64}$/);
          expect(sanitizeRoleSessionName(name)).toBe(name);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('names too long for STS stay apart where they differ only at the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 250 }), (length) => {
        const [first, second] = ['a', 'b'].map((end) =>
          sanitizeRoleSessionName(`${'n'.repeat(length)}${end}`),
        );
        expect(first).not.toBe(second);
      }),
    );
  });
});

describe('wrong calls', () => {
  const ports = {
    readToken: () => Promise.resolve('t'),
    assumeRole: () => Promise.reject(new Error()),
  };
  it.each([
    [{ roleArn: 'not an ARN' }, /ARN/],
    [{ roleArn: 'arn:aws:iam::111122223333:instance-profile/s3-echoer' }, /role ARN/],
    [{ roleArn: 'arn:aws:iam::111122223333:user/s3-echoer' }, /role ARN/],
    [{ roleArn: 'arn:aws:sts::111122223333:assumed-role/s3-echoer/x' }, /role ARN/],
    [{ roleArn, durationSeconds: 60 }, /durationSeconds/],
    [{ roleArn, durationSeconds: Number.NaN }, /durationSeconds/],
    [{ roleArn, roleSessionName: 'has spaces' }, /roleSessionName/],
    [{ roleArn, deadlineSeconds: 0 }, /deadlineSeconds/],
  ])('%j', (options, message) => {
    expect(() => createWebIdentityProvider({ ...ports, ...options })).toThrow(message);
  });

  it.each([
    ['no answer', undefined],
    ['half an answer', { credentials: { accessKeyId: 'A', secretAccessKey: 'b' } }],
    [
      'an odd expiration',
      {
        credentials: {
          accessKeyId: 'A',
          secretAccessKey: 'b',
          sessionToken: 'c',
          expiration: 'soon',
        },
      },
    ],
  ])('%s of the STS port is no credential', async (_, answer) => {
    const provider = createWebIdentityProvider({
      roleArn,
      validateToken: false,
      readToken: ports.readToken,
      assumeRole: () => Promise.resolve(answer as never),
    });
    expect((await errorOf(provider())).message).toMatch(/without/);
  });
});
