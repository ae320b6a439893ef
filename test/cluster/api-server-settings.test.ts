import { basename } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { apiServerSettings, renderApiServerSettings } from 'irsa/cluster';
import { ClusterError, IssuerError } from 'irsa/errors';
import { writeYaml } from '../../src/cluster/write-yaml.js';
import { inexpressible, settingsCases, targets, type SettingsCase } from './settings-cases.js';

const names = Object.keys(settingsCases) as SettingsCase[];
const combinations = targets.flatMap((target) => names.map((name) => [target, name] as const));

const base = settingsCases['one-issuer'];

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

describe('golden files', () => {
  it.each(combinations)('%s, %s', async (target, name) => {
    const settings = frozen(apiServerSettings(frozen(settingsCases[name])));
    const refusal = inexpressible[`${target}/${name}`];
    if (refusal !== undefined) {
      expect(() => renderApiServerSettings(settings, { for: target })).toThrow(refusal);
      expect(() => renderApiServerSettings(settings, { for: target })).toThrow(ClusterError);
      return;
    }
    const files = renderApiServerSettings(settings, { for: target });
    expect(files.length).toBeGreaterThan(0);
    for (const { path, content, notes } of files) {
      expect(notes.length).toBeGreaterThan(0);
      await expect(content).toMatchFileSnapshot(`./golden/${target}/${name}/${basename(path)}`);
    }
  });
});

describe('the order of the issuers', () => {
  const [first, second, third] = settingsCases['change-of-issuer'].issuers;
  const rendered = (target: (typeof targets)[number], name: SettingsCase): string =>
    renderApiServerSettings(apiServerSettings(settingsCases[name]), { for: target })
      .map(({ content }) => content)
      .join('\n');

  it.each(['flags', 'kubeadm-v1beta4', 'kubeadm-v1', 'k3s', 'rke2', 'kops', 'kind'] as const)(
    'is kept for %s',
    (target) => {
      const text = rendered(target, 'change-of-issuer');
      // The first mention of each issuer that is not part of a longer URL.
      const at = [first, second, third].map((issuer) =>
        text.search(new RegExp(`${issuer!}["\\n]`)),
      );
      expect(at.every((position) => position >= 0)).toBe(true);
      expect(target === 'kops' ? at.slice(1) : at).toEqual(
        [...(target === 'kops' ? at.slice(1) : at)].sort((a, b) => a - b),
      );
    },
  );

  it('is kept by a static pod patch, whatever its manifest signs with', () => {
    const command = (manifestIssuer: string): string[] => {
      const settings = apiServerSettings(settingsCases['change-of-issuer']);
      const [file] = renderApiServerSettings(settings, { for: 'static-pod-patch', manifestIssuer });
      const operations = parseAllDocuments(file!.content)[0]!.toJS() as {
        path: string;
        value: string;
      }[];
      const line = ['kube-apiserver', '--a=b', `--service-account-issuer=${manifestIssuer}`];
      for (const { path, value } of operations) {
        const place = /command\/(-|\d+)$/.exec(path)?.[1];
        if (place !== undefined) line.splice(place === '-' ? line.length : Number(place), 0, value);
      }
      return line
        .filter((argument) => argument.startsWith('--service-account-issuer='))
        .map((argument) => argument.slice(25));
    };
    expect(command('https://kubernetes.default.svc.cluster.local')).toEqual([first, third, second]);
    expect(command('https://other.example.com')).toEqual([
      first,
      second,
      third,
      'https://other.example.com',
    ]);
    expect(command(first!)).toEqual([first, second, third]);
  });
});

