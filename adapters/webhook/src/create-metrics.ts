import type { SkipReason } from 'irsa/patch';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestEvent } from './types.js';

/** What is read when Prometheus asks, not before. */
export interface MetricSources {
  readonly inFlight: () => number;
  readonly serviceAccounts: () => number;
  /** Seconds without an open watch, by resource. */
  readonly behindSeconds: () => Readonly<Record<string, number>>;
  readonly ready: () => boolean;
  /** End of the certificates in use, in seconds since 1970, by kind (`serving`, `authority`). */
  readonly certificateExpiry: () => Readonly<Record<string, number>>;
  /** Whether an input cannot be used now, by source. */
  readonly brokenInputs: () => Readonly<Record<string, boolean>>;
}

/** The counters of the program and their text. */
export interface Metrics {
  readonly contentType: string;
  readonly text: () => Promise<string>;
  readonly request: (event: RequestEvent) => void;
  readonly lookup: (result: string) => void;
  watch(resource: string, event: string): void;
  /** A connection that was dropped before its handshake. */
  readonly drop: () => void;
  /** Something outside that cannot be used: a certificate, the role mappings, the identities file. */
  fault(source: string): void;
}

/** From a tenth of the usual 0.3 ms to the longest timeout that a webhook may have, 30 s. */
const latencyBuckets = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];

/** Every skip reason; the type sees to it that none is missing. */
const skipReasons: Readonly<Record<SkipReason, true>> = {
  'no-service-account': true,
  'no-role-arn': true,
  'invalid-role-arn': true,
  'already-injected': true,
  'no-container-selected': true,
  'opted-out': true,
  'mirror-pod': true,
  'no-token-volume': true,
  'not-a-pod': true,
  'operation-not-handled': true,
};
const decisions: readonly string[] = [
  ...['mutated', 'rejected', ...Object.keys(skipReasons)],
  ...['method', 'media-type', 'too-large', 'not-json', 'not-a-review', 'aborted'],
  ...['not-ready', 'overloaded', 'lookup-failed', 'failed'],
];

/**
 * Creates the metrics. Every label has a closed set of values: nothing that a client sends becomes one (the Go webhook labels with the
 * HTTP method, whatever it says).
 */
export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = tally(registry, ['route', 'status'], {
    name: 'irsa_webhook_http_requests_total',
    help: 'HTTP requests by route and status',
    from: [200, 400, 413, 415, 499, 500, 503].map((status) => `mutate ${status}`),
  });
  const reviews = tally(registry, ['decision'], {
    name: 'irsa_webhook_reviews_total',
    help: 'Admission reviews by decision: mutated, a skip reason, rejected, or why none was made',
    from: decisions,
  });
  const seconds = new Histogram({
    name: 'irsa_webhook_review_duration_seconds',
    help: 'From the headers of a review to its answer',
    buckets: latencyBuckets,
    registers,
  });
  const lookups = tally(registry, ['result'], {
    name: 'irsa_webhook_service_account_lookups_total',
    help: 'ServiceAccount lookups by result: hit, remembered, found, absent, failed',
    from: ['hit', 'remembered', 'found', 'absent', 'failed'],
  });
  const watches = tally(registry, ['resource', 'event'], {
    name: 'irsa_webhook_watch_events_total',
    help: 'Turns of the Kubernetes watches: listed, watching, lost, expired, failed',
    from: ['listed', 'watching', 'lost', 'expired', 'failed'].map(
      (event) => `serviceaccounts ${event}`,
    ),
  });
  const faults = tally(registry, ['source'], {
    name: 'irsa_webhook_faults_total',
    help: 'Inputs that could not be used and were left as they were, by source',
    from: ['certificate', 'role-mappings', 'identities-file'],
  });
  const drops = new Counter({
    name: 'irsa_webhook_dropped_connections_total',
    help: 'Connections dropped before their TLS handshake, because as many as are allowed were open',
    registers,
  });
  gauge(registry, 'irsa_webhook_in_flight_requests', 'Reviews held now', sources.inFlight);
  gauge(
    registry,
    'irsa_webhook_service_accounts',
    'ServiceAccounts in the cache',
    sources.serviceAccounts,
  );
  gauge(registry, 'irsa_webhook_ready', '1 when reviews are answered', () =>
    sources.ready() ? 1 : 0,
  );
  gaugeBy(registry, 'resource', {
    name: 'irsa_webhook_cache_behind_seconds',
    help: 'Seconds without an open watch; 0 while one is open',
    read: sources.behindSeconds,
  });
  gaugeBy(registry, 'source', {
    name: 'irsa_webhook_input_broken',
    help: '1 while an input cannot be used and the last good one is in force',
    read: () =>
      Object.fromEntries(
        Object.entries(sources.brokenInputs()).map(([source, is]) => [source, is ? 1 : 0]),
      ),
  });
  gaugeBy(registry, 'kind', {
    name: 'irsa_webhook_certificate_expiry_timestamp_seconds',
    help: 'When the certificate in use ends',
    read: sources.certificateExpiry,
  });

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: ({ route, status, decision, seconds: taken }) => {
      requests(`${route} ${status}`);
      if (route !== 'mutate') return;
      reviews(decision);
      seconds.observe(taken);
    },
    lookup: lookups,
    watch: (resource, event) => {
      watches(`${resource} ${event}`);
    },
    drop: () => {
      drops.inc();
    },
    fault: faults,
  };
}

/**
 * A counter whose labels' values come as one text with spaces between. It counts in a map and hands prom-client the totals when Prometheus asks:
 * `Counter.inc` checks, sorts and joins its labels each time, which for the counters of a review is a hundredth of what it costs.
 * The values of `from` are there with 0 from the start: Prometheus sees no increase from a series that was not there, so the first fault
 * would raise no alert.
 */
function tally(
  registry: Registry,
  labelNames: readonly string[],
  {
    name,
    help,
    from,
  }: { readonly name: string; readonly help: string; readonly from: readonly string[] },
): (values: string) => void {
  const counts = new Map<string, number>(from.map((values) => [values, 0]));
  new Counter({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset();
      for (const [values, count] of counts) this.labels(...values.split(' ')).inc(count);
    },
  });
  return (values) => {
    counts.set(values, (counts.get(values) ?? 0) + 1);
  };
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}

function gaugeBy(
  registry: Registry,
  label: string,
  options: {
    readonly name: string;
    readonly help: string;
    readonly read: () => Readonly<Record<string, number>>;
  },
): void {
  new Gauge({
    name: options.name,
    help: options.help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, number] of Object.entries(options.read()))
        this.set({ [label]: value }, number);
    },
  });
}
