import { isBucketName } from './is-bucket-name.js';
import type { PublicAccessBlock } from './account.js';
import { isPublicPolicy } from './authorize-s3.js';
import { AwsFailure } from './aws-failure.js';
import { textOfBytes } from './bytes.js';
import { queryValue, type AwsReply } from './exchange.js';
import type { S3Call, S3Operation } from './s3-operation.js';
import { elementsOf, textOf, xmlDocument, type XmlNode } from './xml.js';

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** An XML reply in S3's namespace. */
export const s3Xml = (name: string, node: XmlNode): AwsReply => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xmlDocument({ [`${name} xmlns="${namespace}"`]: node }),
});

const noContent: AwsReply = { status: 204 };
const ok: AwsReply = { status: 200 };

/** Matches a request to the bucket itself with a method and a sub-resource, such as `?policy`. */
const on =
  (method: string, subResource?: string): S3Operation['matches'] =>
  ({ request, key }) =>
    key === '' &&
    request.method === method &&
    (subResource === undefined
      ? !request.query.some(([name]) => subResources.has(name))
      : queryValue(request, subResource) !== undefined);

const subResources = new Set([
  'acl',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'ownershipControls',
  'tagging',
  'location',
  'cors',
  'versioning',
  'encryption',
  'lifecycle',
  'logging',
  'website',
  'uploads',
  'delete',
  'versions',
  'replication',
  'notification',
]);

const notFound = (code: string, message: string): AwsFailure => new AwsFailure(code, message, 404);

const createBucket: S3Operation = {
  operation: 'CreateBucket',
  action: 's3:CreateBucket',
  matches: ({ request, key }) => key === '' && request.path !== '/' && on('PUT')({ request, key }),
  withoutBucket: true,
  run: (call, bucket) => {
    const { account, bucketName, request } = call;
    if (!isBucketName(bucketName) || bucketName.includes('..')) {
      throw new AwsFailure('InvalidBucketName', 'The specified bucket is not valid.', 400);
    }
    checkLocation(call);
    const acl = request.headers['x-amz-acl'];
    if (acl !== undefined && acl !== 'private') {
      throw new AwsFailure(
        'InvalidBucketAclWithObjectOwnership',
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        400,
      );
    }
    if (account.buckets.has(bucketName)) {
      // us-east-1 alone lets the owner create a bucket twice.
      if (call.signedRegion === 'us-east-1')
        return { status: 200, headers: { location: `/${bucketName}` } };
      throw new AwsFailure(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
      );
    }
    const ownership = request.headers['x-amz-object-ownership'];
    account.buckets.set(bucketName, {
      ...bucket,
      ...(ownership === undefined ? {} : { ownership }),
    });
    return { status: 200, headers: { location: `/${bucketName}` } };
  },
};

function checkLocation({ signedRegion, body }: S3Call): void {
  const location = textOf(textOfBytes(body), 'LocationConstraint');
  if (location === 'us-east-1') {
    throw new AwsFailure(
      'InvalidLocationConstraint',
      'The specified location-constraint is not valid',
      400,
    );
  }
  if (signedRegion === undefined || signedRegion === 'us-east-1') return;
  if (location !== signedRegion) {
    throw new AwsFailure(
      'IllegalLocationConstraintException',
      `The ${location ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      400,
    );
  }
}

const switches = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
] as const;

const readPublicAccessBlock = (xml: string): PublicAccessBlock => {
  const value = (name: (typeof switches)[number]): boolean => textOf(xml, name) === 'true';
  return {
    BlockPublicAcls: value('BlockPublicAcls'),
    IgnorePublicAcls: value('IgnorePublicAcls'),
    BlockPublicPolicy: value('BlockPublicPolicy'),
    RestrictPublicBuckets: value('RestrictPublicBuckets'),
  };
};

const checkBucketPolicy = (
  document: string,
  bucketName: string,
  block: PublicAccessBlock | undefined,
): void => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw new AwsFailure(
      'MalformedPolicy',
      "Policies must be valid JSON and the first byte must be '{'",
      400,
    );
  }
  const text = JSON.stringify(parsed);
  if (!text.startsWith('{') || !text.includes('"Statement"')) {
    throw new AwsFailure('MalformedPolicy', 'Missing required field Statement', 400);
  }
  if (!text.includes(`:s3:::${bucketName}`)) {
    throw new AwsFailure('MalformedPolicy', 'Policy has invalid resource', 400);
  }
  if (block?.BlockPublicPolicy === true && isPublicPolicy(document)) {
    throw new AwsFailure(
      'AccessDenied',
      `User is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::${bucketName}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      403,
    );
  }
};

/** Takes a setting off a bucket. */
const deletes = (
  operation: string,
  action: string,
  matches: S3Operation['matches'],
  setting: 'policy' | 'publicAccessBlock' | 'ownership' | 'tags',
): S3Operation => ({
  operation,
  action,
  matches,
  run: (_, bucket) => {
    bucket[setting] = undefined;
    return noContent;
  },
});

