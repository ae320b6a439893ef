import { setTimeout as sleep } from 'node:timers/promises';
import { buildIssuerDocuments, planKeyRotation, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument, JwkSet, RotationPlan } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { sendHttps } from '../clients/send-https.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { nameKey, startKeyFleet } from '../setup/key-fleet.js';
import type { KeyFleet, NamedKey } from '../setup/key-fleet.js';
import { publishIssuer, putDocuments, registerIssuer } from '../setup/publish-issuer.js';
import { requestToken } from '../setup/request-token.js';
import { watchTokens } from '../setup/watch-tokens.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-rotation';
const wrongBucket = 'irsa-oidc-rotation-wrong';
const namespace = 'default';
const serviceAccount = 'reader';
const apiAudience = 'https://kubernetes.default.svc.cluster.local';

/**
 * What the planner is told to wait for. The verifier fetches the JWKS for an unknown kid at most every 30 s, so 35 s are enough here;
 * with AWS it is the default hour.
 */
const waits = {
  publishMarginSeconds: 35,
  jwksMaxAgeSeconds: 35,
  clockSkewSeconds: 1,
  maxWebIdentityTokenLifetimeSeconds: 20,
  maxApiTokenLifetimeSeconds: 20,
} as const;

/** The planner drives a key rotation of two API servers while clients use every token until it expires. */
export const rotation: Scenario = {
  id: 'rotation',
  about: 'a key rotation driven by the planner refuses no valid token; the wrong order does',
  parts: ['etcd', 'kube-apiserver', 'versitygw'],
  buckets: [bucket, wrongBucket],
  run,
};

async function run(world: World): Promise<string> {
  const old = await nameKey(makeSigningKey(world.data, 'old', 'RSA-2048'));
  const next = await nameKey(makeSigningKey(world.data, 'next', 'RSA-2048'));
  const right = await rotate(world, old, next);
  const wrong = await switchTooEarly(world, old, next);
  return `${right}; ${wrong}`;
}

const documentsOf = (issuer: string, jwks: readonly NamedKey[]): Promise<IssuerDocument[]> =>
  buildIssuerDocuments({
    issuer,
    keys: jwks.map((key) => key.public),
    maxAgeSeconds: waits.jwksMaxAgeSeconds,
  });

