import { buildJwks, computeKeyId } from 'irsa/oidc';
import { describe, expect, it } from 'vitest';

describe('the key verbs answer a wrong call', () => {
  it.each([
    ['computeKeyId', 'pem', 'got string'],
    ['computeKeyId', null, 'got null'],
    ['buildJwks', [null], 'got null'],
    ['buildJwks', ['pem'], 'got string'],
  ])('%s(%j) with a TypeError', async (verb, input, message) => {
    const call: (given: never) => Promise<unknown> =
      verb === 'buildJwks' ? buildJwks : computeKeyId;
    const error: unknown = await call(input as never).catch((thrown: unknown) => thrown); // `as`: a wrong call on purpose
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(message);
  });
});
