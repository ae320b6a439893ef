import { jsonText, isJsonObject, type JsonObject } from './read-json.js';
import { makeFault } from './make-finding.js';
import { noProvider, stsErrors } from './sts-errors.js';
import type { Fault, ProviderFact } from './types.js';

/** A provider's URL with its scheme, which IAM leaves out in its replies. */
export const providerUrl = ({ url }: ProviderFact): string =>
  url.startsWith('https://') ? url : `https://${url}`;

/** Token issuer against provider, then audience against client IDs. */
export function checkProvider(
  claims: JsonObject,
  provider: ProviderFact | null | undefined,
  roleAccountId: string | undefined,
): Fault[] {
  const issuer = textOfClaim(claims['iss']);
  if (provider === undefined)
    return [...checkAudienceForm(claims), makeFault('unknown-provider', `iss ${issuer}`)];
  if (provider === null) {
    return [
      makeFault('provider-missing', `iss ${issuer}`, noProvider(issuer)),
      ...checkAudienceForm(claims),
    ];
  }
  return [...checkIssuer(issuer, provider, roleAccountId), ...checkAudience(claims, provider)];
}

function checkIssuer(
  issuer: string,
  provider: ProviderFact,
  roleAccountId: string | undefined,
): Fault[] {
  const url = providerUrl(provider);
  if (url !== issuer) {
    const bare = (text: string): string => text.replace(/\/$/, '');
    const id = bare(url) === bare(issuer) ? 'provider-trailing-slash' : 'provider-other-issuer';
    return [
      makeFault(id, `the token’s iss is ${issuer}, the provider is ${url}`, noProvider(issuer)),
    ];
  }
  const providerAccount = /^arn:[^:]+:iam::(\d{12}):/.exec(provider.arn ?? '')?.[1];
  if (
    roleAccountId !== undefined &&
    providerAccount !== undefined &&
    providerAccount !== roleAccountId
  ) {
    return [
      makeFault(
        'provider-other-account',
        `the role is in ${roleAccountId}, the provider in ${providerAccount}`,
        noProvider(issuer),
      ),
    ];
  }
  return [];
}

/** A claim as STS would print it. */
export const textOfClaim = (claim: unknown): string =>
  typeof claim === 'string' ? claim : jsonText(claim);

const audiencesOf = (claims: JsonObject): readonly unknown[] =>
  Array.isArray(claims['aud']) ? (claims['aud'] as readonly unknown[]) : [claims['aud']];

/** What is wrong with the audience whatever the provider says. */
function checkAudienceForm(claims: JsonObject): Fault[] {
  const audiences = audiencesOf(claims);
  return claims['azp'] === undefined && audiences.length > 1
    ? [
        makeFault(
          'token-multiple-audiences',
          `aud ${JSON.stringify(audiences)}`,
          stsErrors.severalAudiences,
        ),
      ]
    : [];
}

function checkAudience(claims: JsonObject, provider: ProviderFact): Fault[] {
  const { azp } = claims;
  const accepted = `the provider accepts ${provider.audiences.join(', ') || 'nothing'}`;
  if (azp !== undefined) {
    return typeof azp === 'string' && provider.audiences.includes(azp)
      ? []
      : [
          makeFault(
            'token-authorized-party-unknown',
            `azp ${JSON.stringify(azp)}; ${accepted}`,
            stsErrors.notValidated,
          ),
        ];
  }
  const several = checkAudienceForm(claims);
  if (several.length > 0) return several;
  const [audience] = audiencesOf(claims);
  if (typeof audience === 'string' && provider.audiences.includes(audience)) return [];
  return [
    makeFault(
      audienceFault(claims, audience, provider),
      `aud ${JSON.stringify(audience)}; ${accepted}`,
      stsErrors.incorrectAudience,
    ),
  ];
}

/** Which side to change: the token where the provider takes STS's usual audience, the provider where it does not. */
function audienceFault(
  claims: JsonObject,
  audience: unknown,
  provider: ProviderFact,
): 'token-is-api-token' | 'token-audience-wrong' | 'provider-audience-missing' {
  const usual = 'sts.amazonaws.com';
  const bound = isJsonObject(claims['kubernetes.io']);
  const isApi =
    typeof audience === 'string' &&
    (audience === claims['iss'] || audience.startsWith('https://kubernetes.default'));
  if (isApi && bound) return 'token-is-api-token';
  return audience === usual || !provider.audiences.includes(usual)
    ? 'provider-audience-missing'
    : 'token-audience-wrong';
}
