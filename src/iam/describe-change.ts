import type { IssuerChange, IssuerChangeKind } from './plan-types.js';

interface Words {
  readonly risk: string;
  readonly undo: string;
  readonly reversible: boolean;
}

const gone = 'none: what is deleted is created anew by planning the state `published`';
const noRisk = 'none';

/** Risk and undo by kind, in one place so that no change goes without. */
const words: Readonly<Record<IssuerChangeKind, Words>> = {
  'create-bucket': {
    risk: 'none; the name is taken for as long as the bucket exists',
    undo: 'delete the empty bucket before anything trusts the issuer',
    reversible: true,
  },
  'tag-bucket': { risk: noRisk, undo: 'put the tags of `before`', reversible: true },
  'set-bucket-ownership': {
    risk: 'object ACLs stop having effect in this bucket',
    undo: 'set the ownership of `before`; without one there was none to restore',
    reversible: true,
  },
  'set-public-access-block': {
    risk: 'opening lets the bucket policy make the documents public; closing cuts anonymous readers off',
    undo: 'put the settings of `before`',
    reversible: true,
  },
  'put-bucket-policy': {
    risk: 'whoever the policy names can read the documents; a wrong policy makes STS refuse every token',
    undo: 'put the policy of `before`, or delete it where there was none',
    reversible: true,
  },
  'delete-bucket-policy': {
    risk: 'nobody outside the account can read the bucket any more',
    undo: 'put the policy of `before`',
    reversible: true,
  },
  'put-object': {
    risk: 'STS and every other verifier trusts what this document says',
    undo: 'put the body of `before`, or delete the object where there was none',
    reversible: true,
  },
  'delete-object': {
    risk: 'verifiers of this issuer no longer find the document, nor its keys, even those in use: after a change of issuer they are published elsewhere, so a teardown does not hold them',
    undo: 'put the object again: the documents are built from the public keys',
    reversible: true,
  },
  'delete-bucket': {
    risk: 'IRREVERSIBLE: the name is released; whoever creates a bucket of that name owns the issuer and can mint credentials for every account that still trusts it',
    undo: 'none: someone else may have taken the name',
    reversible: false,
  },
  'create-origin-access-control': { risk: noRisk, undo: 'delete it', reversible: true },
  'delete-origin-access-control': { risk: noRisk, undo: gone, reversible: true },
  'create-cache-policy': { risk: noRisk, undo: 'delete it', reversible: true },
  'update-cache-policy': {
    risk: 'documents live longer or shorter at the edge',
    undo: 'update to the values of `before`',
    reversible: true,
  },
  'delete-cache-policy': { risk: noRisk, undo: gone, reversible: true },
  'create-distribution': {
    risk: 'none; it takes minutes until every edge serves',
    undo: 'disable, then delete it',
    reversible: true,
  },
  'update-distribution': {
    risk: 'the public address of the issuer changes its behaviour within minutes',
    undo: 'update to the values of `before`',
    reversible: true,
  },
  'invalidate-distribution': {
    risk: 'none; the edges fetch the documents anew',
    undo: 'nothing to undo',
    reversible: true,
  },
  'disable-distribution': {
    risk: 'the issuer’s address stops answering: verifiers refuse its tokens',
    undo: 'enable it again',
    reversible: true,
  },
  'delete-distribution': {
    risk: 'the host name that CloudFront gave is lost for good; an issuer on it cannot come back',
    undo: 'none: a new distribution has another host name (an alias of your own can be pointed anew)',
    reversible: false,
  },
  'create-provider': {
    risk: 'roles of this account can now trust the issuer; none does until its trust policy says so',
    undo: 'delete the provider',
    reversible: true,
  },
  'add-audiences': {
    risk: 'tokens for these audiences are accepted by roles that do not demand one',
    undo: 'remove them from the provider’s client IDs',
    reversible: true,
  },
  'set-thumbprints': {
    risk: 'with a wrong list STS refuses the issuer, if its certificate is of no public CA',
    undo: 'put the list of `before`',
    reversible: true,
  },
  'tag-provider': {
    risk: noRisk,
    undo: 'put the values of `before`, untag the others',
    reversible: true,
  },
  'delete-provider': {
    risk: 'STS refuses every token of the issuer in this account',
    undo: 'create it again with the values of `before`; its ARN will be the same',
    reversible: true,
  },
  'create-role': {
    risk: 'the service accounts get the role’s permissions, none until some are attached',
    undo: 'delete the role',
    reversible: true,
  },
  'set-trust-policy': {
    risk: 'who may assume the role changes; it takes IAM seconds until everywhere',
    undo: 'put the policy of `before`',
    reversible: true,
  },
};

type ChangeOf<Kind extends IssuerChangeKind> = Extract<IssuerChange, { readonly kind: Kind }>;

/** Makes a change of a plan: the caller says what and why, the risk and the undo go with the kind. */
export function describeChange<Kind extends IssuerChangeKind>(
  kind: Kind,
  resource: string,
  facts: Pick<ChangeOf<Kind>, 'reason' | 'before' | 'after'>,
): IssuerChange {
  const { reason, before, after } = facts;
  const change = {
    id: `${kind}:${resource}`,
    kind,
    resource,
    reason,
    ...words[kind],
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
  // The payload's type goes with `kind`, which the compiler cannot follow through a generic.
  return change as unknown as IssuerChange;
}