async function rotate(world: World, old: NamedKey, next: NamedKey): Promise<string> {
  const aws = await world.aws();
  const { ca } = world.certificates;
  const issuer = s3Issuer({ bucket, region });
  await publishIssuer(aws, bucket, await documentsOf(issuer, [old]));
  await registerIssuer(aws, issuer);
  const subjects = [{ namespace, name: serviceAccount }];
  const roleArn = await createRole(aws, { name: 'rotation', issuer, subjects });
  const fleet = await startKeyFleet(world, {
    prefix: 'rotation',
    names: ['a', 'b'],
    issuer,
    key: old,
  });
  const uid = await accountUid(fleet);
  const watch = watchTokens({
    fleet,
    ca,
    roleArn,
    lifetimeSeconds: waits.maxWebIdentityTokenLifetimeSeconds,
    namespace,
    serviceAccount: { name: serviceAccount, uid },
    apiAudience,
  });
  world.onEnd(() => watch.stop());
  const steps: string[] = [];
  let published: { jwks: JwkSet; changedAt: Date } = {
    jwks: { keys: [old.public.jwk] },
    changedAt: new Date(),
  };
  const started = Date.now();
  for (;;) {
    const plan = planKeyRotation({
      ...waits,
      now: new Date(),
      published,
      nextKey: next.public,
      apiServers: fleet.members().map(({ name, accepted, signing, signingSince }) => ({
        name,
        acceptedKids: accepted.map((key) => key.public.kid),
        signingKid: signing.public.kid,
        signingSince,
      })),
    });
    if (plan.breaks.length > 0) throw new Error(`the plan breaks ${plan.breaks.join(', ')}`);
    if (plan.step === 'done') break;
    const waitMs = Math.max(0, plan.notBefore.getTime() - Date.now());
    world.note(`in ${(waitMs / 1000).toFixed(0)} s: ${plan.step} ${plan.apiServers.join(', ')}`);
    await sleep(waitMs);
    if (plan.jwks !== undefined) {
      const { keys } = await readPublicKeys(plan.jwks);
      const documents = await buildIssuerDocuments({
        issuer,
        keys,
        maxAgeSeconds: waits.jwksMaxAgeSeconds,
      });
      await putDocuments(aws, bucket, documents);
      published = { jwks: plan.jwks, changedAt: new Date() };
    } else {
      await changeApiServers(fleet, plan, [old, next]);
      await useTokenRequests(fleet, ca, roleArn);
    }
    steps.push(plan.step);
    if (steps.length > 20) throw new Error(`the plan does not end: ${steps.join(', ')}`);
  }
  await sleep(2000);
  await watch.stop();
  const refused = watch.refused();
  if (refused.length > 0) {
    throw new Error(
      `${String(refused.length)} valid tokens refused:\n${refused.slice(0, 5).join('\n')}`,
    );
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  return `${steps.join(' → ')} in ${String(seconds)} s, ${String(watch.used())} uses of valid tokens, none refused`;
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

async function accountUid(fleet: KeyFleet): Promise<string> {
  const { client } = fleet.members()[0]!.running!;
  await ensureServiceAccount(client, namespace, serviceAccount);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`;
  return (await client.get(path)).metadata.uid as string;
}

/** A token that each API server itself has signed, used at once. */
async function useTokenRequests(fleet: KeyFleet, ca: string, roleArn: string): Promise<void> {
  for (const { running, name } of fleet.members()) {
    const token = await requestToken(running!.client, { namespace, serviceAccount });
    const answer = await assumeRole({ ca, token, roleArn });
    if (!answer.ok)
      throw new Error(
        `a token that ${name} has just signed is refused: ${answer.code}: ${answer.message}`,
      );
  }
}

/** The same with the signer switched before the key is published and the old key retired while its tokens live. */
async function switchTooEarly(world: World, old: NamedKey, next: NamedKey): Promise<string> {
  const aws = await world.aws();
  const { ca } = world.certificates;
  const issuer = s3Issuer({ bucket: wrongBucket, region });
  await publishIssuer(aws, wrongBucket, await documentsOf(issuer, [old]));
  await registerIssuer(aws, issuer);
  const subjects = [{ namespace, name: serviceAccount }];
  const roleArn = await createRole(aws, { name: 'rotation-wrong', issuer, subjects });
  const fleet = await startKeyFleet(world, { prefix: 'wrong', names: ['a'], issuer, key: old });
  const account = { namespace, serviceAccount };
  await accountUid(fleet);
  const oldApiToken = await requestToken(fleet.members()[0]!.running!.client, {
    ...account,
    audiences: [apiAudience],
  });
  await fleet.restart('a', { signing: next, accepted: [next] });
  const { running } = fleet.members()[0]!;
  const headers = { authorization: `Bearer ${oldApiToken}` };
  const api = await sendVersion(running!.server, ca, headers);
  const answer = await assumeRole({
    ca,
    roleArn,
    token: await requestToken(running!.client, account),
  });
  if (answer.ok || api !== 401) {
    throw new Error(
      `the wrong order is not refused: STS ${answer.ok ? 'allows' : answer.code}, API server ${String(api)}`,
    );
  }
  return `in the wrong order STS answers ${answer.code} to a token just signed, and the API server 401 to one still valid`;
}

async function sendVersion(
  server: string,
  ca: string,
  headers: Record<string, string>,
): Promise<number> {
  return (await sendHttps({ url: `${server}/version`, ca, headers })).status;
}
