import { LocalAwsError } from '../errors.js';
import { partitionOf } from '../names/partition.js';
import type { Account } from './account.js';
import { answerRequest, errorReply, targetOf, type Answer, type Target } from './answer-request.js';
import { createFaultList } from './choose-fault.js';
import type { AwsRequest } from './exchange.js';
import { setUpLocalAws } from './set-up-local-aws.js';
import { startFetch } from './start-fetch.js';
import { startServer, type Outcome } from './start-server.js';
import type {
  LocalAws,
  LocalAwsFault,
  LocalAwsOptions,
  LoggedRequest,
  TlsIdentity,
} from './types.js';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Starts a local AWS in this process: STS, IAM and S3 on one https port, for the official clients of any language.
 * It really verifies: tokens against the issuer's documents, trust policies, request signatures, sessions' permissions.
 *
 * @throws {@link LocalAwsError} `ERR_LOCAL_AWS` when it cannot listen
 * @example
 * ```ts
 * import { startLocalAws } from 'irsa/testing';
 * const aws = await startLocalAws();
 * console.log(aws.env()); // { AWS_ENDPOINT_URL: 'https://127.0.0.1:…', AWS_REGION: 'us-west-2', … }
 * await aws.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | STS: AssumeRoleWithWebIdentity}
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const { accountId = '111122223333', region = 'us-west-2', port = 0 } = options;
  if (!/^\d{12}$/.test(accountId))
    throw new LocalAwsError(`accountId: expected 12 digits, got ${JSON.stringify(accountId)}`);
  if (typeof region !== 'string' || !/^[a-z]{2,4}(?:-[a-z]+)+-\d+$/.test(region)) {
    throw new LocalAwsError(
      `region: expected a region such as us-west-2, got ${JSON.stringify(region)}`,
      { path: 'region', expected: 'a region' },
    );
  }
  const tls = options.tls ?? (await localIdentity());
  const account = await createAccount(options, accountId, region);
  const faults = createFaultList(options.faults ?? []);
  const log: LoggedRequest[] = [];
  const server = await startServer({
    what: 'local AWS',
    port,
    tls,
    answer: async (request) => {
      const target = targetOf(request);
      const hits = faults.take(target.operation);
      const { outcome, answer } = await answerWithFaults(account, request, target, hits);
      log.push(logEntry(account, target, request, outcome, answer));
      return outcome;
    },
  });
  const endpoint = `${tls === false ? 'http' : 'https'}://127.0.0.1:${String(server.port)}`;
  return {
    endpoint,
    port: server.port,
    caPem: tls === false ? '' : tls.caBundlePem,
    accountId,
    region,
    administrator: account.administrator,
    ...setUpLocalAws(account),
    env: (environment = {}): Record<string, string> => {
      return {
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_EC2_METADATA_DISABLED: 'true',
        ...(environment.caFile === undefined
          ? {}
          : {
              NODE_EXTRA_CA_CERTS: environment.caFile,
              AWS_CA_BUNDLE: environment.caFile,
              SSL_CERT_FILE: environment.caFile,
            }),
        ...(environment.administrator === true
          ? {
              AWS_ACCESS_KEY_ID: account.administrator.accessKeyId,
              AWS_SECRET_ACCESS_KEY: account.administrator.secretAccessKey,
            }
          : {}),
      };
    },
    requests: () => [...log],
    setFault: (fault) => {
      faults.set(fault);
    },
    close: () => server.close(),
  };
}

async function localIdentity(): Promise<TlsIdentity> {
  const { generateServerIdentity } = await import('../certs/generate-server-identity.js');
  return generateServerIdentity({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    authorityCommonName: 'irsa local AWS',
  });
}

