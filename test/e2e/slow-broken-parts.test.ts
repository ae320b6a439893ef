import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportOf, root, runE2e } from './run-e2e.js';

/** A fault in one of our parts, the scenario that must turn red, and what it must say. */
interface Breakage {
  readonly part: string;
  readonly file: string;
  readonly sound: string;
  readonly broken: string;
  readonly scenario: string;
  readonly says: RegExp;
}

const breakages: readonly Breakage[] = [
  {
    part: 'the kid rule',
    file: 'src/oidc/public-key.ts',
    sound: 'const kid = await digestOf(spkiOf(numbers));',
    broken: 'const kid = await digestOf(spkiOf(numbers).slice(1));',
    scenario: 'documents',
    says: /kid|openid\/v1\/jwks|STS answered/,
  },
  {
    part: 'the audience',
    file: 'src/patch/resolve-mutation-settings.ts',
    sound: "  audience: 'sts.amazonaws.com',",
    broken: "  audience: 'sts.amazonaws.com.cn',",
    scenario: 'sdks',
    says: /javascript-v3 failed: [^]*InvalidIdentityToken/,
  },
  {
    part: 'the mount path',
    file: 'src/patch/standard/compute-standard-patch.ts',
    sound: 'const value = { name, mountPath, readOnly: true };',
    broken: 'const value = { name, mountPath: `${mountPath}s`, readOnly: true };',
    scenario: 'sdks',
    says: /javascript-v3 failed: [^]*no such file/,
  },
  {
    part: 'the trust policy, too open',
    file: 'src/iam/build-trust-policy.ts',
    sound: '{ StringEquals: { ...audience, ...subject } }',
    broken: '{ StringEquals: { ...audience } }',
    scenario: 'refusals',
    says: /other-service-account: credentials were given/,
  },
  {
    part: 'the trust policy, too narrow',
    file: 'src/iam/build-trust-policy.ts',
    sound: 'subjectKey: `${hostPath}:sub`,',
    broken: 'subjectKey: `${hostPath}:subject`,',
    scenario: 'sdks',
    says: /javascript-v3 failed: /,
  },
  {
    part: 'the order of issuers',
    file: 'src/cluster/api-server-settings.ts',
    sound: "...flags('service-account-issuer', issuers),",
    broken: "...flags('service-account-issuer', [...issuers].reverse()),",
    scenario: 'walkthrough',
    says: /the echoer failed: /,
  },
  {
    part: 'the wait of an issuer migration',
    file: 'src/oidc/plan-issuer-migration.ts',
    sound: "step: 'distrust',\n      notBefore: time + webIdentityMs,",
    broken: "step: 'distrust',\n      notBefore: time,",
    scenario: 'rotation',
    says: /valid tokens refused:\n.* STS refused a token/,
  },
  {
    part: 'the watch after a restored backup',
    file: 'adapters/webhook/src/kubernetes/list-and-watch.ts',
    sound: 'else resourceVersion = undefined;',
    broken: '',
    scenario: 'webhook-faults',
    says: /etcd wiped and restored: the role of the restored service account is given: not within/,
  },
  {
    part: 'the refusal where a service account cannot be read',
    file: 'adapters/webhook/src/identities/create-service-account-lookup.ts',
    sound: "observe('failed');\n          throw error;",
    broken: "observe('failed');\n          return undefined;",
    scenario: 'webhook-faults',
    says: /: while-(?:it-is-slow|cut-off) was given none/,
  },
];

/** A copy of the work tree: nothing is ever broken in the tree itself. */
let copy = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'irsa-broken-'));
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\0');
  for (const file of files.filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  linkModules();
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

/** The installed packages of the tree, but ours are those of the copy. */
function linkModules(): void {
  const link = (target: string, path: string): void => {
    symlinkSync(target, join(copy, path));
  };
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    const ours = /^irsa(?:-(\w+))?$/.exec(name);
    const target = join(root, 'node_modules', name);
    if (ours === null) link(target, `node_modules/${name}`);
    else link(ours[1] === undefined ? '..' : `../adapters/${ours[1]}`, `node_modules/${name}`);
  }
  for (const adapter of readdirSync(join(root, 'adapters'))) {
    const path = `adapters/${adapter}/node_modules`;
    if (existsSync(join(root, path))) link(join(root, path), path);
  }
}

const runCopy = (...scenarios: readonly string[]): ReturnType<typeof runE2e> =>
  runE2e(['--json', ...scenarios.flatMap((id) => ['--only', id])], { cwd: copy });

describe('a broken part turns the right scenario red', () => {
  test('the copy as it is: all green', async () => {
    const run = await runCopy(...new Set(breakages.map(({ scenario }) => scenario)));
    expect(reportOf(run).scenarios.filter(({ ok }) => !ok)).toEqual([]);
    expect(run.code).toBe(0);
  });

  test.each(breakages)('$part: $scenario', async ({ file, sound, broken, scenario, says }) => {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    expect(text.split(sound), `${file} holds the text that is broken exactly once`).toHaveLength(2);
    writeFileSync(
      path,
      text.replace(sound, () => broken),
    );
    try {
      const run = await runCopy(scenario);
      const [result] = reportOf(run).scenarios;
      expect(result).toMatchObject({ id: scenario, ok: false });
      expect(result?.detail).toMatch(says);
      expect(run.code).toBe(1);
    } finally {
      writeFileSync(path, text);
    }
  });
});
