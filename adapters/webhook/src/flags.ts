/** One flag of the program. */
export interface Flag {
  readonly kind: 'text' | 'number' | 'switch' | 'duration';
  /** As text; durations as Go writes them. */
  readonly default?: string;
  readonly help: string;
  /** Accepted, so that command lines of the Go webhook go on working, and said to have no effect. */
  readonly ignored?: true;
}

/** A flag's name. */
export type FlagName =
  | 'port'
  | 'bind-address'
  | 'metrics-port'
  | 'kubeconfig'
  | 'kube-api'
  | 'namespace'
  | 'service-name'
  | 'certificates'
  | 'tls-cert'
  | 'tls-key'
  | 'tls-secret'
  | 'webhook-configuration'
  | 'tls-min-version'
  | 'tls-cipher-suites'
  | 'annotation-prefix'
  | 'token-audience'
  | 'token-mount-path'
  | 'token-expiration'
  | 'aws-default-region'
  | 'sts-regional-endpoint'
  | 'compose-role-arn'
  | 'account-id'
  | 'watch-config-map'
  | 'config-map-name'
  | 'watch-container-credentials-config'
  | 'container-credentials-audience'
  | 'container-credentials-token-mount-path'
  | 'container-credentials-token-volume-name'
  | 'container-credentials-token-path'
  | 'container-credentials-full-uri'
  | 'service-account-lookup-grace-period'
  | 'behavior'
  | 'invalid-identity'
  | 'role-session-name'
  | 'max-in-flight'
  | 'lame-duck'
  | 'drain-timeout'
  | 'log-level'
  | 'in-cluster'
  | 'resync-period'
  | 'enable-debugging-handlers'
  | GoLoggingFlag;

/** The flags of Go's klog. */
type GoLoggingFlag =
  | 'add_dir_header'
  | 'alsologtostderr'
  | 'alsologtostderrthreshold'
  | 'legacy_stderr_threshold_behavior'
  | 'log_backtrace_at'
  | 'log_dir'
  | 'log_file'
  | 'log_file_max_size'
  | 'logtostderr'
  | 'one_output'
  | 'skip_headers'
  | 'skip_log_headers'
  | 'stderrthreshold'
  | 'v'
  | 'vmodule';

const logText: Flag = {
  kind: 'text',
  ignored: true,
  help: 'see --log-level; logs go to standard output',
};
const logSwitch: Flag = { ...logText, kind: 'switch' };

/**
 * The flags. Those of amazon-eks-pod-identity-webhook bear its names, meanings and defaults; `ignored` ones have nothing left to do here.
 * Each is an environment variable too: `--token-audience` is IRSA_WEBHOOK_TOKEN_AUDIENCE.
 */
