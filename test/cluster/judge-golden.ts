import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastJsonPatch from 'fast-json-patch';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { cacheFolder } from '../../e2e/parts/cache-folder.js';
import { partsCatalogue } from '../../e2e/parts/catalogue.js';
import { goPart } from '../../e2e/parts/go-part.js';
import { preparePart } from '../../e2e/parts/prepare-part.js';
import type { Part } from '../../e2e/parts/types.js';

/** What a distribution's own program said of a golden file, and of which bytes. */
export interface Verdict {
  /** SHA-256 of the golden file. */
  readonly sha256: string;
  readonly judge: string;
  /** What the program read, or what the control plane would be started with. */
  readonly read: unknown;
}

export const goldenFolder: string = fileURLToPath(new URL('./golden/', import.meta.url));
export const verdictsFile: string = join(goldenFolder, 'verdicts.json');

/** The targets whose files a program of the distribution can judge here; for the others see docs/adr/0303. */
export const judgedTargets = [
  'kubeadm-v1beta3',
  'kubeadm-v1beta4',
  'kubeadm-v1',
  'static-pod-patch',
  'kind',
  'talos',
  'talos-v1alpha1',
] as const;

type JudgedTarget = (typeof judgedTargets)[number];

export const goldenFiles = (target: string): string[] =>
  readdirSync(join(goldenFolder, target), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(goldenFolder.length))
    .sort();

export const sha256Of = (file: string): string =>
  createHash('sha256')
    .update(readFileSync(join(goldenFolder, file)))
    .digest('hex');

const validators = (name: string): string =>
  fileURLToPath(new URL(`./validators/${name}`, import.meta.url));

const ours = (id: string, versionOf: string): Part =>
  goPart({ id, moduleFolder: validators(id), mainPackage: '.', versionOf, sources: ['main.go'] });

const versionFlags = (version: string, minor: number): string =>
  [`gitVersion=${version}`, 'gitMajor=1', `gitMinor=${minor}`]
    .map((value) => `-X k8s.io/component-base/version.${value}`)
    .join(' ');

const parts = {
  talos: ours('talos', 'github.com/siderolabs/talos/pkg/machinery'),
  kind: ours('kind', 'sigs.k8s.io/kind'),
  kubeadm: partsCatalogue.kubeadm,
  // kubeadm as a library: its init takes no experimental configuration.
  'kubeadm-v1': goPart({
    id: 'kubeadm-v1',
    moduleFolder: validators('kubeadm-v1'),
    mainPackage: '.',
    versionOf: 'k8s.io/kubernetes',
    sources: ['main.go'],
    ldflags: (version) => versionFlags(version, 37),
  }),
  'kubeadm-1.35': goPart({
    id: 'kubeadm-1.35',
    moduleFolder: validators('kubeadm-1.35'),
    mainPackage: 'k8s.io/kubernetes/cmd/kubeadm',
    versionOf: 'k8s.io/kubernetes',
    ldflags: (version) => versionFlags(version, 35),
  }),
} satisfies Record<string, Part>;

type PartName = keyof typeof parts;

interface Program {
  readonly name: string;
  run(args: readonly string[], env?: Record<string, string>): string;
}

async function program(name: PartName): Promise<Program> {
  const note = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const { folder, version } = await preparePart(parts[name], { cache: cacheFolder(), note });
  return {
    name: `${name.replace('-1.35', '')} ${version}`,
    run: (args, env = {}) =>
      execFileSync(join(folder, name), args, {
        encoding: 'utf8',
        stdio: 'pipe',
        env: { ...process.env, ...env },
      }),
  };
}

