import { X509Certificate } from 'node:crypto';
import { CertificateError } from 'irsa/errors';
import { keepSelfManagedCertificate } from './certificates/keep-self-managed-certificate.js';
import { errorField, type Logger } from './create-logger.js';
import { createMetrics, type Metrics } from './create-metrics.js';
import { createRequestLog } from './create-request-log.js';
import { createRoleMappingStore } from './identities/create-role-mapping-store.js';
import { createServiceAccountLookup } from './identities/create-service-account-lookup.js';
import { createServiceAccountStore } from './identities/create-service-account-store.js';
import { watchIdentitiesFile, type WatchedIdentities } from './identities/watch-identities-file.js';
import { createKubernetesClient } from './kubernetes/create-kubernetes-client.js';
import { listAndWatch, type RunningWatch, type WatchStore } from './kubernetes/list-and-watch.js';
import type { KubernetesClient, LoadClusterAccess } from './kubernetes/types.js';
import type { WebhookOptions } from './parse-options.js';
import { startMetricsServer } from './start-metrics-server.js';
import { startWebhookServer } from './start-webhook-server.js';
import type { CertificatePair, WebhookServer } from './types.js';
import { watchCertificate } from './watch-certificate.js';

/** A cache that has heard nothing for this long is said to be behind; reconnecting takes seconds. */
const behindNoticeSeconds = 60;

/** What {@link runWebhook} needs beside its options. */
export interface RunWebhookOptions {
  readonly options: WebhookOptions;
  readonly loadAccess: LoadClusterAccess;
  readonly log: Logger;
  /** Intervals that tests shorten. */
  readonly pollMs?: number;
  readonly silentMs?: number;
  readonly trustDelaySeconds?: number;
}

/** The running program. */
export interface RunningWebhook {
  readonly url: string;
  readonly port: number;
  readonly metricsPort: number;
  close(): Promise<void>;
}

/** Everything that is stopped at the end, newest first. */
type Stops = (() => unknown)[];