async function createAccount(
  options: LocalAwsOptions,
  accountId: string,
  region: string,
): Promise<Account> {
  const { createHash, randomBytes } = await import('node:crypto');
  const newId = (length: number): string =>
    Array.from(randomBytes(length), (byte) => alphabet.charAt(byte % alphabet.length)).join('');
  return {
    accountId,
    region,
    partition: partitionOf(region),
    administrator: { accessKeyId: `AKIA${newId(16)}`, secretAccessKey: newId(40) },
    providers: new Map(),
    roles: new Map(),
    buckets: new Map(),
    sessions: new Map(),
    issuerKeys: new Map(),
    jwksCacheSeconds: options.jwksCacheSeconds ?? 0,
    fetchDocument: await startFetch(options.fetchDocument, options.fetchTimeoutMs ?? 5000),
    now: options.now ?? ((): Date => new Date()),
    newId,
    md5: (bytes) => createHash('md5').update(bytes).digest('hex'),
  };
}

async function answerWithFaults(
  account: Account,
  request: AwsRequest,
  target: Target,
  hits: readonly LocalAwsFault[],
): Promise<{ outcome: Outcome; answer?: Answer }> {
  const skew = hits.find((fault) => fault.kind === 'clock-skew')?.seconds ?? 0;
  const expired = hits.some((fault) => fault.kind === 'expired');
  const now = (): Date => new Date(account.now().getTime() + skew * 1000);
  const refuse = (
    code: string,
    message: string,
    status: number,
  ): { outcome: Outcome; answer: Answer } => {
    const reply = errorReply(account, target.service, { code, message, status }, request);
    return { outcome: reply, answer: { reply, errorCode: code } };
  };
  for (const fault of hits) {
    if (fault.kind === 'hang' || fault.kind === 'reset') return { outcome: fault.kind };
    if (fault.kind === 'slow')
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs).unref());
    if (fault.kind === 'throttle') {
      return target.service === 's3'
        ? refuse('SlowDown', 'Please reduce your request rate.', 503)
        : refuse('Throttling', 'Rate exceeded', 400);
    }
    if (fault.kind === 'error')
      return refuse(fault.code, fault.message ?? fault.code, fault.status ?? 400);
    if (fault.kind === 'html') {
      const status = fault.status ?? 502;
      const body = `<html><head><title>${String(status)}</title></head><body><h1>proxy: ${String(status)}</h1></body></html>`;
      return { outcome: { status, headers: { 'content-type': 'text/html' }, body } };
    }
  }
  const answer = await answerRequest({ ...account, now }, request, target);
  const body =
    expired && typeof answer.reply.body === 'string'
      ? expireCredentials(answer.reply.body, now())
      : answer.reply.body;
  const reply = {
    ...answer.reply,
    ...(body === undefined ? {} : { body }),
    headers: { date: now().toUTCString(), ...answer.reply.headers },
  };
  return {
    outcome: hits.some((fault) => fault.kind === 'half-body') ? { half: reply } : reply,
    answer,
  };
}

const expireCredentials = (xml: string, now: Date): string =>
  xml.replace(
    /<Expiration>[^<]*</,
    `<Expiration>${new Date(now.getTime() - 60_000).toISOString()}<`,
  );

function logEntry(
  account: Account,
  target: Target,
  request: AwsRequest,
  outcome: Outcome,
  answer: Answer | undefined,
): LoggedRequest {
  const status =
    typeof outcome === 'string' ? 0 : 'half' in outcome ? outcome.half.status : outcome.status;
  const parameter = target.service === 'sts' ? target.parameters : new Map<string, string>();
  const duration = parameter.get('DurationSeconds');
  const [bucket = '', ...key] = target.service === 's3' ? request.path.slice(1).split('/') : [];
  return {
    service: target.service,
    operation: target.operation,
    status,
    at: account.now(),
    ...withText({
      errorCode: answer?.errorCode,
      accessKeyId: answer?.accessKeyId,
      roleArn: parameter.get('RoleArn'),
      roleSessionName: parameter.get('RoleSessionName'),
      bucket,
      key: key.join('/'),
    }),
    ...(duration === undefined ? {} : { durationSeconds: Number(duration) }),
  };
}

const withText = (fields: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  );
