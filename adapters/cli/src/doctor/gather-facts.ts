import type {
  ApiServerFact,
  CallFact,
  ExplainPodOptions,
  ReplyFact,
  WebIdentityFacts,
} from 'irsa/diagnose';
import { decodeUnverifiedToken } from 'irsa/credentials';
import { readText } from '../read-input.js';
import type { CliIo } from '../types.js';
import { askSts, doctorSessionName } from './ask-sts.js';
import {
  readApiServer,
  readApiServerFromPod,
  readApiServerManifest,
  type ApiServerLook,
} from './read-api-server.js';
import { readAsStranger } from './read-as-stranger.js';
import { readBucket } from './read-bucket.js';
import { mintToken, readCluster, type ClusterFacts } from './read-cluster.js';
import { readIam, type IamFacts } from './read-iam.js';
import { readPodIdentity, type PodIdentity } from './read-pod-identity.js';
import type { DoctorFacts, DoctorTarget, ExaminedPod, Gap } from './types.js';

/** Looks at everything that the target names and the environment gives access to. */
export async function gatherFacts(target: DoctorTarget, io: CliIo): Promise<DoctorFacts> {
  const gaps: Gap[] = [];
  const { pod, serviceAccount } = target;
  const named = pod !== undefined || serviceAccount !== undefined;
  const [cluster, apiServer] = await Promise.all([
    named
      ? readCluster(
          {
            ...(pod === undefined ? {} : { pod }),
            ...(serviceAccount === undefined ? {} : { serviceAccount }),
          },
          io,
        )
      : undefined,
    lookAtApiServer(target, named, io),
  ]);
  gaps.push(...(cluster?.gaps ?? []), ...(apiServer?.gaps ?? []));
  const identity = readPodIdentity(
    cluster?.pods[0],
    cluster?.serviceAccount,
    target.annotationDomain,
  );
  const token = await readToken(target, cluster, identity, gaps, io);
  const call = callOf(target, cluster === undefined ? {} : identity, cluster !== undefined, io);
  const webIdentity =
    token === undefined
      ? undefined
      : await lookAtWebIdentity(
          { token, call, askSts: target.askSts, apiServer: apiServer?.fact },
          gaps,
          io,
        );
  return {
    gaps,
    pods: cluster === undefined ? [] : podsOf(cluster, call, target, io),
    ...(webIdentity === undefined ? {} : { webIdentity }),
  };
}

/** Through kubectl where the cluster is asked for, else from this pod; a manifest adds the flags that a pod cannot see. */
async function lookAtApiServer(
  { cluster, apiServerManifest }: DoctorTarget,
  named: boolean,
  io: CliIo,
): Promise<ApiServerLook | undefined> {
  if (named || cluster) return readApiServer(apiServerManifest, io);
  const [own, flags] = await Promise.all([
    readApiServerFromPod(io),
    apiServerManifest === undefined ? undefined : readApiServerManifest(apiServerManifest, io),
  ]);
  if (own === undefined || flags === undefined) return own ?? flags;
  return { fact: { ...own.fact, ...flags.fact }, gaps: own.gaps };
}

/** The token of the file that is named, of this pod, or a fresh one of the ServiceAccount. */
async function readToken(
  { tokenFile }: DoctorTarget,
  cluster: ClusterFacts | undefined,
  identity: PodIdentity,
  gaps: Gap[],
  io: CliIo,
): Promise<string | undefined> {
  if (tokenFile !== undefined) return readText(tokenFile, io);
  if (cluster === undefined) {
    const own = io.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    return own === undefined ? undefined : readText(own, io);
  }
  const { accountName, namespace, serviceAccount } = cluster;
  if (accountName === undefined || serviceAccount === null) return undefined;
  const token = await mintToken(
    { namespace, name: accountName, audience: identity.audience ?? 'sts.amazonaws.com' },
    gaps,
    io,
  );
  if (token !== undefined && cluster.pods.length > 0)
    gaps.push({
      what: 'the token file inside the pod',
      why: 'a fresh token of its ServiceAccount stood in for it; run irsa doctor inside the pod for its own',
    });
  return token;
}

