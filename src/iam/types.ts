import type { Finding } from '../names/finding.js';
import type { Partition } from '../names/partition.js';
import type { Issuer } from '../names/issuer.js';

/** A value, or a list of values, as policy documents allow in many places. */
export type OneOrMany<T> = T | readonly T[];

/** What a condition compares with: IAM takes JSON strings, and reads numbers and booleans as their text. */
export type ConditionValue = string | number | boolean;

/** `{ operator: { contextKey: value(s) } }`; all of it must hold. */
export type ConditionBlock = Readonly<
  Record<string, Readonly<Record<string, OneOrMany<ConditionValue>>>>
>;

/** Who a statement is about: everybody, or principals by kind. */
export type PrincipalElement = '*' | Readonly<Record<string, OneOrMany<string>>>;

/**
 * One statement of a trust policy. Exactly one of Principal and NotPrincipal, and of Action and NotAction, is present.
 *
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html | IAM: grammar of the JSON policy language}
 */
export interface TrustStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: PrincipalElement;
  readonly NotPrincipal?: PrincipalElement;
  readonly Action?: OneOrMany<string>;
  readonly NotAction?: OneOrMany<string>;
  readonly Condition?: ConditionBlock;
}

/** A role's trust policy (`AssumeRolePolicyDocument`). */
export interface TrustPolicy {
  readonly Version?: '2012-10-17' | '2008-10-17';
  readonly Id?: string;
  readonly Statement: readonly TrustStatement[];
}

/** Service accounts by exact name, or by pattern: `*` stands for any text, `?` for one character. */
export interface ServiceAccountPattern {
  readonly namespace: string;
  readonly name: string;
}

/** Which service accounts of which issuer: what building, binding and unbinding need. */
export interface TrustBinding {
  /** The issuer whose service accounts are meant. */
  readonly issuer: Issuer | string;
  /** The account that holds the IAM OIDC provider, 12 digits. */
  readonly accountId: string;
  /** Default `aws`. */
  readonly partition?: Partition;
  /** The service accounts, by name or pattern. */
  readonly subjects: readonly ServiceAccountPattern[];
}

/** An IAM OIDC provider as it should be: the input of `CreateOpenIDConnectProvider`. */
export interface OidcProviderSpec {
  /** The issuer. */
  readonly url: Issuer;
  /** IAM's client ID list: the audiences that the provider accepts, without duplicates. */
  readonly audiences: readonly string[];
  /** Lower-case hex SHA-1; empty lets IAM fetch the thumbprint itself. */
  readonly thumbprints: readonly string[];
  /** Sorted by key. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What `evaluateTrustPolicy` saw in one statement. */
export interface TrustReason {
  /** Index in `Statement`, from 0; -1 where no statement is meant. */
  readonly statement: number;
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  /** `not-evaluated`: the element is one that cannot be judged offline (NotPrincipal, NotAction, a principal wildcard). */
  readonly outcome: 'applies' | 'does-not-apply' | 'undecided' | 'not-evaluated';
  /** The element that settled the outcome. */
  readonly element:
    'Principal' | 'NotPrincipal' | 'Action' | 'NotAction' | 'Condition' | 'Statement';
  /** For `Condition`: the operator as written. */
  readonly operator?: string;
  /** For `Condition`: the context key as written. */
  readonly key?: string;
  /** What the policy asks for. */
  readonly expected?: readonly string[];
  /** What the request has; an empty list when the key is absent. */
  readonly actual?: readonly string[];
  /** The same in one sentence. */
  readonly message: string;
}

/** What the trust policy says to one web identity. */
export interface TrustDecision {
  /** True only when nothing that is not known offline could take it away. */
  readonly allowed: boolean;
  /**
   * What stands between us and a sure answer: condition keys (as written in the policy) whose value is not known offline,
   * and the names of elements that are not evaluated (`NotAction`, `NotPrincipal`, `Principal *`). Empty when the answer is sure.
   */
  readonly undecided: readonly string[];
  /** One entry a statement, in order, and one for the implicit refusal when no statement allows. */
  readonly reasons: readonly TrustReason[];
  /** Mistakes in the statements that concern this provider. */
  readonly findings: readonly Finding[];
}
