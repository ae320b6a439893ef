import type { ExplainPodOptions, WebIdentityFacts } from 'irsa/diagnose';
import { decodeUnverifiedToken } from 'irsa/credentials';
import { readText } from '../read-input.js';
import type { CliIo } from '../types.js';
import { askSts } from './ask-sts.js';
import { readAsStranger } from './read-as-stranger.js';
import { readCluster, type ClusterFacts } from './read-cluster.js';
import { readIam } from './read-iam.js';
import type { DoctorFacts, DoctorTarget, Gap } from './types.js';

const roleAnnotation = 'eks.amazonaws.com/role-arn';
const audienceAnnotation = 'eks.amazonaws.com/audience';

/** Looks at everything that the target names and the environment gives access to. */
export async function gatherFacts(target: DoctorTarget, io: CliIo): Promise<DoctorFacts> {
  const cluster = await lookAtCluster(target, io);
  const annotations = annotationsOf(cluster?.serviceAccount);
  const tokenFile =
    target.tokenFile ?? (cluster === undefined ? io.env['AWS_WEB_IDENTITY_TOKEN_FILE'] : undefined);
  const token = tokenFile === undefined ? cluster?.token : await readText(tokenFile, io);
  const roleArn = target.roleArn ?? annotations[roleAnnotation] ?? io.env['AWS_ROLE_ARN'];
  const gaps: Gap[] = [...(cluster?.gaps ?? [])];
  const webIdentity =
    token === undefined
      ? undefined
      : await lookAtWebIdentity({ ...target, token, roleArn }, gaps, io);
  return {
    gaps,
    ...(webIdentity === undefined ? {} : { webIdentity }),
    ...(cluster?.pod === undefined ? {} : { pod: podOptions(cluster, io) }),
  };
}

async function lookAtCluster(
  { pod, serviceAccount }: DoctorTarget,
  io: CliIo,
): Promise<ClusterFacts | undefined> {
  if (pod === undefined && serviceAccount === undefined) return undefined;
  return readCluster(
    {
      audience: 'sts.amazonaws.com',
      ...(pod === undefined ? {} : { pod }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
    },
    io,
  );
}

function annotationsOf(serviceAccount: unknown): Readonly<Record<string, string | undefined>> {
  const { metadata } = (serviceAccount ?? {}) as {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  };
  const { [roleAnnotation]: role, [audienceAnnotation]: audience } = metadata?.annotations ?? {};
  return { [roleAnnotation]: role, [audienceAnnotation]: audience };
}

function podOptions(cluster: ClusterFacts, io: CliIo): ExplainPodOptions {
  const { pod, serviceAccount, webhookConfiguration, namespaceLabels, events } = cluster;
  const region = io.env['AWS_REGION'];
  return {
    pod,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(webhookConfiguration === undefined ? {} : { webhookConfiguration }),
    ...(namespaceLabels === undefined ? {} : { namespaceLabels }),
    ...(events === undefined ? {} : { events }),
    ...(region === undefined ? {} : { settings: { region } }),
  };
}

async function lookAtWebIdentity(
  known: {
    readonly token: string;
    readonly roleArn: string | undefined;
    readonly durationSeconds?: number;
    readonly askSts: boolean;
  },
  gaps: Gap[],
  io: CliIo,
): Promise<WebIdentityFacts> {
  const { token, roleArn, durationSeconds } = known;
  const issuer = issuerOf(token);
  const region = io.env['AWS_REGION'] ?? io.env['AWS_DEFAULT_REGION'];
  const roleSessionName = io.env['AWS_ROLE_SESSION_NAME'];
  const call = {
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(region === undefined ? {} : { region }),
    ...(roleSessionName === undefined ? {} : { roleSessionName }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
  };
  const [published, iam, reply] = await Promise.all([
    issuer === undefined ? undefined : readAsStranger(issuer, io),
    readIam(issuer, roleArn, io),
    known.askSts && roleArn !== undefined ? askSts(token.trim(), call, io) : undefined,
  ]);
  gaps.push(...iam.gaps);
  if (reply === undefined)
    gaps.push({
      what: 'STS itself',
      why: roleArn === undefined ? 'no role ARN is known' : '--no-sts',
    });
  return {
    token,
    now: io.now(),
    call,
    ...published,
    ...(iam.provider === undefined ? {} : { provider: iam.provider }),
    ...(iam.role === undefined ? {} : { role: iam.role }),
    ...(reply === undefined ? {} : { reply }),
  };
}

/** The token's issuer where it is one that can be asked; anything else is the diagnosis's to explain. */
function issuerOf(token: string): string | undefined {
  try {
    const { iss } = decodeUnverifiedToken(token.trim()).claims as { readonly iss?: unknown };
    return typeof iss === 'string' && iss.startsWith('https://') ? iss : undefined;
  } catch {
    return undefined;
  }
}