/** Runs the whole program: Kubernetes watches, certificates, metrics and the admission server. */
export async function runWebhook(run: RunWebhookOptions): Promise<RunningWebhook> {
  const { options, log } = run;
  const stops: Stops = [];
  try {
    return await start(run, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  } finally {
    for (const note of options.notes) log.warn('flag without effect', { note });
  }
}

async function start(run: RunWebhookOptions, stops: Stops): Promise<RunningWebhook> {
  const { options, log, loadAccess } = run;
  const client = createKubernetesClient(loadAccess);
  stops.push(client.close);
  const accounts = createServiceAccountStore(options.settings.annotationDomain);
  const roleMappings = createRoleMappingStore({
    name: options.roleMappingConfigMap ?? '',
    onError: (error) => {
      fault('role-mappings', error);
    },
    onRead: () => {
      mended('role-mappings');
    },
  });
  const broken: Record<string, boolean> = {};
  const watches = new Map<string, RunningWatch>();
  const certificate: { expiry: Record<string, number>; pair?: CertificatePair } = { expiry: {} };
  const running: { server?: WebhookServer } = {};
  let isClosing = false;

  const behindSeconds = (): Record<string, number> =>
    Object.fromEntries([...watches].map(([name, watch]) => [name, watch.behindSeconds()]));
  let identities: WatchedIdentities | undefined;
  const notReady = (): string | undefined => {
    for (const [name, watch] of watches) if (!watch.isSynced()) return `${name} are not listed yet`;
    return identities !== undefined && identities.associations() === undefined
      ? 'the identities file could not be read yet'
      : undefined;
  };
  const metrics: Metrics = createMetrics({
    inFlight: () => running.server?.inFlight() ?? 0,
    serviceAccounts: () => accounts.size,
    behindSeconds,
    ready: () => running.server !== undefined && !isClosing && notReady() === undefined,
    certificateExpiry: () => certificate.expiry,
    brokenInputs: () => broken,
  });
  const fault = (source: string, error: unknown): void => {
    metrics.fault(source);
    broken[source] = true;
    log.error('input not usable, the last good one stays', { source, error: errorField(error) });
  };
  const mended = (source: string): void => {
    broken[source] = false;
  };
  const watch = (name: string, path: string, store: WatchStore, fieldSelector?: string): void => {
    const started = startWatch({ run, client, metrics, name, path, store, fieldSelector });
    watches.set(name, started);
    stops.push(started.stop);
  };
  watch('serviceaccounts', '/api/v1/serviceaccounts', accounts);
  if (options.roleMappingConfigMap !== undefined) {
    const path = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}/configmaps`;
    watch('configmaps', path, roleMappings, `metadata.name=${options.roleMappingConfigMap}`);
  }
  if (options.identitiesFile !== undefined) {
    identities = await watchIdentitiesFile({
      file: options.identitiesFile,
      onError: (error) => {
        fault('identities-file', error);
      },
      onMended: () => {
        mended('identities-file');
      },
      ...(run.pollMs !== undefined && { pollMs: run.pollMs }),
    });
    stops.push(identities.stop);
  }

  const metricsServer = await startMetricsServer({
    host: options.bindAddress,
    port: options.metricsPort,
    contentType: metrics.contentType,
    text: metrics.text,
  });
  stops.push(metricsServer.close);

  const onPair = (pair: CertificatePair): void => {
    running.server?.setCertificate(pair);
    certificate.pair = pair;
    const { validTo, serialNumber } = new X509Certificate(pair.certificatePem);
    certificate.expiry['serving'] = new Date(validTo).getTime() / 1000;
    log.info('serving certificate in use', { serialNumber, validTo });
  };
  await startCertificates({
    ...{ run, client, stops, fault, mended, onPair },
    expiry: certificate.expiry,
  });
  if (certificate.pair === undefined) {
    throw new CertificateError(
      `serving certificate: expected a usable pair in ${options.tlsCert} and ${options.tlsKey}, got none; see the log above, --tls-cert and --tls-key`,
    );
  }
  const requestLog = createRequestLog(log);
  const server = await startWebhookServer({
    certificate: certificate.pair,
    tls: {
      minVersion: options.tlsMinVersion,
      ...(options.tlsCiphers !== undefined && { ciphers: options.tlsCiphers }),
    },
    host: options.bindAddress,
    port: options.port,
    findServiceAccount: createServiceAccountLookup({
      store: accounts,
      client,
      annotationDomain: options.settings.annotationDomain,
      timeoutMs: options.lookupTimeoutMs,
      observe: metrics.lookup,
    }),
    settings: options.settings,
    roleMappings: roleMappings.mappings,
    ...(identities !== undefined && { podIdentityAssociations: identities.associations }),
    notReady,
    notice: () => noticeOf(watches.values()),
    observe: (event) => {
      metrics.request(event);
      requestLog(event);
    },
    maxInFlight: options.maxInFlight,
    onDrop: metrics.drop,
  });
  running.server = server;
  const { url, port } = server;
  log.info('listening', { port, metricsPort: metricsServer.port });
  return {
    url,
    port,
    metricsPort: metricsServer.port,
    close: async () => {
      isClosing = true;
      log.info('shutting down', { lameDuckMs: options.lameDuckMs });
      await server.close({ lameDuckMs: options.lameDuckMs, drainMs: options.drainMs });
      await stopAll(stops);
      log.info('stopped');
    },
  };
}

/** Everything is told before anything is waited for: the client, the last one, then ends the calls that the others wait for. */
async function stopAll(stops: Stops): Promise<void> {
  await Promise.all(
    stops
      .splice(0)
      .reverse()
      .map((stop) => stop()),
  );
}

function startWatch(task: {
  readonly run: RunWebhookOptions;
  readonly client: KubernetesClient;
  readonly metrics: Metrics;
  readonly name: string;
  readonly path: string;
  readonly store: WatchStore;
  readonly fieldSelector: string | undefined;
}): RunningWatch {
  const { run, client, metrics, name, path, store, fieldSelector } = task;
  return listAndWatch({
    client,
    path,
    store,
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(run.silentMs !== undefined && { silentMs: run.silentMs }),
    observe: (event) => {
      metrics.watch(name, event.kind);
      if (event.kind === 'failed') {
        run.log.warn('watch failed, trying again', {
          resource: name,
          error: errorField(event.error),
        });
      } else if (event.kind === 'listed') {
        const { pages, seconds } = event;
        run.log.info('listed', { resource: name, pages, seconds: Number(seconds.toFixed(3)) });
      } else {
        run.log.debug('watch', { resource: name, event: event.kind });
      }
    },
  });
}

async function startCertificates(task: {
  readonly run: RunWebhookOptions;
  readonly client: KubernetesClient;
  readonly stops: Stops;
  readonly fault: (source: string, error: unknown) => void;
  readonly mended: (source: string) => void;
  readonly onPair: (pair: CertificatePair) => void;
  readonly expiry: Record<string, number>;
}): Promise<void> {
  const { run, client, stops, fault, mended, onPair, expiry } = task;
  const { options, log, pollMs, trustDelaySeconds } = run;
  const onError = (error: unknown): void => {
    fault('certificate', error);
  };
  const onMended = (): void => {
    mended('certificate');
  };
  if (options.certificates === 'provided') {
    const watched = await watchCertificate({
      certificateFile: options.tlsCert,
      privateKeyFile: options.tlsKey,
      onPair,
      onError,
      onMended,
      ...(pollMs !== undefined && { pollMs }),
    });
    stops.push(watched.stop);
    return;
  }
  const kept = keepSelfManagedCertificate({
    client,
    namespace: options.namespace,
    serviceName: options.serviceName,
    secretName: options.tlsSecret,
    webhookConfigurationName: options.webhookConfiguration,
    onPair: (pair) => {
      onPair(pair);
      const authority = kept.authorityExpiry();
      if (authority !== undefined) expiry['authority'] = authority.getTime() / 1000;
    },
    onStep: (step, because) => {
      log.info('certificate step done', { step, because });
    },
    onError,
    onLooked: onMended,
    ...(pollMs !== undefined && { pollMs }),
    ...(trustDelaySeconds !== undefined && { trustDelaySeconds }),
  });
  stops.push(kept.stop);
  await kept.ready;
}

function noticeOf(watches: Iterable<RunningWatch>): string | undefined {
  let seconds = 0;
  for (const watch of watches) seconds = Math.max(seconds, watch.behindSeconds());
  return seconds < behindNoticeSeconds
    ? undefined
    : `irsa-webhook has heard nothing from the API server for ${Math.round(seconds)} s: newer changes of ServiceAccounts do not count yet`;
}
