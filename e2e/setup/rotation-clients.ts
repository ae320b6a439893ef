import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceAccountPattern } from 'irsa/iam';
import type { MigrationPlan, RotationPlan } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { sendHttps } from '../clients/send-https.js';
import type { World } from '../environment/world.js';
import { ensureServiceAccount } from './ensure-service-account.js';
import type { KeyFleet } from './key-fleet.js';
import { requestToken } from './request-token.js';
import { watchTokens } from './watch-tokens.js';
import type { TokenWatch } from './watch-tokens.js';

/** How long tokens live and how long the planner is told to wait. */
export interface Pace {
  /** Part of the names of buckets and roles. */
  readonly name: string;
  readonly tokenLifetimeSeconds: number;
  readonly signedBy: 'key' | 'TokenRequest';
  readonly everyMs: number;
  /** Until a new key is seen everywhere. */
  readonly keyMarginSeconds: number;
  /** Until a new issuer is seen everywhere: nobody can have cached anything of it. */
  readonly issuerMarginSeconds: number;
}

/**
 * Tokens of 20 s, signed with the API server's key. The verifier fetches the JWKS for an unknown kid at most every 30 s, so 35 s are
 * enough for a new key; with AWS it is the planner's default hour.
 */
export const quickPace: Pace = {
  name: 'rotation',
  tokenLifetimeSeconds: 20,
  signedBy: 'key',
  everyMs: 600,
  keyMarginSeconds: 35,
  issuerMarginSeconds: 5,
};

/** Real tokens of ten minutes, the shortest that an API server gives, and the whole five minutes of the verifier's key cache. */
export const fullPace: Pace = {
  name: 'rotation-full',
  tokenLifetimeSeconds: 600,
  signedBy: 'TokenRequest',
  everyMs: 5000,
  keyMarginSeconds: 305,
  issuerMarginSeconds: 305,
};

/** Who the tokens are for. */
export const account = { namespace: 'default', serviceAccount: 'reader' } as const;
export const subjects: readonly ServiceAccountPattern[] = [
  { namespace: account.namespace, name: account.serviceAccount },
];
export const apiAudience = 'https://kubernetes.default.svc.cluster.local';

const accountPath = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.serviceAccount}`;

/** Plans and carries out step after step, each at its time, while clients use every token until it expires. */
export async function followPlans<Plan extends MigrationPlan | RotationPlan>(
  world: World,
  options: {
    /** What changes, in a word. */
    readonly what: string;
    readonly fleet: KeyFleet;
    readonly roleArn: string;
    readonly pace: Pace;
    readonly plan: () => Plan;
    readonly carryOut: (plan: Plan) => Promise<void>;
  },
): Promise<string> {
  const { what, fleet, roleArn, pace } = options;
  const watch = await startClients(world, fleet, roleArn, pace);
  const steps: string[] = [];
  const started = Date.now();
  for (;;) {
    const plan = options.plan();
    if (plan.breaks.length > 0) throw new Error(`the plan breaks ${plan.breaks.join(', ')}`);
    if (plan.step === 'done') break;
    const waitMs = Math.max(0, plan.notBefore.getTime() - Date.now());
    const seconds = (waitMs / 1000).toFixed(0);
    world.note(`${what}, in ${seconds} s: ${plan.step} ${plan.apiServers.join(', ')}`);
    await sleep(waitMs);
    await options.carryOut(plan);
    if (plan.apiServers.length > 0) await useTokenRequests(world, fleet, roleArn);
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
  if (watch.used() === 0) throw new Error('no token was used');
  const seconds = Math.round((Date.now() - started) / 1000);
  return `${what}: ${steps.join(' → ')} in ${String(seconds)} s, ${String(watch.used())} uses of valid tokens, none refused`;
}

/** Makes the service account and starts clients that use every token until it ends. */
async function startClients(
  world: World,
  fleet: KeyFleet,
  roleArn: string,
  pace: Pace,
): Promise<TokenWatch> {
  await makeAccount(fleet);
  const { metadata } = await fleet.members()[0]!.running!.client.get(accountPath);
  const watch = watchTokens({
    fleet,
    ca: world.certificates.ca,
    roleArn,
    lifetimeSeconds: pace.tokenLifetimeSeconds,
    signedBy: pace.signedBy,
    everyMs: pace.everyMs,
    namespace: account.namespace,
    serviceAccount: { name: account.serviceAccount, uid: metadata.uid },
    apiAudience,
  });
  world.onEnd(() => watch.stop());
  return watch;
}

/** Makes the service account of the tokens. */
export const makeAccount = (fleet: KeyFleet): Promise<void> =>
  ensureServiceAccount(
    fleet.members()[0]!.running!.client,
    account.namespace,
    account.serviceAccount,
  );

/** A token that each API server itself has signed, used at once. */
async function useTokenRequests(world: World, fleet: KeyFleet, roleArn: string): Promise<void> {
  for (const { running, name } of fleet.members()) {
    const token = await requestToken(running!.client, account);
    const answer = await assumeRole({ ca: world.certificates.ca, token, roleArn });
    if (!answer.ok)
      throw new Error(
        `a token that ${name} has just signed is refused: ${answer.code}: ${answer.message}`,
      );
  }
}

/** What the first API server answers to a token for itself. */
export async function versionStatus(world: World, fleet: KeyFleet, token: string): Promise<number> {
  const url = `${fleet.members()[0]!.running!.server}/version`;
  const headers = { authorization: `Bearer ${token}` };
  return (await sendHttps({ url, ca: world.certificates.ca, headers })).status;
}
