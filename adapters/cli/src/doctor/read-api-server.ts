import type { ApiServerFact, ApiServerFlags } from 'irsa/diagnose';
import { expandLists, type KubernetesObject } from '../expand-lists.js';
import { readDocuments } from '../read-input.js';
import type { CliIo } from '../types.js';
import { rootCause } from './read-as-stranger.js';
import { askKubectl, type AskKubectl } from './run-kubectl.js';
import type { Gap } from './types.js';

const discoveryPath = '/.well-known/openid-configuration';
const jwksPath = '/openid/v1/jwks';
const limitMs = 5000;
const maxBytes = 16 * 1024 * 1024;

/** The API server's side of things, and what of it could not be seen. */
export interface ApiServerLook {
  readonly fact: ApiServerFact;
  readonly gaps: readonly Gap[];
}

/** Through kubectl: the documents by the user's own rights, the flags from the API server's pods or the manifest file. */
export async function readApiServer(
  manifest: string | undefined,
  io: CliIo,
): Promise<ApiServerLook> {
  const gaps: Gap[] = [];
  const ask = askKubectl(io, gaps);
  const [discovery, jwks, servers] = await Promise.all([
    ask('the API server’s discovery document', ['get', '--raw', discoveryPath]),
    ask('the API server’s keys', ['get', '--raw', jwksPath]),
    manifest === undefined ? readPods(ask, gaps) : readManifest(manifest, io),
  ]);
  return { fact: factOf(discovery, jwks, servers), gaps };
}

/** The flags alone, on a control-plane node without kubectl. */
export async function readApiServerManifest(manifest: string, io: CliIo): Promise<ApiServerLook> {
  return { fact: { servers: await readManifest(manifest, io) }, gaps: [] };
}

/** From inside a pod: every ServiceAccount may read the two documents, with the token that each pod has. */
export async function readApiServerFromPod(io: CliIo): Promise<ApiServerLook | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = io.env;
  if (host === undefined || host === '') return undefined;
  const { readFile } = await import('node:fs/promises');
  const folder = io.podServiceAccountFolder ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const gaps: Gap[] = [];
  const server = { host, port };
  let access: { readonly token: string; readonly ca: string };
  try {
    const [token, ca] = await Promise.all(
      ['token', 'ca.crt'].map((name) => readFile(`${folder}/${name}`, 'utf8')),
    );
    access = { token: (token ?? '').trim(), ca: ca ?? '' };
  } catch {
    return {
      fact: {},
      gaps: [
        { what: 'the API server', why: `no token in ${folder} (automountServiceAccountToken)` },
      ],
    };
  }
  const ask = async (what: string, path: string): Promise<unknown> => {
    try {
      const { status, body } = await getWithToken({ ...server, path }, access);
      if (status === 404) return null;
      if (status === 200) return JSON.parse(body) as unknown;
      gaps.push({ what, why: `HTTP ${status}` });
    } catch (error) {
      gaps.push({ what, why: rootCause(error).code });
    }
    return undefined;
  };
  const [discovery, jwks] = await Promise.all([
    ask('the API server’s discovery document', discoveryPath),
    ask('the API server’s keys', jwksPath),
  ]);
  return { fact: factOf(discovery, jwks, undefined), gaps };
}

const factOf = (
  discovery: unknown,
  jwks: unknown,
  servers: readonly ApiServerFlags[] | undefined,
): ApiServerFact => ({
  ...(discovery === undefined ? {} : { discovery }),
  ...(jwks === undefined || jwks === null ? {} : { jwks }),
  ...(servers === undefined ? {} : { servers }),
});

async function readPods(
  ask: AskKubectl,
  gaps: Gap[],
): Promise<readonly ApiServerFlags[] | undefined> {
  const pods = await ask('the API server’s flags', ['get', 'pods', '-n', 'kube-system']);
  if (pods === undefined) return undefined;
  const servers = expandLists(pods).flatMap(flagsOf);
  if (servers.length === 0)
    gaps.push({
      what: 'the API server’s flags',
      why: 'no kube-apiserver pod in kube-system (managed, k3s or a service of the node); pass --api-server-manifest where you have its static pod',
    });
  return servers;
}

async function readManifest(file: string, io: CliIo): Promise<readonly ApiServerFlags[]> {
  return (await readDocuments(file, io)).flatMap(expandLists).flatMap(flagsOf);
}

/** The command line of a pod's kube-apiserver container. */
function flagsOf(pod: KubernetesObject): ApiServerFlags[] {
  const { containers } = (pod['spec'] ?? {}) as { readonly containers?: unknown };
  return listOf(containers).flatMap((container) => {
    const { name, command, args } = container as Readonly<Record<string, unknown>>;
    const line = [...listOf(command), ...listOf(args)].filter((one) => typeof one === 'string');
    return name === 'kube-apiserver' || /(?:^|\/)kube-apiserver$/.test(line[0] ?? '')
      ? [{ name: pod.metadata?.name ?? 'kube-apiserver', args: line }]
      : [];
  });
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]).filter((one) => one !== null) : [];

async function getWithToken(
  at: { readonly host: string; readonly port: string; readonly path: string },
  { token, ca }: { readonly token: string; readonly ca: string },
): Promise<{ readonly status: number; readonly body: string }> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const call = request(
      {
        ...at,
        ca,
        timeout: limitMs,
        agent: false,
        headers: { authorization: `Bearer ${token}`, accept: '*/*' },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
          if (body.length > maxBytes) call.destroy(new Error('the answer is too large'));
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
        });
        response.on('error', reject);
      },
    );
    call.on('timeout', () => {
      call.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    });
    call.on('error', reject);
    call.end();
  });
}
