import type { CliIo } from '../types.js';
import type { Gap } from './types.js';

const limitMs = 10_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** What the cluster shows of a pod or a ServiceAccount. */
export interface ClusterFacts {
  readonly pod?: unknown;
  readonly serviceAccount?: unknown;
  readonly webhookConfiguration?: unknown;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly events?: readonly unknown[];
  /** A fresh token of the ServiceAccount, ten minutes long. */
  readonly token?: string;
  readonly gaps: readonly Gap[];
}

interface Answer {
  readonly text?: string;
  readonly error?: string;
}

/** Runs kubectl (or what KUBECTL names): it brings the user's own access, whatever kind it is. */
async function kubectl(args: readonly string[], io: CliIo): Promise<Answer> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    const options = { timeout: limitMs, maxBuffer: maxOutputBytes, env: { ...io.env } };
    execFile(io.env['KUBECTL'] ?? 'kubectl', [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ text: stdout });
      else
        resolve({
          error:
            error.code === 'ENOENT'
              ? 'there is no kubectl here'
              : stderr.trim().slice(0, 300) || error.message,
        });
    });
  });
}

/** Reads what concerns one pod, or one ServiceAccount; what is refused becomes a gap. */
export async function readCluster(
  target: { readonly pod?: string; readonly serviceAccount?: string; readonly audience: string },
  io: CliIo,
): Promise<ClusterFacts> {
  const gaps: Gap[] = [];
  const read = async (what: string, args: readonly string[]): Promise<unknown> => {
    const { text, error } = await kubectl([...args, '-o', 'json'], io);
    if (text !== undefined) return JSON.parse(text) as unknown;
    if (/not ?found/i.test(error ?? '') && error?.includes('no kubectl') !== true) return null;
    gaps.push({ what, why: error ?? '' });
    return undefined;
  };
  const [namespace = 'default', name = ''] = (target.pod ?? target.serviceAccount ?? '').split('/');
  const pod =
    target.pod === undefined
      ? undefined
      : await read(`pod ${target.pod}`, ['get', 'pod', name, '-n', namespace]);
  const accountName = target.serviceAccount?.split('/')[1] ?? serviceAccountNameOf(pod);
  const [serviceAccount, webhookConfiguration, home, events] = await Promise.all([
    accountName === undefined
      ? undefined
      : read('the ServiceAccount', ['get', 'serviceaccount', accountName, '-n', namespace]),
    read('webhook configurations', ['get', 'mutatingwebhookconfigurations']),
    read('the namespace', ['get', 'namespace', namespace]),
    read('events', ['get', 'events', '-n', namespace]),
  ]);
  const minted =
    accountName === undefined
      ? {}
      : await kubectl(
          [
            'create',
            'token',
            accountName,
            '-n',
            namespace,
            '--audience',
            target.audience,
            '--duration',
            '10m',
          ],
          io,
        );
  if (minted.error !== undefined)
    gaps.push({ what: 'a token of the ServiceAccount', why: minted.error });
  const labels = (
    home as
      | { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } }
      | null
      | undefined
  )?.metadata?.labels;
  const items = (events as { readonly items?: readonly unknown[] } | null | undefined)?.items;
  return {
    gaps,
    ...(pod === undefined || pod === null ? {} : { pod }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(webhookConfiguration === undefined ? {} : { webhookConfiguration }),
    ...(labels === undefined ? {} : { namespaceLabels: labels }),
    ...(items === undefined ? {} : { events: items }),
    ...(minted.text === undefined ? {} : { token: minted.text.trim() }),
  };
}

const serviceAccountNameOf = (pod: unknown): string | undefined => {
  const spec = (
    pod as { readonly spec?: { readonly serviceAccountName?: unknown } } | null | undefined
  )?.spec;
  if (spec === undefined) return undefined;
  return typeof spec.serviceAccountName === 'string' && spec.serviceAccountName !== ''
    ? spec.serviceAccountName
    : 'default';
};
