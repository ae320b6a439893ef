import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../src/command-table.js';
import { fixture, irsa, scratchFolder } from './test-io.js';

describe('help', () => {
  it('names every command', async () => {
    const { stdout, exitCode } = await irsa(['--help']);
    expect(exitCode).toBe(0);
    for (const { path } of commandTable) expect(stdout).toContain(path[0]);
  });

  it.each(commandTable.map(({ path }) => [path.join(' '), path] as const))(
    'of %s has an example',
    async (_name, path) => {
      const { stdout, exitCode, stderr } = await irsa([...path, '--help']);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toMatch(/\nExample:\n {2}\S/);
      expect(stdout).toContain('--output');
    },
  );

  it('of a group names its commands', async () => {
    const { stdout, exitCode } = await irsa(['trust-policy', '--help']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/build[\s\S]*bind[\s\S]*unbind[\s\S]*check/);
  });
});

describe('wrong usage ends with 2 and says why on stderr', () => {
  it.each<[argv: string[], message: RegExp]>([
    [['nonsense'], /unknown command/],
    [['keys', 'nonsense'], /unknown command/],
    [['jwks', '--nonsense'], /unknown option/],
    [['jwks', 'not-there.pub'], /not-there\.pub: cannot be read \(ENOENT\); there is no such file/],
    [['jwks', '.'], /\.: cannot be read \(EISDIR\); it is a folder: name a file/],
    [['apiserver-config', '--for', 'minikube', '--issuer', 'x'], /Allowed choices/],
    [['trust-policy', 'build', '--issuer', 'https://a.example.com'], /required option/],
    [['jwks', 'sa.pub', '--output', 'xml'], /Allowed choices/],
    [['mutate', 'trust.json'], /expected a Pod/],
    [['mutate', 'pod.yaml', '--show', 'nonsense'], /Allowed choices are diff, pod, patch/],
    [['mutate', 'pod.yaml', '--behavior', 'nonsense'], /Allowed choices are standard, eks/],
    [
      ['trust-policy', 'check', 'trust.json', '--service-account', 'a/b'],
      /--issuer and --account-id/,
    ],
  ])('%j', async (argv, message) => {
    const { exitCode, stdout, stderr } = await irsa(argv);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('a group without a command shows its help', async () => {
    expect((await irsa(['keys'])).exitCode).toBe(2);
    expect((await irsa([])).exitCode).toBe(2);
  });
});

describe('a refusal ends with 1 and the error’s code', () => {
  it.each<[argv: string[], code: RegExp]>([
    [['jwks', 'trust.json'], /\(ERR_(?:KEY|JWKS)\)$/m],
    [
      ['apiserver-config', '--for', 'flags', '--issuer', 'http://plain.example.com'],
      /\(ERR_ISSUER\)$/m,
    ],
    [
      [
        'apiserver-config',
        '--for',
        'flags',
        '--issuer',
        'https://a.example.com',
        '--api-audience',
        'sts.amazonaws.com',
      ],
      /\(ERR_CLUSTER\)$/m,
    ],
    [['token', 'inspect', 'sa.pub'], /\(ERR_TOKEN\)$/m],
    [['trust-policy', 'check', 'kube-apiserver-jwks.json'], /\(ERR_TRUST_POLICY\)$/m],
  ])('%j', async (argv, code) => {
    const { exitCode, stdout, stderr } = await irsa(argv);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^irsa: /);
    expect(stderr).toMatch(code);
  });
});

describe('keys create', () => {
  it('writes a private key that only its owner reads, and never overwrites', async () => {
    const cwd = scratchFolder();
    const first = await irsa(['keys', 'create', '--out', 'keys', '-o', 'json'], { cwd });
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    const { kid } = JSON.parse(first.stdout) as { kid: string };
    expect(statSync(join(cwd, 'keys/sa.key')).mode & 0o777).toBe(0o600);
    const before = readFileSync(join(cwd, 'keys/sa.key'), 'utf8');
    const again = await irsa(['keys', 'create', '--out', 'keys'], { cwd });
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/exists already, and is never overwritten/);
    expect(readFileSync(join(cwd, 'keys/sa.key'), 'utf8')).toBe(before);
    // The private key yields the same public JWKS, and nothing private leaves.
    const fromPrivate = await irsa(['jwks', 'keys/sa.key'], { cwd });
    expect(fromPrivate.stdout).toBe((await irsa(['jwks', 'keys/sa.pub'], { cwd })).stdout);
    expect(fromPrivate.stdout).toContain(kid);
    expect(fromPrivate.stdout).not.toMatch(/"[dpq]"/);
  });

  it.each(['sa.key', 'sa.pub'])('makes neither half where %s is there already', async (present) => {
    const cwd = scratchFolder();
    writeFileSync(join(cwd, present), 'theirs');
    const { exitCode, stderr } = await irsa(['keys', 'create'], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${present}: exists already`);
    expect(readdirSync(cwd)).toEqual([present]);
    expect(readFileSync(join(cwd, present), 'utf8')).toBe('theirs');
  });

  it.each<[string, string[], string[]]>([
    ['keys create', ['keys', 'create', '--out', 'new'], ['new/sa.key', 'new/sa.pub']],
    [
      'certs',
      ['certs', '--out', 'new'],
      ['new/ca.key', 'new/ca.crt', 'new/tls.key', 'new/tls.crt'],
    ],
  ])('%s --dry-run says what would be written, and writes nothing', async (_, argv, files) => {
    const cwd = scratchFolder();
    const dry = [...argv, '--dry-run'];
    const { exitCode, stdout, stderr } = await irsa(dry, { cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const added = stdout.split('\n').filter((line) => line.startsWith('+ '));
    expect(added.map((line) => line.split(/\s+/)[1])).toEqual(files);
    expect(stdout).not.toMatch(/BEGIN/);
    expect(JSON.parse((await irsa([...dry, '-o', 'json'], { cwd })).stdout)).toEqual({
      changes: files.map((file) => ({
        kind: 'create-file',
        file,
        mode: file.endsWith('.key') ? '0600' : '0644',
      })),
    });
    expect(readdirSync(cwd)).toEqual([]);
    // It says what the run would say.
    expect((await irsa(argv, { cwd })).exitCode).toBe(0);
    const again = await irsa(dry, { cwd });
    expect(again).toMatchObject({ exitCode: 2, stdout: '' });
    expect(again.stderr).toBe((await irsa(argv, { cwd })).stderr);
  });

  // Node’s own recursive mkdir never returns where a parent says that there is no such thing (nodejs/node, on Linux’ /proc).
  it.each([
    ['keys', 'create'],
    ['certs', '--out'],
  ])('%s: says so where the folder cannot be made', async (...words) => {
    const argv = [...words.filter((word) => word !== '--out'), '--out', '/proc/nope/deep'];
    const { exitCode, stderr } = await irsa(argv);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^irsa: \/proc\/nope\/deep\/\S+: cannot be written \(ENOENT\)/);
  });

  it('makes EC keys too, and refuses sizes that nobody takes', async () => {
    const cwd = scratchFolder();
    const { exitCode } = await irsa(['keys', 'create', '--algorithm', 'ES256'], { cwd });
    expect(exitCode).toBe(0);
    const { stdout } = await irsa(['keys', 'inspect', 'sa.pub'], { cwd });
    expect(stdout).toMatch(/ES256/);
    const small = await irsa(['keys', 'create', '--name', 'b', '--modulus-length', '512'], { cwd });
    expect(small.exitCode).toBe(2);
  });
});

describe('certs', () => {
  it('makes a set, shows it, and never overwrites', async () => {
    const cwd = scratchFolder();
    const made = await irsa(['certs', '--out', 'certs'], { cwd });
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect(statSync(join(cwd, 'certs/tls.key')).mode & 0o777).toBe(0o600);
    const shown = await irsa(['certs', '--inspect', 'certs/tls.crt'], { cwd });
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(/irsa-webhook\.irsa-system\.svc[\s\S]*\(itself\)/);
    expect((await irsa(['certs', '--out', 'certs'], { cwd })).exitCode).toBe(2);
    rmSync(join(cwd, 'certs/ca.key'));
    // All four belong together: none is made beside an old one.
    expect((await irsa(['certs', '--out', 'certs'], { cwd })).exitCode).toBe(2);
    expect(readdirSync(join(cwd, 'certs')).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    const later = await irsa(['certs', '--inspect', 'certs/tls.crt'], {
      cwd,
      now: () => new Date('2027-08-01T00:00:00Z'),
    });
    expect(later.exitCode).toBe(1);
    expect(later.stdout).toContain('EXPIRED');
  });
});

describe('token verify', () => {
  it('reads the keys as STS does, from the issuer the token names', async () => {
    const token = fixture('projected-token.jwt').trim();
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
      iss: string;
      exp: number;
    };
    const asked: string[] = [];
    const fetchDocument = (url: string | URL | Request): Promise<Response> => {
      const address = url as string;
      asked.push(address);
      const body = address.endsWith('configuration')
        ? JSON.stringify({ issuer: claims.iss, jwks_uri: `${claims.iss}/openid/v1/jwks` })
        : fixture('kube-apiserver-jwks.json');
      return Promise.resolve(new Response(body));
    };
    const now = (): Date => new Date((claims.exp - 60) * 1000);
    const run = await irsa(['token', 'verify', 'projected-token.jwt'], {
      fetch: fetchDocument,
      now,
    });
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^valid: default\//);
    expect(asked).toEqual([
      `${claims.iss}/.well-known/openid-configuration`,
      `${claims.iss}/openid/v1/jwks`,
    ]);
    const offline = await irsa(['token', 'verify', 'projected-token.jwt'], { now });
    expect(offline.exitCode).toBe(1);
    expect(offline.stderr).toMatch(/cannot be reached \(no network in this test\)/);
    expect(offline.stderr).not.toContain(token.slice(0, 30));
  });
});

describe('colours', () => {
  const argv = ['trust-policy', 'check', 'trust.json'];
  it('are for terminals only, and NO_COLOR turns them off', async () => {
    const escape = '\u001b[';
    expect((await irsa(argv)).stdout).not.toContain(escape);
    expect((await irsa(argv, { tty: true })).stdout).toContain(escape);
    expect((await irsa(argv, { tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain(escape);
  });
});

describe('input', () => {
  it('comes from a file with a byte-order mark, and from JSON lists', async () => {
    const cwd = scratchFolder();
    const pod = { kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'a' }] } };
    writeFileSync(
      join(cwd, 'list.json'),
      `\ufeff${JSON.stringify({ kind: 'List', items: [pod] })}`,
    );
    const { stdout, exitCode } = await irsa(['mutate', 'list.json'], { cwd });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/skipped \(no-service-account\)|skipped \(/);
  });

  it('that is no YAML is refused without being quoted', async () => {
    const secret = 'password: "hunter2\n  : [';
    const { exitCode, stderr } = await irsa(['mutate', '-'], { stdin: secret });
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('hunter2');
  });
});
