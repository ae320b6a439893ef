import { createRequire } from 'node:module';
import { factsOfPartition, partitionOf, type Partition } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { partitions } from '../../src/names/partition.js';

// The table that AWS ships with its SDK: a part of every client, declared by none of ours.
const fromClient = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-iam'));
const { partition: sdkPartition } = fromClient('@aws-sdk/core/client') as {
  partition: (
    region: string,
  ) => Record<'name' | 'dnsSuffix' | 'dualStackDnsSuffix' | 'implicitGlobalRegion', string>;
};

describe('partitions', () => {
  it.each(partitions)('%s is as the SDK knows it', (name) => {
    const { globalRegion, dnsSuffix, dualStackDnsSuffix } = factsOfPartition(name);
    const theirs = sdkPartition(globalRegion);
    expect({ name, dnsSuffix, dualStackDnsSuffix, globalRegion }).toEqual({
      name: theirs.name,
      dnsSuffix: theirs.dnsSuffix,
      dualStackDnsSuffix: theirs.dualStackDnsSuffix,
      globalRegion: theirs.implicitGlobalRegion,
    });
  });

  it.each<[string, Partition]>([
    ['eu-west-1', 'aws'],
    ['us-east-1', 'aws'],
    ['mx-central-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-east-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
    ['us-iso-west-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
    ['eu-isoe-west-1', 'aws-iso-e'],
    ['us-isof-south-1', 'aws-iso-f'],
    ['nowhere-1', 'aws'],
  ])('puts %s into %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
    expect(factsOfPartition(partition).partition).toBe(partition);
  });

  it('finds each partition by its own global region', () => {
    for (const partition of partitions) {
      expect(partitionOf(factsOfPartition(partition).globalRegion)).toBe(partition);
    }
  });
});
