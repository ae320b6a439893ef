import {
  DeleteOpenIDConnectProviderCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { bindServiceAccounts, buildTrustPolicy, unbindServiceAccounts } from 'irsa/iam';
import type { TrustPolicy } from 'irsa/iam';
import { buildIssuerDocuments, planIssuerMigration, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument, MigrationPlan, SetUp } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { accountId, region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { VerifyingAws } from '../environment/start-aws.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { nameKey, startKeyFleet } from '../setup/key-fleet.js';
import type { KeyFleet, NamedKey } from '../setup/key-fleet.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import { requestToken } from '../setup/request-token.js';
import {
  account,
  apiAudience,
  followPlans,
  makeAccount,
  subjects,
  versionStatus,
} from '../setup/rotation-clients.js';
import type { Pace } from '../setup/rotation-clients.js';

/** The buckets of a migration at this pace: the old issuer's and the new one's. */
export const issuerBuckets = (
  { name }: Pace,
  order: 'right' | 'wrong' = 'right',
): { readonly from: string; readonly to: string } => ({
  from: `irsa-oidc-${name}-${order}-from`,
  to: `irsa-oidc-${name}-${order}-to`,
});

/** One of the two issuers and how far it is set up. */
interface Side {
  readonly issuer: string;
  readonly bucket: string;
  documents: SetUp;
  trust: SetUp;
}

/** Everything that the steps of a migration change. */
interface Migration {
  readonly aws: VerifyingAws;
  readonly key: NamedKey;
  readonly role: string;
  readonly roleArn: string;
  readonly from: Side;
  readonly to: Side;
  readonly fleet: KeyFleet;
  trustPolicy: TrustPolicy;
}

/** The planner drives a change of the issuer's URL of two API servers while clients use every token until it expires. */
export async function migrateIssuer(world: World, pace: Pace): Promise<string> {
  const migration = await startMigration(world, pace, 'right', ['a', 'b']);
  const { fleet, from, to, roleArn } = migration;
  return followPlans(world, {
    what: 'issuer',
    fleet,
    roleArn,
    pace,
    plan: () =>
      planIssuerMigration({
        now: new Date(),
        maxWebIdentityTokenLifetimeSeconds: pace.tokenLifetimeSeconds,
        maxApiTokenLifetimeSeconds: pace.tokenLifetimeSeconds,
        clockSkewSeconds: 1,
        from,
        to,
        apiServers: fleet.members().map(({ name, issuers, signingSince }) => ({
          name,
          issuers,
          issuingSince: signingSince,
        })),
        publishMarginSeconds: pace.issuerMarginSeconds,
      }),
    carryOut: (plan) => carryOut(migration, plan),
  });
}

async function startMigration(
  world: World,
  pace: Pace,
  order: 'right' | 'wrong',
  names: readonly string[],
): Promise<Migration> {
  const aws = await world.aws();
  const key = await nameKey(makeSigningKey(world.data, `issuer-${order}`, 'RSA-2048'));
  const buckets = issuerBuckets(pace, order);
  const side = (bucket: string, isThere: boolean): Side => {
    const setUp = { present: isThere, ...(isThere ? { changedAt: new Date() } : {}) };
    return { issuer: s3Issuer({ bucket, region }), bucket, documents: setUp, trust: setUp };
  };
  const [from, to] = [side(buckets.from, true), side(buckets.to, false)];
  await publishIssuer(aws, from.bucket, await documentsOf(from, key));
  await registerIssuer(aws, from.issuer);
  const role = `${pace.name}-issuer-${order}`;
  const trustPolicy = buildTrustPolicy({ issuer: from.issuer, accountId, subjects });
  const roleArn = await createRole(aws, {
    name: role,
    issuer: from.issuer,
    subjects,
    trustPolicy,
  });
  const prefix = `${pace.name}-issuer-${order}`;
  const fleet = await startKeyFleet(world, { prefix, names, issuer: from.issuer, key });
  return { aws, key, role, roleArn, from, to, fleet, trustPolicy };
}

const documentsOf = ({ issuer }: Side, key: NamedKey): Promise<IssuerDocument[]> =>
  buildIssuerDocuments({ issuer, keys: [key.public] });

async function carryOut(migration: Migration, plan: MigrationPlan): Promise<void> {
  const { aws, key, from, to, fleet } = migration;
  switch (plan.step) {
    case 'publish':
      await publishIssuer(aws, to.bucket, await documentsOf(to, key));
      to.documents = { present: true, changedAt: new Date() };
      break;
    case 'trust':
      await registerIssuer(aws, to.issuer);
      await trust(
        migration,
        bindServiceAccounts(migration.trustPolicy, { issuer: to.issuer, accountId, subjects }),
      );
      to.trust = { present: true, changedAt: new Date() };
      break;
    case 'distrust':
      await distrust(migration);
      break;
    case 'retire-documents':
      for (const { path } of await documentsOf(from, key)) {
        await aws.s3.send(new DeleteObjectCommand({ Bucket: from.bucket, Key: path }));
      }
      from.documents = { present: false, changedAt: new Date() };
      break;
    case 'accept':
    case 'switch-issuer':
    case 'retire-from-api-servers':
      for (const name of plan.apiServers) await fleet.restart(name, { issuers: plan.issuers });
      break;
    case 'done':
  }
}

async function trust(migration: Migration, trustPolicy: TrustPolicy): Promise<void> {
  const { aws, role } = migration;
  await aws.iam.send(
    new UpdateAssumeRolePolicyCommand({
      RoleName: role,
      PolicyDocument: JSON.stringify(trustPolicy),
    }),
  );
  migration.trustPolicy = trustPolicy;
}

async function distrust(migration: Migration): Promise<void> {
  const { aws, from } = migration;
  const { issuer } = from;
  await trust(
    migration,
    unbindServiceAccounts(migration.trustPolicy, { issuer, accountId, subjects }),
  );
  const arn = `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace('https://', '')}`;
  await aws.iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }));
  from.trust = { present: false, changedAt: new Date() };
}

