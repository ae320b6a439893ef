import { buildIssuerDocuments, planKeyRotation, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { JwkSet, RotationPlan } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { nameKey, startKeyFleet } from '../setup/key-fleet.js';
import type { KeyFleet, NamedKey } from '../setup/key-fleet.js';
import { publishIssuer, putDocuments, registerIssuer } from '../setup/publish-issuer.js';
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

/** The buckets of a rotation at this pace. */
export const keyBuckets = ({ name }: Pace): { readonly right: string; readonly wrong: string } => ({
  right: `irsa-oidc-${name}`,
  wrong: `irsa-oidc-${name}-wrong`,
});

/** The planner drives a key rotation of two API servers while clients use every token until it expires. */
export async function rotateKeys(world: World, pace: Pace): Promise<string> {
  const aws = await world.aws();
  const old = await nameKey(makeSigningKey(world.data, 'old', 'RSA-2048'));
  const next = await nameKey(makeSigningKey(world.data, 'next', 'RSA-2048'));
  const { issuer, roleArn } = await setUp(world, pace, 'right', old);
  const fleet = await startKeyFleet(world, {
    prefix: pace.name,
    names: ['a', 'b'],
    issuer,
    key: old,
  });
  let published: { jwks: JwkSet; changedAt: Date } = {
    jwks: { keys: [old.public.jwk] },
    changedAt: new Date(),
  };
  return followPlans(world, {
    what: 'keys',
    fleet,
    roleArn,
    pace,
    plan: () =>
      planKeyRotation({
        now: new Date(),
        maxWebIdentityTokenLifetimeSeconds: pace.tokenLifetimeSeconds,
        maxApiTokenLifetimeSeconds: pace.tokenLifetimeSeconds,
        clockSkewSeconds: 1,
        publishMarginSeconds: pace.keyMarginSeconds,
        jwksMaxAgeSeconds: pace.keyMarginSeconds,
        published,
        nextKey: next.public,
        apiServers: fleet.members().map(({ name, accepted, signing, signingSince }) => ({
          name,
          acceptedKids: accepted.map((key) => key.public.kid),
          signingKid: signing.public.kid,
          signingSince,
        })),
      }),
    carryOut: async (plan) => {
      await changeApiServers(fleet, plan, [old, next]);
      if (plan.jwks === undefined) return;
      const { keys } = await readPublicKeys(plan.jwks);
      await putDocuments(
        aws,
        keyBuckets(pace).right,
        await buildIssuerDocuments({ issuer, keys, maxAgeSeconds: pace.keyMarginSeconds }),
      );
      published = { jwks: plan.jwks, changedAt: new Date() };
    },
  });
}

async function setUp(
  world: World,
  pace: Pace,
  which: 'right' | 'wrong',
  key: NamedKey,
): Promise<{ readonly issuer: string; readonly roleArn: string }> {
  const aws = await world.aws();
  const bucket = keyBuckets(pace)[which];
  const issuer = s3Issuer({ bucket, region });
  const documents = await buildIssuerDocuments({
    issuer,
    keys: [key.public],
    maxAgeSeconds: pace.keyMarginSeconds,
  });
  await publishIssuer(aws, bucket, documents);
  await registerIssuer(aws, issuer);
  const roleArn = await createRole(aws, { name: `${pace.name}-${which}`, issuer, subjects });
  return { issuer, roleArn };
}

/** Gives the API servers of the plan the keys that it names, one after the other. */
async function changeApiServers(
  fleet: KeyFleet,
  plan: RotationPlan,
  keys: readonly NamedKey[],
): Promise<void> {
  const named = keys.filter((key) => plan.kids.includes(key.public.kid));
  for (const name of plan.apiServers) {
    const { accepted } = fleet.members().find((member) => member.name === name)!;
    if (plan.step === 'accept') {
      const added = named.filter((key) => !accepted.includes(key));
      await fleet.restart(name, { accepted: [...accepted, ...added] });
    } else if (plan.step === 'switch-signer') {
      await fleet.restart(name, { signing: named[0]! });
    } else {
      await fleet.restart(name, { accepted: accepted.filter((key) => !named.includes(key)) });
    }
  }
}

/** The same with the signer switched before the key is published and the old key retired while its tokens live. */
export async function rotateKeysInWrongOrder(world: World, pace: Pace): Promise<string> {
  const old = await nameKey(makeSigningKey(world.data, 'wrong-old', 'RSA-2048'));
  const next = await nameKey(makeSigningKey(world.data, 'wrong-next', 'RSA-2048'));
  const { issuer, roleArn } = await setUp(world, pace, 'wrong', old);
  const prefix = `${pace.name}-wrong`;
  const fleet = await startKeyFleet(world, { prefix, names: ['a'], issuer, key: old });
  await makeAccount(fleet);
  const { ca } = world.certificates;
  const { client } = fleet.members()[0]!.running!;
  const oldApiToken = await requestToken(client, { ...account, audiences: [apiAudience] });
  const control = await assumeRole({ ca, roleArn, token: await requestToken(client, account) });
  const apiControl = await versionStatus(world, fleet, oldApiToken);
  if (!control.ok || apiControl !== 200) {
    throw new Error(
      `the control is refused: STS ${control.ok ? 'allows' : control.code}, API server ${String(apiControl)}`,
    );
  }
  await fleet.restart('a', { signing: next, accepted: [next] });
  const api = await versionStatus(world, fleet, oldApiToken);
  const answer = await assumeRole({
    ca,
    roleArn,
    token: await requestToken(fleet.members()[0]!.running!.client, account),
  });
  if (answer.ok || api !== 401) {
    throw new Error(
      `the wrong order is not refused: STS ${answer.ok ? 'allows' : answer.code}, API server ${String(api)}`,
    );
  }
  return `in the wrong order STS answers ${answer.code} to a token just signed, and the API server 401 to one still valid`;
}