const inScratch = <T>(act: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-golden-'));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The flags of the service-account family, in the order of the command line that kubeadm writes. */
function commandLine(kubeadm: Program, configuration: string, version: string): string[] {
  return inScratch((scratch) => {
    const file = join(scratch, 'kubeadm.yaml');
    const [first = '', ...rest] = configuration.split('---\n');
    // Without a version kubeadm asks the internet for the newest.
    writeFileSync(file, [`${first}kubernetesVersion: ${version}\n`, ...rest].join('---\n'));
    kubeadm.run(['init', 'phase', 'control-plane', 'all', '--config', file, '--dry-run'], {
      KUBEADM_INIT_DRYRUN_DIR: scratch,
    });
    return ['kube-apiserver', 'kube-controller-manager'].flatMap((name) => {
      return whatCounts(parse(readFileSync(join(scratch, `${name}.yaml`), 'utf8')) as StaticPod);
    });
  });
}

interface StaticPod {
  readonly spec: {
    readonly containers: readonly { readonly command: readonly string[] }[];
    readonly volumes: readonly { readonly hostPath?: { readonly path: string } }[];
  };
}

const whatCounts = ({ spec: { containers, volumes } }: StaticPod): string[] => [
  ...(containers[0]?.command ?? []).filter((argument) =>
    /^--(?:service-account|api-audiences)/.test(argument),
  ),
  ...volumes.flatMap(({ hostPath }) =>
    hostPath?.path.startsWith('/etc/kubernetes/irsa') === true ? [`mounts ${hostPath.path}`] : [],
  ),
];

/** What kubeadm makes of a v1 configuration, and of the same one with a `mergeMethod` for the issuers. */
async function commandLineOfV1(configuration: string): Promise<Record<string, string[]>> {
  const library = await program('kubeadm-v1');
  const ask = (content: string): string[] =>
    inScratch((scratch) => {
      const file = join(scratch, 'kubeadm.yaml');
      writeFileSync(file, content);
      const pods = JSON.parse(library.run([file])) as Record<string, StaticPod>;
      return ['kube-apiserver', 'kube-controller-manager'].flatMap((name) =>
        whatCounts(pods[name]!),
      );
    });
  const merged = (method: string): string =>
    configuration.replaceAll(/name: service-account-issuer/g, `$&\n      mergeMethod: ${method}`);
  const issuersOf = (command: readonly string[]): string[] =>
    command.filter((argument) => argument.startsWith('--service-account-issuer='));
  return {
    command: ask(configuration),
    'issuers with mergeMethod prepend': issuersOf(ask(merged('prepend'))),
    'issuers with mergeMethod append': issuersOf(ask(merged('append'))),
  };
}

/** What kind puts into ClusterConfiguration by itself, as far as our patches touch it. */
const kindBase = {
  v1beta3: {
    apiServer: { extraArgs: { 'runtime-config': '' } },
    controllerManager: { extraArgs: { 'enable-hostpath-provisioner': 'true' } },
  },
  v1beta4: {
    apiServer: { extraArgs: [{ name: 'runtime-config', value: '' }] },
    controllerManager: { extraArgs: [{ name: 'enable-hostpath-provisioner', value: 'true' }] },
  },
};

type Judge = (file: string) => Promise<Omit<Verdict, 'sha256'>>;

const text = (file: string): string => readFileSync(join(goldenFolder, file), 'utf8');

const judgeKubeadm =
  (name: 'kubeadm' | 'kubeadm-1.35', version: string): Judge =>
  async (file) => {
    const kubeadm = await program(name);
    const path = join(goldenFolder, file);
    const validated = kubeadm.run(['config', 'validate', '--config', path]).trim();
    return {
      judge: kubeadm.name,
      read: { validated, command: commandLine(kubeadm, text(file), version) },
    };
  };

const judges: Record<JudgedTarget, Judge> = {
  'kubeadm-v1beta3': judgeKubeadm('kubeadm-1.35', 'v1.35.4'),
  'kubeadm-v1beta4': judgeKubeadm('kubeadm', 'v1.37.2'),
  'kubeadm-v1': async (file) => {
    const kubeadm = await program('kubeadm');
    const path = join(goldenFolder, file);
    const allow = '--allow-experimental-api';
    const validated = kubeadm.run(['config', 'validate', allow, '--config', path]).trim();
    return { judge: kubeadm.name, read: { validated, ...(await commandLineOfV1(text(file))) } };
  },
  'static-pod-patch': async (file) => {
    const kubeadm = await program('kubeadm');
    const directory = join(goldenFolder, file, '..');
    const configuration = [
      { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration' },
      { apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'InitConfiguration', patches: { directory } },
    ];
    const command = commandLine(
      kubeadm,
      configuration.map((document) => stringify(document)).join('---\n'),
      'v1.37.2',
    );
    return { judge: kubeadm.name, read: { command } };
  },
  kind: async (file) => {
    const kind = await program('kind');
    const cluster = JSON.parse(kind.run([join(goldenFolder, file)])) as {
      nodes: {
        kubeadmConfigPatchesJSON6902: { version: 'v1beta3' | 'v1beta4'; patch: string }[];
      }[];
    };
    const read: Record<string, string[]> = {};
    for (const { version, patch } of cluster.nodes[0]!.kubeadmConfigPatchesJSON6902) {
      const old = version === 'v1beta3';
      const kubeadm = await program(old ? 'kubeadm-1.35' : 'kubeadm');
      const { newDocument } = fastJsonPatch.applyPatch(
        structuredClone<object>(kindBase[version]),
        parse(patch) as [],
      );
      const configuration = stringify({
        apiVersion: `kubeadm.k8s.io/${version}`,
        kind: 'ClusterConfiguration',
        ...newDocument,
      });
      read[`${kubeadm.name} ${version}`] = commandLine(
        kubeadm,
        configuration,
        old ? 'v1.35.4' : 'v1.37.2',
      );
    }
    return { judge: kind.name, read };
  },
  talos: judgeTalos('v1.14'),
  'talos-v1alpha1': judgeTalos('v1.12'),
};

function judgeTalos(contract: string): Judge {
  return async (file) => {
    const talos = await program('talos');
    const path = join(goldenFolder, file);
    const read: unknown = JSON.parse(talos.run([contract, path]));
    // A configuration is patched more than once in its life.
    const again: unknown = JSON.parse(talos.run([contract, path, path]));
    if (JSON.stringify(again) !== JSON.stringify(read)) {
      throw new Error(`${file}: patched twice, Talos reads ${JSON.stringify(again)}`);
    }
    return {
      judge: `Talos machinery ${talos.name.slice('talos '.length)}, contract ${contract}`,
      read,
    };
  };
}

/** Asks the distribution's own program what it makes of one golden file; throws with its words when it refuses. */
export async function judgeGolden(target: JudgedTarget, file: string): Promise<Verdict> {
  expectDocuments(file);
  return { sha256: sha256Of(file), ...(await judges[target](file)) };
}

function expectDocuments(file: string): void {
  for (const document of parseAllDocuments(text(file))) {
    if (document.errors[0] !== undefined) throw document.errors[0];
  }
}