/** The same with the API server switched first and alone, and the old issuer distrusted while its tokens live. */
export async function migrateIssuerInWrongOrder(world: World, pace: Pace): Promise<string> {
  const migration = await startMigration(world, pace, 'wrong', ['a']);
  const { fleet, to, roleArn } = migration;
  const { ca } = world.certificates;
  await makeAccount(fleet);
  const tokenFor = (audience: string): Promise<string> =>
    requestToken(fleet.members()[0]!.running!.client, { ...account, audiences: [audience] });
  const oldToken = await tokenFor('sts.amazonaws.com');
  const oldApiToken = await tokenFor(apiAudience);
  const control = await assumeRole({ ca, roleArn, token: oldToken });
  if (!control.ok) throw new Error(`the control is refused: ${control.code}`);
  const apiControl = await versionStatus(world, fleet, oldApiToken);
  if (apiControl !== 200) throw new Error(`the API server refuses the control: ${apiControl}`);
  await fleet.restart('a', { issuers: [to.issuer] });
  const early = await assumeRole({ ca, roleArn, token: await tokenFor('sts.amazonaws.com') });
  const api = await versionStatus(world, fleet, oldApiToken);
  await distrust(migration);
  const late = await assumeRole({ ca, roleArn, token: oldToken });
  if (early.ok || late.ok || api !== 401) {
    const said = [early, late].map((answer) => (answer.ok ? 'allows' : answer.code)).join(' and ');
    throw new Error(`the wrong order is not refused: STS ${said}, API server ${String(api)}`);
  }
  return `in the wrong order STS answers ${early.code} to a token of the new issuer and ${late.code} to a valid one of the old, and the API server ${String(api)}`;
}