/** What the client in the pod (or in this environment) asks STS for. */
function callOf(
  { roleArn, durationSeconds }: DoctorTarget,
  identity: PodIdentity,
  isPod: boolean,
  { env }: CliIo,
): CallFact {
  const role = roleArn ?? identity.roleArn ?? (isPod ? undefined : env['AWS_ROLE_ARN']);
  const region = identity.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'];
  const session = isPod ? identity.roleSessionName : env['AWS_ROLE_SESSION_NAME'];
  return {
    ...(role === undefined ? {} : { roleArn: role }),
    ...(region === undefined ? {} : { region }),
    ...(session === undefined ? {} : { roleSessionName: session }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
  };
}

/** The pods that run, or the next one that would. */
function podsOf(
  cluster: ClusterFacts,
  { region }: CallFact,
  { annotationDomain, pod }: DoctorTarget,
  io: CliIo,
): ExaminedPod[] {
  const { serviceAccount, webhookConfiguration, namespaceLabels, events, webhookServing } = cluster;
  const shared: Omit<ExplainPodOptions, 'pod'> = {
    webhookServing,
    now: io.now(),
    settings: { annotationDomain, ...(region === undefined ? {} : { region }) },
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(webhookConfiguration === undefined ? {} : { webhookConfiguration }),
    ...(namespaceLabels === undefined ? {} : { namespaceLabels }),
    ...(events === undefined ? {} : { events }),
  };
  if (cluster.pods.length > 0)
    return cluster.pods.map((one) => ({ toCome: false, options: { ...shared, pod: one } }));
  if (pod !== undefined) return [];
  const next = {
    kind: 'Pod',
    metadata: { name: '(the next pod)', namespace: cluster.namespace },
    spec: { serviceAccountName: cluster.accountName, containers: [{ name: 'app' }] },
  };
  return [{ toCome: true, options: { ...shared, pod: next } }];
}

async function lookAtWebIdentity(
  known: {
    readonly token: string;
    readonly call: CallFact;
    readonly askSts: boolean;
    readonly apiServer: ApiServerFact | undefined;
  },
  gaps: Gap[],
  io: CliIo,
): Promise<WebIdentityFacts> {
  const { token, call, apiServer } = known;
  const { roleArn } = call;
  const issuer = issuerOf(token);
  const [published, iam, reply] = await Promise.all([
    issuer === undefined ? undefined : readAsStranger(issuer, io),
    readIam(issuer, roleArn, io),
    known.askSts && roleArn !== undefined ? askSts(token.trim(), call, io) : undefined,
  ]);
  gaps.push(...iam.gaps);
  const { provider, role } = ownAccountOnly(iam, call, reply, gaps);
  const forbidden = published?.fetches.some(({ status }) => status === 403) === true;
  const bucket =
    issuer !== undefined && forbidden ? await readBucket(issuer, roleArn, gaps, io) : undefined;
  if (reply === undefined)
    gaps.push({
      what: 'STS itself',
      why: roleArn === undefined ? 'no role ARN is known; pass --role' : '--no-sts',
    });
  return {
    token,
    now: io.now(),
    // What STS was asked with is what its answer was for.
    call: reply === undefined ? call : { roleSessionName: doctorSessionName, ...call },
    ...published,
    ...(bucket === undefined ? {} : { bucket }),
    ...(apiServer === undefined ? {} : { apiServer }),
    ...(provider === undefined ? {} : { provider }),
    ...(role === undefined ? {} : { role }),
    ...(reply === undefined ? {} : { reply }),
  };
}

/** What the credentials show of their own account says nothing of the role's, unless STS itself finds no provider there. */
function ownAccountOnly(
  iam: IamFacts,
  { roleArn = '' }: CallFact,
  reply: ReplyFact | undefined,
  gaps: Gap[],
): Pick<IamFacts, 'provider' | 'role'> {
  const wanted = accountOf(roleArn);
  const seen = accountOf(iam.role?.arn ?? iam.provider?.arn ?? '');
  if (wanted === undefined || seen === undefined || seen === wanted) return iam;
  gaps.push({
    what: `IAM of account ${wanted}`,
    why: `the credentials are of account ${seen}, the role is in ${wanted}`,
  });
  return reply?.message?.startsWith('No OpenIDConnect provider found') === true
    ? { ...(iam.provider === undefined ? {} : { provider: iam.provider }) }
    : {};
}

const accountOf = (arn: string): string | undefined => /^arn:[^:]+:iam::(\d{12}):/.exec(arn)?.[1];

/** The token's issuer where it is one that can be asked; anything else is the diagnosis's to explain. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeUnverifiedToken(token.trim()).claims as { readonly iss?: unknown };
    return typeof iss === 'string' && iss.startsWith('https://') && URL.canParse(iss)
      ? iss
      : undefined;
  } catch {
    return undefined;
  }
}
