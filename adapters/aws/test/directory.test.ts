import { mkdtemp, readFile, readdir, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyIssuerChanges, observeIssuer } from 'irsa-aws';
import { planIssuer, type IssuerChange, type IssuerSpec } from 'irsa/iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentOf, spec } from './local-target.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'irsa-directory-'));
});
afterEach(() => rm(directory, { recursive: true }));

// A directory needs no AWS: a client that is called anyway fails the test.
const noClient = { send: () => Promise.reject(new Error('AWS was called')) };
const clients = { s3: noClient, iam: noClient };
const local: IssuerSpec = { ...spec, provider: null, roles: [] };
const plan = async (desired: IssuerSpec): Promise<IssuerChange[]> =>
  planIssuer({ desired, observed: await observeIssuer({ spec: desired, directory, clients }) });
const run = async (desired: IssuerSpec): ReturnType<typeof applyIssuerChanges> =>
  applyIssuerChanges(await plan(desired), { spec: desired, directory, clients });

describe('a directory as the target', () => {
  it('gets the documents, and nothing to do the second time', async () => {
    const { applied, leftOut } = await run(local);
    expect(applied).toHaveLength(2);
    expect(leftOut).toEqual([]);
    expect(await plan(local)).toEqual([]);
    for (const { path, body } of local.documents) {
      expect(await readFile(join(directory, path), 'utf8')).toBe(body);
    }
  });

  it('does not overwrite what it did not write, until told to', async () => {
    await mkdir(join(directory, 'openid/v1'), { recursive: true });
    await writeFile(join(directory, 'openid/v1/jwks'), 'theirs');
    await expect(run(local)).rejects.toMatchObject({ code: 'ERR_PLAN' });
    await run({ ...local, adopt: true });
    expect(await readFile(join(directory, 'openid/v1/jwks'), 'utf8')).toContain('k1');
  });

  it('keeps published keys, and takes only its own files away', async () => {
    await run(local);
    const other = documentOf('openid/v1/jwks', '{"keys":[]}');
    await expect(run({ ...local, documents: [local.documents[0]!, other] })).rejects.toMatchObject({
      code: 'ERR_PLAN',
    });
    await writeFile(join(directory, 'index.html'), 'theirs');
    await run({ ...local, state: 'absent' });
    const left = await readdir(directory, { recursive: true, withFileTypes: true });
    expect(
      left
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['.irsa-issuer.json', 'index.html']);
    expect(await plan({ ...local, state: 'absent' })).toEqual([]);
  });

  it('is not written over by a run whose plan is no longer true', async () => {
    const changes = await plan(local);
    await mkdir(join(directory, 'openid/v1'), { recursive: true });
    await writeFile(join(directory, 'openid/v1/jwks'), 'put there meanwhile');
    await expect(
      applyIssuerChanges(changes, { spec: local, directory, clients }),
    ).rejects.toMatchObject({ code: 'ERR_PLAN' });
    expect(await readFile(join(directory, 'openid/v1/jwks'), 'utf8')).toBe('put there meanwhile');
  });

  it('has one issuer', async () => {
    await run(local);
    await expect(plan({ ...local, name: 'cluster-2' })).rejects.toMatchObject({
      code: 'ERR_PLAN',
      message: expect.stringContaining('of the issuer "cluster-1"') as string,
    });
  });

  it.each([
    ['cut short', '{"issuer":"cluster-1","docu'],
    ['of another shape', '["openid/v1/jwks"]'],
    ['null', 'null'],
    ['a path to elsewhere', '{"issuer":"cluster-1","documents":["../../theirs"]}'],
    ['a path to elsewhere, within', '{"issuer":"cluster-1","documents":["a/../../theirs"]}'],
    ['the other slash', '{"issuer":"cluster-1","documents":["..\\\\theirs"]}'],
    ['an absolute path', '{"issuer":"cluster-1","documents":["/etc/passwd"]}'],
    ['the folder itself', '{"issuer":"cluster-1","documents":[""]}'],
  ])('deletes and writes nothing by a list that is %s', async (_what, list) => {
    const mark = join(directory, '.irsa-issuer.json');
    await writeFile(mark, list);
    for (const state of ['published', 'absent'] as const) {
      await expect(run({ ...local, state })).rejects.toMatchObject({
        code: 'ERR_PLAN',
        message: expect.stringMatching(/expected \{"issuer".*publish with adopt$/) as string,
      });
    }
    expect(await readdir(directory)).toEqual(['.irsa-issuer.json']);
    expect(await readFile(mark, 'utf8')).toBe(list);
  });

  // Node’s own recursive mkdir never returns where a parent says that there is no such thing.
  it('says so where it cannot be made', async () => {
    const changes = await plan(local);
    await expect(
      applyIssuerChanges(changes, { spec: local, directory: '/proc/nope', clients }),
    ).rejects.toMatchObject({ code: 'ERR_PLAN', cause: { code: 'ENOENT' } });
  });
});
