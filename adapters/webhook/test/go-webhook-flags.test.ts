import { readFileSync } from 'node:fs';
import { createMetrics } from '../src/create-metrics.js';
import { describe, expect, it } from 'vitest';
import { flags, type FlagName } from '../src/flags.js';
import { parseOptions } from '../src/parse-options.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

interface GoFlag {
  readonly name: string;
  readonly isSwitch: boolean;
  readonly default: string | undefined;
}

/** What `eks-webhook --help` of v0.6.17 printed: `-v, --name type   help (default x)`. */
const goFlags: GoFlag[] = [
  ...read('fixtures/eks-webhook-v0.6.17-help.txt').matchAll(
    /^ +(?:-\w, )?--([\w-]+)(?: ([\w-]+))? {2,}(.*)$/gm,
  ),
].map(([, name = '', type, help = '']) => ({
  name,
  isSwitch: type === undefined || ['role-arn', 'false'].includes(type),
  default: /\(default "?(.*?)"?\)$/.exec(help)?.[1],
}));

/** A value for each flag that has no default, or whose default says nothing. */
const samples: Readonly<Record<string, string>> = {
  'aws-default-region': 'eu-west-1',
  'kube-api': 'https://127.0.0.1:6443',
  kubeconfig: '/etc/kubeconfig',
  'tls-cipher-suites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'tls-min-version': '1.3',
  'watch-container-credentials-config': '/etc/identities.json',
  'service-account-lookup-grace-period': '100ms',
};

const page = read('../../../docs/guides/migrate-from-eks-webhook.md');
const section = page.slice(page.indexOf('## Flags of the program'), page.indexOf('## What `eks`'));
const documented = new Set([...section.matchAll(/`--([\w-]+)`/g)].map(([, name]) => name));

describe('a command line of the Go webhook', () => {
  it('has the flags that the reference lists', () => {
    expect(goFlags.length).toBe(45);
    for (const name of ['port', 'v', 'watch-config-map', 'tls-min-version', 'log_file_max_size']) {
      expect(goFlags.map((flag) => flag.name)).toContain(name);
    }
  });

  it.each(goFlags.map((flag): [string, GoFlag] => [flag.name, flag]))('--%s', (name, flag) => {
    if (name === 'version') {
      expect(parseOptions(['--version'], {})).toEqual({ kind: 'version' });
      return;
    }
    const ours = flags[name as FlagName];
    expect(ours).toBeDefined();
    expect(ours.kind === 'switch').toBe(flag.isSwitch);
    const value = samples[name] ?? flag.default ?? 'x';
    const args = flag.isSwitch ? [`--${name}`] : [`--${name}=${value}`];
    const command = parseOptions([...args, '--account-id=111122223333'], {});
    const notes = command.kind === 'run' ? command.options.notes : [];
    if (ours.ignored === true) {
      expect(notes).toEqual([expect.stringContaining(`--${name} has no effect`)]);
      expect(documented).toContain(name);
    } else {
      expect(notes).toEqual([]);
      const isSame = flag.isSwitch
        ? (ours.default ?? 'false') === (flag.default ?? 'false')
        : ours.default === flag.default;
      if (!isSame) expect(documented).toContain(name);
    }
  });

  it('both spellings of a switch and of a value', () => {
    const options = (...args: string[]) => {
      const command = parseOptions(args, {});
      return command.kind === 'run' ? command.options : undefined;
    };
    expect(options('--watch-config-map=false')?.roleMappingConfigMap).toBeUndefined();
    expect(options('--watch-config-map')?.roleMappingConfigMap).toBe('pod-identity-webhook');
    expect(options('--port', '8443')?.port).toBe(8443);
    expect(options('-v', '5')?.notes).toHaveLength(1);
  });

  it('the guide names only metrics that there are', async () => {
    const metrics = createMetrics({
      inFlight: () => 0,
      serviceAccounts: () => 0,
      behindSeconds: () => ({}),
      ready: () => true,
      certificateExpiry: () => ({ serving: 0 }),
      brokenInputs: () => ({}),
    });
    const text = await metrics.text();
    const named = section.match(/irsa_webhook_\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(4);
    for (const name of named) expect(text).toContain(`# HELP ${name} `);
  });
});