export const flags: Readonly<Record<FlagName, Flag>> = {
  port: { kind: 'number', default: '443', help: 'port of the admission server' },
  'bind-address': {
    kind: 'text',
    help: 'address of both servers; default every one, IPv4 and IPv6',
  },
  'metrics-port': { kind: 'number', default: '9999', help: 'port of /metrics (plain HTTP)' },
  kubeconfig: { kind: 'text', help: 'kubeconfig file, outside of a cluster' },
  'kube-api': { kind: 'text', help: 'https URL of the API server, in place of the kubeconfig’s' },
  namespace: { kind: 'text', default: 'eks', help: 'namespace of this webhook' },
  'service-name': {
    kind: 'text',
    default: 'pod-identity-webhook',
    help: 'Service of this webhook',
  },
  certificates: {
    kind: 'text',
    default: 'provided',
    help: 'provided or cert-manager (read from --tls-cert and --tls-key) or self-managed (kept in --tls-secret)',
  },
  'tls-cert': {
    kind: 'text',
    default: '/etc/webhook/certs/tls.crt',
    help: 'certificate chain, PEM',
  },
  'tls-key': { kind: 'text', default: '/etc/webhook/certs/tls.key', help: 'private key, PEM' },
  'tls-secret': {
    kind: 'text',
    default: 'pod-identity-webhook',
    help: 'Secret of the self-managed certificates',
  },
  'webhook-configuration': {
    kind: 'text',
    default: 'pod-identity-webhook',
    help: 'MutatingWebhookConfiguration whose caBundle is kept (self-managed)',
  },
  'tls-min-version': {
    kind: 'text',
    default: '1.2',
    help: '1.2 or 1.3 (VersionTLS12, VersionTLS13)',
  },
  'tls-cipher-suites': { kind: 'text', help: 'comma-separated IANA or OpenSSL names' },
  'annotation-prefix': {
    kind: 'text',
    default: 'eks.amazonaws.com',
    help: 'domain of the annotations',
  },
  'token-audience': { kind: 'text', default: 'sts.amazonaws.com', help: 'audience of the tokens' },
  'token-mount-path': {
    kind: 'text',
    default: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
    help: 'where the token is mounted',
  },
  'token-expiration': {
    kind: 'number',
    default: '86400',
    help: 'lifetime of the tokens in seconds',
  },
  'aws-default-region': { kind: 'text', help: 'AWS_REGION and AWS_DEFAULT_REGION of the pods' },
  'sts-regional-endpoint': {
    kind: 'switch',
    default: 'false',
    help: 'let pods use the STS of their region',
  },
  'compose-role-arn': {
    kind: 'switch',
    default: 'false',
    help: 'take role names for ARNs; needs --account-id',
  },
  'account-id': { kind: 'text', help: 'account of composed role ARNs' },
  'watch-config-map': {
    kind: 'switch',
    default: 'false',
    help: 'read role mappings from a ConfigMap',
  },
  'config-map-name': { kind: 'text', default: 'pod-identity-webhook', help: 'that ConfigMap' },
  'watch-container-credentials-config': {
    kind: 'text',
    help: 'identities file of EKS Pod Identity',
  },
  'container-credentials-audience': {
    kind: 'text',
    default: 'pods.eks.amazonaws.com',
    help: 'its audience',
  },
  'container-credentials-token-mount-path': {
    kind: 'text',
    default: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    help: 'where its token is mounted',
  },
  'container-credentials-token-volume-name': {
    kind: 'text',
    default: 'eks-pod-identity-token',
    help: 'its volume',
  },
  'container-credentials-token-path': {
    kind: 'text',
    default: 'eks-pod-identity-token',
    help: 'its file in the volume',
  },
  'container-credentials-full-uri': {
    kind: 'text',
    default: 'http://169.254.170.23/v1/credentials',
    help: 'its agent',
  },
  'service-account-lookup-grace-period': {
    kind: 'duration',
    default: '1s',
    help: 'how long a review waits for an unknown ServiceAccount to be read; 0 never reads',
  },
  behavior: {
    kind: 'text',
    default: 'standard',
    help: 'standard or eks (as the Go webhook decides)',
  },
  'invalid-identity': {
    kind: 'text',
    default: 'warn',
    help: 'warn or reject, for role ARNs that are none',
  },
  'role-session-name': { kind: 'switch', default: 'false', help: 'set AWS_ROLE_SESSION_NAME' },
  'max-in-flight': { kind: 'number', default: '1000', help: 'reviews held at once; more are shed' },
  'lame-duck': {
    kind: 'duration',
    default: '5s',
    help: 'still answering after SIGTERM, not ready any more',
  },
  'drain-timeout': { kind: 'duration', default: '10s', help: 'then for reviews in flight' },
  'log-level': { kind: 'text', default: 'info', help: 'debug, info, warn or error' },
  'in-cluster': { kind: 'switch', ignored: true, help: 'see --certificates' },
  'resync-period': { kind: 'duration', ignored: true, help: 'a watch needs no resync' },
  'enable-debugging-handlers': { kind: 'switch', ignored: true, help: 'there are none' },
  add_dir_header: logSwitch,
  alsologtostderr: logSwitch,
  alsologtostderrthreshold: logText,
  legacy_stderr_threshold_behavior: logSwitch,
  log_backtrace_at: logText,
  log_dir: logText,
  log_file: logText,
  log_file_max_size: logText,
  logtostderr: logSwitch,
  one_output: logSwitch,
  skip_headers: logSwitch,
  skip_log_headers: logSwitch,
  stderrthreshold: logText,
  v: logText,
  vmodule: logText,
};
