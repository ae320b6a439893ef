import type { DefineCommand } from './types.js';

/** One command: where it stands, what it is for, and how its file is loaded when it is asked for. */
export interface CommandEntry {
  readonly path: readonly [string] | readonly [group: string, name: string];
  readonly summary: string;
  readonly load: () => Promise<DefineCommand>;
}

/** What each group of commands is for. */
export const groups: Readonly<Record<string, string>> = {
  keys: 'service-account signing keys',
  issuer: 'the public issuer: documents, bucket, IAM provider',
  rotate: 'rotation of the signing key',
  'trust-policy': 'trust policies of IAM roles',
  role: 'IAM roles',
  token: 'service-account tokens',
};

/** Every command, in the order of `irsa --help`. Only the file of the one that runs is loaded. */
export const commandTable: readonly CommandEntry[] = [
  {
    path: ['up'],
    summary: 'the whole walk-through, step by step; goes on where it stopped',
    load: async () => (await import('./commands/up.js')).defineUp,
  },
  {
    path: ['keys', 'create'],
    summary: 'make a signing key; never overwrites a file',
    load: async () => (await import('./commands/keys-create.js')).defineKeysCreate,
  },
  {
    path: ['keys', 'inspect'],
    summary: 'show key IDs and algorithms of keys in any form',
    load: async () => (await import('./commands/keys-inspect.js')).defineKeysInspect,
  },
  {
    path: ['jwks'],
    summary: 'turn keys into the JWKS document',
    load: async () => (await import('./commands/jwks.js')).defineJwks,
  },
  {
    path: ['issuer', 'plan'],
    summary: 'show what is missing or drifted, and why',
    load: async () => (await import('./commands/issuer-plan.js')).defineIssuerPlan,
  },
  {
    path: ['issuer', 'apply'],
    summary: 'publish the issuer: bucket, documents, provider, roles',
    load: async () => (await import('./commands/issuer-apply.js')).defineIssuerApply,
  },
  {
    path: ['issuer', 'verify'],
    summary: 'read the issuer as a stranger does, and find mistakes',
    load: async () => (await import('./commands/issuer-verify.js')).defineIssuerVerify,
  },
  {
    path: ['issuer', 'teardown'],
    summary: 'take the issuer down; the bucket’s name is kept',
    load: async () => (await import('./commands/issuer-teardown.js')).defineIssuerTeardown,
  },
  {
    path: ['rotate', 'status'],
    summary: 'show where each signing key stands',
    load: async () => (await import('./commands/rotate.js')).defineRotateStatus,
  },
  {
    path: ['rotate', 'next'],
    summary: 'say the next step of a rotation, and when it is safe',
    load: async () => (await import('./commands/rotate.js')).defineRotateNext,
  },
  {
    path: ['apiserver-config'],
    summary: 'write kube-apiserver settings for a distribution',
    load: async () => (await import('./commands/apiserver-config.js')).defineApiserverConfig,
  },
  {
    path: ['trust-policy', 'build'],
    summary: 'write a trust policy for service accounts',
    load: async () => (await import('./commands/trust-policy-build.js')).defineTrustPolicyBuild,
  },
  {
    path: ['trust-policy', 'bind'],
    summary: 'add service accounts to a trust policy',
    load: async () => (await import('./commands/trust-policy-bind.js')).defineTrustPolicyBind,
  },
  {
    path: ['trust-policy', 'unbind'],
    summary: 'take service accounts out of a trust policy',
    load: async () => (await import('./commands/trust-policy-bind.js')).defineTrustPolicyUnbind,
  },
  {
    path: ['trust-policy', 'check'],
    summary: 'find mistakes, and say whether a service account may assume the role',
    load: async () => (await import('./commands/trust-policy-check.js')).defineTrustPolicyCheck,
  },
  {
    path: ['role', 'create'],
    summary: 'create a role for service accounts, or add them',
    load: async () => (await import('./commands/role-create.js')).defineRoleCreate,
  },
  {
    path: ['manifests'],
    summary: 'write the webhook’s Kubernetes manifests',
    load: async () => (await import('./commands/manifests.js')).defineManifests,
  },
  {
    path: ['certs'],
    summary: 'make a CA and a serving certificate, or inspect one',
    load: async () => (await import('./commands/certs.js')).defineCerts,
  },
  {
    path: ['mutate'],
    summary: 'show what the webhook would do to a pod',
    load: async () => (await import('./commands/mutate.js')).defineMutate,
  },
  {
    path: ['audit'],
    summary: 'find pods that miss the role of their ServiceAccount',
    load: async () => (await import('./commands/audit.js')).defineAudit,
  },
  {
    path: ['token', 'inspect'],
    summary: 'show what a token says, unverified',
    load: async () => (await import('./commands/token-inspect.js')).defineTokenInspect,
  },
  {
    path: ['token', 'verify'],
    summary: 'verify a token against the issuer’s keys, as STS does',
    load: async () => (await import('./commands/token-verify.js')).defineTokenVerify,
  },
  {
    path: ['doctor'],
    summary: 'find out why a pod gets no credentials, and what to do',
    load: async () => (await import('./commands/doctor.js')).defineDoctor,
  },
];
