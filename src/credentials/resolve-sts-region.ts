import { ArnError, SettingsError } from '../errors.js';
import { parseArn } from '../names/arn.js';
import { partitionOf } from '../names/partition.js';
import { decodeUnverifiedToken } from './decode-unverified-token.js';

/** The region in the issuer of an EKS cluster, which names it in its host. */
export function regionOfEksIssuer(token: string): string | undefined {
  try {
    const { iss } = decodeUnverifiedToken(token).claims;
    const match =
      typeof iss === 'string'
        ? /^https:\/\/oidc[.-]eks\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)\//.exec(iss)
        : null;
    return match?.[1];
  } catch {
    return undefined; // not a JWT, so not of EKS
  }
}

const regionPattern = /^[a-z]{2,}(?:-[a-z0-9]+)+$/;

/** Checks the region that was found; an SDK's silent us-east-1 sends tokens across the world. */
export function chooseRegion(region: string | undefined): string {
  if (region === undefined) {
    throw new SettingsError(
      'STS region: expected one, found none in the region option, the calling client, AWS_REGION, AWS_DEFAULT_REGION, the profile, or the token’s issuer; set AWS_REGION on the container (the webhook’s region setting does it) or pass region',
      { expected: 'a region', actual: 'none' },
    );
  }
  if (!regionPattern.test(region)) {
    throw new SettingsError(
      `STS region: expected a name such as eu-west-1, got ${JSON.stringify(region.slice(0, 80))}; correct the region option or AWS_REGION`,
      { expected: 'a region', actual: region.slice(0, 80) },
    );
  }
  return region;
}

/** Refuses a role of one partition at the STS of another: STS would only say `Request ARN is invalid`. */
export function assertSamePartition(roleArn: string, region: string): void {
  const { partition } = parseArn(roleArn);
  const ofRegion = partitionOf(region);
  if (partition !== ofRegion) {
    throw new ArnError(
      `role ARN: expected a role of partition ${ofRegion} for region ${region}, got ${roleArn} of partition ${partition}; set the region to one of ${partition}, or use the role's ARN in ${ofRegion}`,
      { expected: `arn:${ofRegion}:iam::…`, actual: roleArn },
    );
  }
}