/** What can be asked of a bucket. */
export const bucketOperations: readonly S3Operation[] = [
  {
    operation: 'ListBuckets',
    action: 's3:ListAllMyBuckets',
    matches: ({ request, key }) => key === '' && request.path === '/' && request.method === 'GET',
    withoutBucket: true,
    run: ({ account }) =>
      s3Xml('ListAllMyBucketsResult', {
        Owner: { ID: account.accountId },
        Buckets: {
          Bucket: [...account.buckets.values()].map(({ name, createdAt }) => ({
            Name: name,
            CreationDate: createdAt.toISOString(),
          })),
        },
      }),
  },
  createBucket,
  {
    operation: 'HeadBucket',
    action: 's3:ListBucket',
    matches: on('HEAD'),
    run: (_, bucket) => ({ status: 200, headers: { 'x-amz-bucket-region': bucket.region } }),
  },
  {
    operation: 'DeleteBucket',
    action: 's3:DeleteBucket',
    matches: on('DELETE'),
    run: ({ account }, bucket) => {
      if (bucket.objects.size > 0)
        throw new AwsFailure('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
      account.buckets.delete(bucket.name);
      return noContent;
    },
  },
  {
    operation: 'GetBucketLocation',
    action: 's3:GetBucketLocation',
    matches: on('GET', 'location'),
    run: (_, bucket) =>
      s3Xml('LocationConstraint', bucket.region === 'us-east-1' ? '' : bucket.region),
  },
  {
    operation: 'PutBucketPolicy',
    action: 's3:PutBucketPolicy',
    matches: on('PUT', 'policy'),
    run: ({ body }, bucket) => {
      const document = textOfBytes(body);
      checkBucketPolicy(document, bucket.name, bucket.publicAccessBlock);
      bucket.policy = document;
      return noContent;
    },
  },
  {
    operation: 'GetBucketPolicy',
    action: 's3:GetBucketPolicy',
    matches: on('GET', 'policy'),
    run: (_, bucket) => {
      if (bucket.policy === undefined)
        throw notFound('NoSuchBucketPolicy', 'The bucket policy does not exist');
      return { status: 200, headers: { 'content-type': 'application/json' }, body: bucket.policy };
    },
  },
  {
    operation: 'GetBucketPolicyStatus',
    action: 's3:GetBucketPolicyStatus',
    matches: on('GET', 'policyStatus'),
    run: (_, bucket) => {
      if (bucket.policy === undefined)
        throw notFound('NoSuchBucketPolicy', 'The bucket policy does not exist');
      return s3Xml('PolicyStatus', { IsPublic: isPublicPolicy(bucket.policy) });
    },
  },
  deletes('DeleteBucketPolicy', 's3:DeleteBucketPolicy', on('DELETE', 'policy'), 'policy'),
  {
    operation: 'PutPublicAccessBlock',
    action: 's3:PutBucketPublicAccessBlock',
    matches: on('PUT', 'publicAccessBlock'),
    run: ({ body }, bucket) => {
      bucket.publicAccessBlock = readPublicAccessBlock(textOfBytes(body));
      return ok;
    },
  },
  {
    operation: 'GetPublicAccessBlock',
    action: 's3:GetBucketPublicAccessBlock',
    matches: on('GET', 'publicAccessBlock'),
    run: (_, bucket) => {
      const block = bucket.publicAccessBlock;
      if (block === undefined) {
        throw notFound(
          'NoSuchPublicAccessBlockConfiguration',
          'The public access block configuration was not found',
        );
      }
      return s3Xml(
        'PublicAccessBlockConfiguration',
        Object.fromEntries(switches.map((name) => [name, block[name]])),
      );
    },
  },
  deletes(
    'DeletePublicAccessBlock',
    's3:PutBucketPublicAccessBlock',
    on('DELETE', 'publicAccessBlock'),
    'publicAccessBlock',
  ),
  {
    operation: 'PutBucketOwnershipControls',
    action: 's3:PutBucketOwnershipControls',
    matches: on('PUT', 'ownershipControls'),
    run: ({ body }, bucket) => {
      bucket.ownership = textOf(textOfBytes(body), 'ObjectOwnership');
      return ok;
    },
  },
  {
    operation: 'GetBucketOwnershipControls',
    action: 's3:GetBucketOwnershipControls',
    matches: on('GET', 'ownershipControls'),
    run: (_, bucket) => {
      if (bucket.ownership === undefined) {
        throw notFound(
          'OwnershipControlsNotFoundError',
          'The bucket ownership controls were not found',
        );
      }
      return s3Xml('OwnershipControls', { Rule: { ObjectOwnership: bucket.ownership } });
    },
  },
  deletes(
    'DeleteBucketOwnershipControls',
    's3:PutBucketOwnershipControls',
    on('DELETE', 'ownershipControls'),
    'ownership',
  ),
  {
    operation: 'PutBucketTagging',
    action: 's3:PutBucketTagging',
    matches: on('PUT', 'tagging'),
    run: ({ body }, bucket) => {
      const tags = elementsOf(textOfBytes(body), 'Tag');
      bucket.tags = new Map(
        tags.map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']),
      );
      return noContent;
    },
  },
  {
    operation: 'GetBucketTagging',
    action: 's3:GetBucketTagging',
    matches: on('GET', 'tagging'),
    run: (_, bucket) => {
      if (bucket.tags === undefined) throw notFound('NoSuchTagSet', 'The TagSet does not exist');
      return s3Xml('Tagging', {
        TagSet: { Tag: [...bucket.tags].map(([Key, Value]) => ({ Key, Value })) },
      });
    },
  },
  deletes('DeleteBucketTagging', 's3:PutBucketTagging', on('DELETE', 'tagging'), 'tags'),
  {
    operation: 'PutBucketAcl',
    action: 's3:PutBucketAcl',
    matches: on('PUT', 'acl'),
    run: () => {
      throw new AwsFailure('AccessControlListNotSupported', 'The bucket does not allow ACLs', 400);
    },
  },
];