describe('refusals', () => {
  it.each<[what: string, change: Record<string, unknown>, message: RegExp]>([
    ['no issuer', { issuers: [] }, /at least one issuer/],
    ['the same issuer twice', { issuers: [base.issuers[0], base.issuers[0]] }, /each issuer once/],
    ['a blank previous issuer', { issuers: [base.issuers[0], ''] }, /a URL or a plain name/],
    ['a previous issuer with a line feed', { issuers: [base.issuers[0], 'a\nb'] }, /plain name/],
    ['a previous issuer with a colon', { issuers: [base.issuers[0], ':a'] }, /plain name/],
    ['no verification key', { verificationKeyFiles: [] }, /does not accept its own tokens/],
    ['a doubled key file', { verificationKeyFiles: ['/a', '/a'] }, /each file once/],
    ['a relative path', { signingKeyFile: 'sa.key' }, /absolute path/],
    ['a path with a line feed', { signingKeyFile: '/a\n--x=y' }, /absolute path/],
    ['a folder', { signingKeyFile: '/a/' }, /absolute path/],
    ['no audience', { apiAudiences: [] }, /at least one audience/],
    ['AWS’s audience', { apiAudiences: ['sts.amazonaws.com'] }, /good at STS/],
    ['kOps’s AWS audience', { apiAudiences: ['amazonaws.com'] }, /good at STS/],
    ['China’s AWS audience', { apiAudiences: ['sts.amazonaws.com.cn'] }, /good at STS/],
    ['STS by region', { apiAudiences: ['https://sts.eu-west-1.amazonaws.com/'] }, /good at STS/],
    ['STS of FIPS', { apiAudiences: ['sts-fips.us-east-1.amazonaws.com'] }, /good at STS/],
    ['STS of a secret region', { apiAudiences: ['sts.us-iso-east-1.c2s.ic.gov'] }, /good at STS/],
    ['STS by dual stack', { apiAudiences: ['sts.eu-west-1.api.aws'] }, /good at STS/],
    ['a comma', { apiAudiences: ['a,sts.amazonaws.com'] }, /without a comma/],
    [
      'half a public key',
      { verificationKeyPems: ['-----BEGIN PUBLIC KEY-----\nAAAA'] },
      /one whole PUBLIC KEY/,
    ],
    [
      'an encrypted signing key',
      {
        signingKeyPem:
          '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----',
      },
      /unencrypted private key/,
    ],
    ['a number for a public key', { verificationKeyPems: [7] }, /one whole PUBLIC KEY/],
    ['a private key among the public', { verificationKeyPems: [base.signingKeyPem] }, /PUBLIC KEY/],
    ['a public signing key', { signingKeyPem: '-----BEGIN PUBLIC KEY-----' }, /private key/],
  ])('%s', (_what, change, message) => {
    const act = (): unknown => apiServerSettings({ ...base, ...change });
    expect(act).toThrow(ClusterError);
    expect(act).toThrow(message);
  });

  it('refuses a signing issuer and a JWKS address that AWS could not read', () => {
    expect(() => apiServerSettings({ ...base, issuers: ['http://a.example.com'] })).toThrow(
      IssuerError,
    );
    expect(() => apiServerSettings({ ...base, jwksUri: 'http://a.example.com' })).toThrow(
      IssuerError,
    );
  });

  it('asks for the keys that Talos wants inside its configuration', () => {
    const { signingKeyPem, ...withoutKey } = base;
    expect(signingKeyPem).toBeDefined();
    expect(() => renderApiServerSettings(apiServerSettings(withoutKey), { for: 'talos' })).toThrow(
      /signingKeyPem/,
    );
    const several = apiServerSettings({ ...base, verificationKeyFiles: ['/a', '/b'] });
    expect(() => renderApiServerSettings(several, { for: 'talos' })).toThrow(/verificationKeyPems/);
    const named = apiServerSettings({
      ...base,
      issuers: [base.issuers[0]!, 'kubernetes/serviceaccount'],
    });
    expect(() => renderApiServerSettings(named, { for: 'talos' })).toThrow(/URLs only/);
  });

  it('says that Talos before 1.14 cannot rotate a key', () => {
    const several = apiServerSettings({ ...base, verificationKeyFiles: ['/a', '/b'] });
    expect(() => renderApiServerSettings(several, { for: 'talos-v1alpha1' })).toThrow(
      /cannot be rotated[\s\S]*Talos 1\.14/,
    );
  });

  it('takes an unknown target for a wrong call', () => {
    const settings = apiServerSettings(base);
    expect(() => renderApiServerSettings(settings, { for: 'minikube' as 'k3s' })).toThrow(
      TypeError,
    );
  });

  it('says what to do with several key files in kubeadm v1beta3', () => {
    const settings = apiServerSettings({ ...base, verificationKeyFiles: ['/a', '/b'] });
    expect(() => renderApiServerSettings(settings, { for: 'kubeadm-v1beta3' })).toThrow(
      /into one file/,
    );
  });
});

