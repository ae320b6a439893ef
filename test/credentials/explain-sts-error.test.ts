import { AssumeRoleError, explainStsError } from 'irsa/credentials';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { stsAnswers } from './sts-answers.js';
import { createRig, roleArn, stsError, tokenWith } from './support.js';

describe('explainStsError', () => {
  it.each(stsAnswers)('$code: $message', ({ id, code, message, class: kind, retryable }) => {
    for (const name of [code, `${code.replace(/Exception$/, '')}Exception`]) {
      const found = explainStsError(Object.assign(new Error(message), { name }));
      expect(found).toMatchObject({ id, class: kind, retryable, message });
      expect(found.meaning.length).toBeGreaterThan(10);
      expect(found.fix.length).toBeGreaterThan(10);
    }
  });

  it('names the trust-policy condition keys to compare, with their values', () => {
    const token = tokenWith({ iss: 'https://oidc.example.com/a', exp: 1_795_510_509 });
    const { expected } = explainStsError(stsError('AccessDenied', 'Not authorized', 403), {
      token,
    });
    expect(expected).toEqual({
      issuer: 'https://oidc.example.com/a',
      sub: 'system:serviceaccount:default:s3-echoer',
      aud: 'sts.amazonaws.com',
      exp: 1_795_510_509,
      kid: 'kid-1',
      conditionKeys: {
        'oidc.example.com/a:sub': 'system:serviceaccount:default:s3-echoer',
        'oidc.example.com/a:aud': 'sts.amazonaws.com',
      },
    });
  });

  it.each([
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'network'],
    [Object.assign(new Error('x'), { name: 'TimeoutError' }), 'network'],
    [Object.assign(new Error('x'), { $metadata: { httpStatusCode: 502 } }), 'network'],
    [stsError('Unknown', 'Unknown', 403), 'network'],
    [stsError('IncompleteSignature', 'x', 403), 'unknown'],
    [stsError('SomethingNew', 'x', 500), 'unknown'],
    [new Error('boom'), 'unknown'],
    ['a text', 'unknown'],
    [undefined, 'unknown'],
    [null, 'unknown'],
    [{ name: 7 }, 'unknown'],
  ])('understands %s', (error, id) => {
    expect(explainStsError(error).id).toBe(id);
  });
});

describe('errors that teach: meaning, claims, condition keys and fix, the raw error as cause', () => {
  it('holds all of it, and keeps a chain from going on', async () => {
    const raw = stsError(
      'AccessDenied',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      403,
    );
    const rig = createRig({ readToken: () => Promise.resolve(tokenWith()) }, [raw]);
    const error: unknown = await rig.provider().catch((caught: unknown) => caught);
    if (!(error instanceof AssumeRoleError)) throw new Error('not the error expected');
    expect(error).toMatchObject({ code: 'ERR_ASSUME_ROLE', tryNextLink: false, cause: raw });
    for (const part of [
      roleArn,
      'AccessDenied',
      'system:serviceaccount:default:s3-echoer',
      'sts.amazonaws.com',
      'kid-1',
      'irsa-oidc-demo.s3.us-west-2.amazonaws.com:sub',
      'irsa-oidc-demo.s3.us-west-2.amazonaws.com:aud',
      'Compare the role',
    ]) {
      expect(error.message).toContain(part);
    }
  });
});

describe('no token and no secret in any error or event', () => {
  const text = (value: unknown): string =>
    inspect(value, { depth: 12, showHidden: true, getters: true, maxStringLength: null });

  it('whatever STS echoes, wherever the SDK keeps it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.constantFrom(...stsAnswers),
        fc.constantFrom(
          ...['message', 'Message', '$responseBodyText', 'nested', 'cause', 'name'],
          ...['header', 'body'],
        ),
        fc.constantFrom('whole', 'encoded', 'xml', 'json'),
        async (bytes, answer, place, form) => {
          const secret = Buffer.from(bytes).toString('base64url');
          const token = `${tokenWith()}${secret}`;
          const leaked = {
            whole: `Value '${token}' at 'webIdentityToken' failed to satisfy constraint`,
            encoded: `WebIdentityToken=${encodeURIComponent(token)}&Version=2011-06-15`,
            xml: `<SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${secret}</SessionToken>`,
            json: JSON.stringify({ SecretAccessKey: secret, SessionToken: secret, token }),
          }[form];
          const raw = stsError(answer.code, place === 'message' ? leaked : answer.message);
          if (place === 'nested') Object.assign(raw, { error: { detail: [leaked] } });
          else if (place === 'cause') Object.assign(raw, { cause: new Error(leaked) });
          else if (place === 'header' || place === 'body') {
            const value = new (class HttpResponse {
              readonly headers = place === 'header' ? { 'x-echo': leaked } : {};
              readonly body = place === 'body' ? leaked : undefined;
            })();
            Object.defineProperty(raw, '$response', { value });
          } else if (place !== 'message') Object.defineProperty(raw, place, { value: leaked });
          const rig = createRig({ readToken: () => Promise.resolve(token), deadlineSeconds: 1 }, [
            { lifetimeSeconds: 3600 },
          ]);
          const fresh = await rig.provider();
          rig.answers = [raw];
          rig.provider.invalidate();
          const warm = rig.provider();
          await rig.clock.advance(2);
          expect(await warm).toBe(fresh);
          await rig.clock.advance(3700);
          const call = rig.provider().catch((error: unknown) => error);
          await rig.clock.advance(2);
          const seen = text([await call, rig.events, rig.provider.snapshot()]);
          for (const hidden of [token, secret, fresh.secretAccessKey, fresh.sessionToken]) {
            expect(seen).not.toContain(hidden);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('whatever the token file holds, and whatever its reader throws', async () => {
    const odd = fc.constantFrom<unknown>(undefined, null, 7.5, 'x', ['a', 'b'], { a: 1 }, '');
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'iat', 'exp', 'nbf'), odd),
        fc.dictionary(fc.constantFrom('alg', 'crit', 'kid'), odd),
        fc.constantFrom('whole', 'doubled', 'opaque', 'thrown'),
        async (bytes, claims, header, form) => {
          const secret = Buffer.from(bytes).toString('base64url');
          const token = `${tokenWith(claims, header).replace(/[^.]+$/, '')}${secret}`;
          const rig = createRig(
            {
              validateToken: true,
              readToken: () =>
                form === 'thrown'
                  ? Promise.reject(new Error(`cannot use ${token}`))
                  : Promise.resolve({ whole: token, doubled: token + token, opaque: secret }[form]),
            },
            [stsError('ValidationError', `Value '${token}' at 'webIdentityToken'`)],
          );
          const call = rig.provider().catch((error: unknown) => error);
          await rig.clock.advance(2);
          const error = await call;
          expect(error).toBeInstanceOf(Error);
          const seen = text([error, rig.events, rig.provider.snapshot()]);
          expect(seen).not.toContain(secret);
          expect(seen).not.toContain(token);
        },
      ),
      { numRuns: 150 },
    );
  });
});
