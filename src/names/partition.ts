/** A group of AWS regions with ARNs and host names of its own. */
export type Partition =
  | 'aws'
  | 'aws-cn'
  | 'aws-us-gov'
  | 'aws-eusc'
  | 'aws-iso'
  | 'aws-iso-b'
  | 'aws-iso-e'
  | 'aws-iso-f';

/** What names depend on a partition. */
export interface PartitionFacts {
  readonly partition: Partition;
  /** Host suffix of regional endpoints, without a leading dot. */
  readonly dnsSuffix: string;
  /** Host suffix of dual-stack endpoints of services other than S3, without a leading dot. */
  readonly dualStackDnsSuffix: string;
  /** Region of the partition's global services, IAM first of all. */
  readonly globalRegion: string;
}

// Order matters: us-isob- before us-iso-. Source: the partitions file that AWS ships with its SDKs.
const table: readonly (PartitionFacts & { readonly prefixes: readonly string[] })[] = [
  {
    partition: 'aws-cn',
    prefixes: ['cn-'],
    dnsSuffix: 'amazonaws.com.cn',
    dualStackDnsSuffix: 'api.amazonwebservices.com.cn',
    globalRegion: 'cn-northwest-1',
  },
  {
    partition: 'aws-us-gov',
    prefixes: ['us-gov-'],
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    globalRegion: 'us-gov-west-1',
  },
  {
    partition: 'aws-eusc',
    prefixes: ['eusc-'],
    dnsSuffix: 'amazonaws.eu',
    dualStackDnsSuffix: 'api.amazonwebservices.eu',
    globalRegion: 'eusc-de-east-1',
  },
  {
    partition: 'aws-iso-b',
    prefixes: ['us-isob-'],
    dnsSuffix: 'sc2s.sgov.gov',
    dualStackDnsSuffix: 'api.aws.scloud',
    globalRegion: 'us-isob-east-1',
  },
  {
    partition: 'aws-iso-f',
    prefixes: ['us-isof-', 'eu-isof-'],
    dnsSuffix: 'csp.hci.ic.gov',
    dualStackDnsSuffix: 'api.aws.hci.ic.gov',
    globalRegion: 'us-isof-south-1',
  },
  {
    partition: 'aws-iso-e',
    prefixes: ['eu-isoe-'],
    dnsSuffix: 'cloud.adc-e.uk',
    dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk',
    globalRegion: 'eu-isoe-west-1',
  },
  {
    partition: 'aws-iso',
    prefixes: ['us-iso-'],
    dnsSuffix: 'c2s.ic.gov',
    dualStackDnsSuffix: 'api.aws.ic.gov',
    globalRegion: 'us-iso-east-1',
  },
  {
    partition: 'aws',
    prefixes: [],
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
    globalRegion: 'us-east-1',
  },
];

const commercial = table[table.length - 1] as PartitionFacts;

/** Every partition by name. */
export const partitions: readonly Partition[] = Object.freeze(
  table.map((entry) => entry.partition),
);

/**
 * The partition of a region. A region of no other partition's prefix is commercial (`aws`), as in AWS's own rules.
 *
 * @example
 * ```ts
 * import { partitionOf } from 'irsa/iam';
 * partitionOf('cn-north-1'); // aws-cn
 * ```
 */
export function partitionOf(region: string): Partition {
  return partitionFactsOf(region).partition;
}

/** The partition's host suffixes and global region, by region. */
export function partitionFactsOf(region: string): PartitionFacts {
  return table.find(({ prefixes }) => prefixes.some((p) => region.startsWith(p))) ?? commercial;
}

/**
 * The partition's host suffixes and global region, by the partition's name.
 *
 * @example
 * ```ts
 * import { factsOfPartition } from 'irsa/iam';
 * console.log(factsOfPartition('aws-us-gov').globalRegion); // us-gov-west-1
 * ```
 */
export function factsOfPartition(partition: Partition): PartitionFacts {
  return table.find((entry) => entry.partition === partition) ?? commercial;
}
