import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKubernetesClient } from '../clients/kubernetes-client.js';
import type { KubernetesClient } from '../clients/kubernetes-client.js';
import { sendHttps } from '../clients/send-https.js';
import { addresses } from './hosts.js';
import type { Certificates } from './make-certificates.js';
import { startProcess } from './start-process.js';
import type { RunningProcess } from './start-process.js';

/** A running kube-apiserver and the administrator's way into it. */
export interface ApiServer {
  readonly server: string;
  readonly adminToken: string;
  readonly client: KubernetesClient;
  readonly kubeconfig: string;
  readonly process: RunningProcess;
  stop(): Promise<void>;
}

/** The flags that decide whose tokens the API server signs and takes. */
export interface ServiceAccountFlags {
  /** The first signs. */
  readonly issuers: readonly string[];
  readonly signingKeyFile: string;
  readonly verificationKeyFiles: readonly string[];
  readonly jwksUri?: string;
  readonly apiAudiences?: readonly string[];
  /** Anything else, whole flags. */
  readonly others?: readonly string[];
}

/** The flags as kube-apiserver takes them. */
export function serviceAccountArguments(flags: ServiceAccountFlags): string[] {
  const audiences = flags.apiAudiences ?? ['https://kubernetes.default.svc.cluster.local'];
  return [
    ...flags.issuers.map((issuer) => `--service-account-issuer=${issuer}`),
    `--service-account-signing-key-file=${flags.signingKeyFile}`,
    ...flags.verificationKeyFiles.map((file) => `--service-account-key-file=${file}`),
    ...(flags.jwksUri === undefined ? [] : [`--service-account-jwks-uri=${flags.jwksUri}`]),
    `--api-audiences=${audiences.join(',')}`,
    ...(flags.others ?? []),
  ];
}

/** Starts kube-apiserver on an etcd prefix of its own and waits for /readyz. */
export async function startApiServer(options: {
  readonly name: string;
  readonly binary: string;
  readonly port: number;
  readonly etcd: string;
  /** API servers with one prefix are replicas of one cluster; default: the name. */
  readonly prefix?: string;
  readonly certificates: Certificates;
  readonly data: string;
  readonly logs: string;
  /** The service-account flags, whole. */
  readonly serviceAccountArguments: readonly string[];
}): Promise<ApiServer> {
  const { name, certificates, data } = options;
  const server = `https://127.0.0.1:${options.port}`;
  const adminToken = randomBytes(16).toString('hex');
  const tokens = join(data, `${name}.tokens.csv`);
  writeFileSync(tokens, `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
  const process = await startProcess({
    name,
    command: options.binary,
    args: [
      `--etcd-servers=${options.etcd}`,
      `--etcd-prefix=/${options.prefix ?? name}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${options.port}`,
      // There is no default route to learn an address from.
      `--advertise-address=${addresses.s3}`,
      `--tls-cert-file=${certificates.certFile}`,
      `--tls-private-key-file=${certificates.keyFile}`,
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.0.0.0/24',
      `--cert-dir=${join(data, `${name}.certs`)}`,
      ...options.serviceAccountArguments,
    ],
    env: {},
    logs: options.logs,
    readyWithinMs: 120_000,
    ready: async () =>
      (await sendHttps({ url: `${server}/readyz`, ca: certificates.ca })).status === 200,
  });
  const client = createKubernetesClient({ server, token: adminToken, ca: certificates.ca });
  const kubeconfig = writeKubeconfig({
    file: join(data, `${name}.kubeconfig`),
    server,
    caFile: certificates.caFile,
    token: adminToken,
  });
  return {
    server,
    adminToken,
    client,
    kubeconfig,
    process,
    stop: async () => {
      client.close();
      await process.stop();
    },
  };
}

/** Writes a kubeconfig with a bearer token (JSON is YAML) and returns its path. */
export function writeKubeconfig(options: {
  readonly file: string;
  readonly server: string;
  readonly caFile: string;
  readonly token: string;
}): string {
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'e2e',
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e', namespace: 'default' } }],
    clusters: [
      {
        name: 'e2e',
        cluster: { server: options.server, 'certificate-authority': options.caFile },
      },
    ],
    users: [{ name: 'e2e', user: { token: options.token } }],
  };
  writeFileSync(options.file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return options.file;
}