describe('what a distribution does by itself', () => {
  const rendered = (
    target: (typeof targets)[number],
    change: Partial<typeof base> = {},
  ): { text: string; notes: string } => {
    const settings = apiServerSettings({ ...settingsCases['change-of-issuer'], ...change });
    const files = renderApiServerSettings(settings, { for: target });
    return {
      text: files.map(({ content }) => content).join(''),
      notes: files.flatMap(({ notes }) => notes).join('\n'),
    };
  };

  it('kOps hands out keys and overwrites the JWKS address: neither is written', () => {
    const { text, notes } = rendered('kops');
    expect(text).not.toMatch(/KeyFile|JWKS/i);
    expect(notes).toMatch(/kops create keypair service-account --key FILE/);
    expect(() => rendered('kops', { jwksUri: 'https://keys.example.com/jwks' })).toThrow(
      /always names the JWKS .*openid\/v1\/jwks.* leave jwksUri out/,
    );
  });

  it.each(['k3s', 'rke2'] as const)(
    '%s collects arguments of several files only with a plus sign',
    (target) => {
      const { text } = rendered(target);
      const keys = Object.keys(parseAllDocuments(text)[0]!.toJS() as object);
      expect(keys).toEqual(['kube-apiserver-arg+', 'kube-controller-manager-arg+']);
    },
  );

  it.each(['k3s', 'rke2'] as const)('%s has no folder of kubeadm’s, which is said', (target) => {
    expect(rendered(target).notes).toMatch(
      new RegExp(`/var/lib/rancher/${target}/server/tls/service\\.current\\.key signs`),
    );
    const own = { signingKeyFile: '/etc/irsa/sa.key', verificationKeyFiles: ['/etc/irsa/sa.pub'] };
    expect(rendered(target, own).notes).not.toMatch(/kubeadm/);
  });

  it('kubeadm writes sa.pub in a new kind cluster unless sa.key is there', () => {
    const mounts = (text: string): string[] =>
      (
        parseAllDocuments(text)[0]!.toJS() as {
          nodes: { extraMounts: { containerPath: string }[] }[];
        }
      ).nodes[0]!.extraMounts.map(({ containerPath }) => containerPath);
    expect(mounts(rendered('kind').text)).not.toContain('/etc/kubernetes/pki/sa.pub');
    expect(rendered('kind').notes).toMatch(/sa\.pub is the key that kubeadm makes/);
    const [settings] = renderApiServerSettings(apiServerSettings(base), { for: 'kind' });
    expect(mounts(settings!.content)).toContain('/etc/kubernetes/pki/sa.pub');
  });

  it('Talos puts keys one behind the other, so each ends its line', () => {
    const [key] = settingsCases['change-of-issuer'].verificationKeyPems!;
    const { text } = rendered('talos', { verificationKeyPems: [key!.trim(), `\n${key!}\n`] });
    const documents = parseAllDocuments(text).map((document) => document.toJS() as object);
    expect(documents).toContainEqual(
      expect.objectContaining({
        accepted: expect.objectContaining({ publicKeys: [key, key] }) as unknown,
      }),
    );
  });

  it('Talos of old does not read PKCS#8, which is said', () => {
    const notes = (signingKeyPem: string): string =>
      renderApiServerSettings(apiServerSettings({ ...base, signingKeyPem }), {
        for: 'talos-v1alpha1',
      })[0]!.notes.join('\n');
    expect(notes(base.signingKeyPem!)).toMatch(/does not read PKCS#8/);
    const old = base.signingKeyPem!.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY');
    expect(notes(old)).not.toMatch(/PKCS#8/);
  });
});

describe('key files in several folders', () => {
  const settings = apiServerSettings({
    ...base,
    signingKeyFile: '/etc/irsa/a/sa.key',
    verificationKeyFiles: ['/etc/irsa/b/sa.pub'],
  });
  it.each(['kubeadm-v1beta4', 'kind', 'static-pod-patch'] as const)(
    'are all mounted for %s',
    (target) => {
      const text = renderApiServerSettings(settings, { for: target })
        .map(({ content }) => content)
        .join('');
      expect(text).toContain('/etc/irsa/a');
      expect(text).toContain('/etc/irsa/b');
      expect(text).toMatch(/name: service-account-keys-2/);
    },
  );
});

describe('writeYaml', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'yes',
      'null',
      '1e3',
      '0x1f',
      '-',
      '~',
      'a: b',
      'a #b',
      '12:30',
      '1_000',
      '.5',
      '\n',
      'a\nb\n',
      'a\n\n',
      ' a\nb\n',
      '*a',
      '&a',
      '!a',
      '<<',
      '=',
      'é',
    ),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  })).value;

  // What is written are configurations: a lone text is no document.
  const document = json.filter((value) => typeof value === 'object' && value !== null);

  it.each(['1.1', '1.2'] as const)('is read back as it was by a YAML %s reader', (version) => {
    fc.assert(
      fc.property(document, document, (one, other) => {
        const plain = JSON.parse(JSON.stringify([one, other])) as never[];
        const read = parseAllDocuments(writeYaml(...plain), { version }).map((document) => {
          expect(document.errors).toEqual([]);
          return document.toJS() as unknown;
        });
        expect(read).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });
});
