import { bindServiceAccounts } from './bind-service-accounts.js';
import { buildTrustPolicy, type TrustPolicyOptions } from './build-trust-policy.js';
import { revokeProvider, trustsProvider } from './closed-statement.js';
import { describeChange } from './describe-change.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import type {
  IssuerChange,
  IssuerRoleSpec,
  ObservedIssuer,
  ObservedProvider,
} from './plan-types.js';
import { isOwned, ownershipTag, planError, type ResolvedSpec } from './resolve-issuer-spec.js';
import { missingTags, sameValue } from './same-value.js';

/** The IAM OIDC provider as it should be. Audiences are only ever added: someone else may need the others. */
export function planProvider(
  spec: ResolvedSpec,
  present: ObservedProvider | undefined,
): IssuerChange[] {
  const { provider, providerArn } = spec;
  if (provider === null || providerArn === undefined) return [];
  if (present === undefined) {
    return [
      describeChange('create-provider', providerArn, {
        reason: 'IAM does not know the issuer',
        after: provider,
      }),
    ];
  }
  const changes: IssuerChange[] = [];
  const audiences = provider.audiences.filter((audience) => !present.audiences.includes(audience));
  if (audiences.length > 0) {
    changes.push(
      describeChange('add-audiences', providerArn, {
        reason: `tokens for ${audiences.join(', ')} would be refused`,
        before: present.audiences,
        after: audiences,
      }),
    );
  }
  // Without thumbprints of ours IAM keeps the one it fetched itself.
  const actual = [...present.thumbprints].map((thumbprint) => thumbprint.toLowerCase()).sort();
  if (provider.thumbprints.length > 0 && !sameValue(actual, [...provider.thumbprints].sort())) {
    changes.push(
      describeChange('set-thumbprints', providerArn, {
        reason: 'the thumbprints differ',
        before: present.thumbprints,
        after: provider.thumbprints,
      }),
    );
  }
  const ours = isOwned(present.tags, spec);
  if (changes.length > 0 && !ours && !spec.adopt) {
    throw planError(
      'provider',
      `${providerArn} exists without the tag ${ownershipTag}=${spec.name}, so it is not ours to change (${String(changes[0]?.reason)}); set adopt to take it over`,
    );
  }
  const missing = missingTags(present.tags, provider.tags);
  if (Object.keys(missing).length > 0 && (ours || spec.adopt)) {
    changes.push(
      describeChange('tag-provider', providerArn, {
        reason: `tags are missing or different: ${Object.keys(missing).join(', ')}`,
        before: present.tags,
        after: missing,
      }),
    );
  }
  return changes;
}

const bindingOf = (spec: ResolvedSpec, role: IssuerRoleSpec): TrustPolicyOptions => ({
  issuer: spec.issuer ?? '',
  accountId: spec.accountId,
  partition: spec.partition,
  subjects: role.subjects,
  ...(role.audience === undefined ? {} : { audience: role.audience }),
});

/** The roles with the service accounts bound; statements of others stay. */
export function planRoles(
  spec: ResolvedSpec,
  present: ObservedIssuer['roles'] = [],
): IssuerChange[] {
  const byName = new Map(present.map((role) => [role.roleName, role]));
  return spec.roles.flatMap((role): IssuerChange[] => {
    const { roleName, path = '/' } = role;
    const binding = bindingOf(spec, role);
    const observed = byName.get(roleName);
    if (observed === undefined) {
      const trustPolicy = buildTrustPolicy(binding);
      return [
        describeChange('create-role', roleName, {
          reason: 'the role does not exist',
          after: { roleName, path, trustPolicy, tags: spec.tags },
        }),
      ];
    }
    const before = parseTrustPolicy(observed.trustPolicy);
    const after = bindServiceAccounts(before, binding);
    if (sameValue(before, after)) return [];
    return [
      describeChange('set-trust-policy', roleName, {
        reason: 'a service account is not bound, or not by subject and audience',
        before,
        after,
      }),
    ];
  });
}

/** Takes the issuer's tokens away from every role, then the provider. */
export function planTrustTeardown(spec: ResolvedSpec, observed: ObservedIssuer): IssuerChange[] {
  const { providerArn } = spec;
  // `provider: null` in the spec: IAM is somebody else's to change.
  if (providerArn === undefined || spec.provider === null) return [];
  const { provider, roles = [] } = observed;
  if (provider !== undefined && !isOwned(provider.tags, spec) && !spec.adopt) {
    throw planError(
      'provider',
      `${providerArn} exists without the tag ${ownershipTag}=${spec.name}: someone else relies on the issuer; delete it by hand first, or set adopt`,
    );
  }
  const changes = roles.flatMap(({ roleName, trustPolicy }): IssuerChange[] => {
    const before = parseTrustPolicy(trustPolicy);
    if (!trustsProvider(before, providerArn)) return [];
    return [
      describeChange('set-trust-policy', roleName, {
        reason: 'the issuer is taken down: no role trusts it any more',
        before,
        after: revokeProvider(before, providerArn),
      }),
    ];
  });
  if (provider !== undefined) {
    changes.push(
      describeChange('delete-provider', providerArn, {
        reason: 'the issuer is taken down',
        before: provider,
      }),
    );
  }
  return changes;
}
