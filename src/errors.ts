/**
 * Every code that an {@link IrsaError} can carry. The code is the stable test: messages may change, codes do not.
 */
export type IrsaErrorCode =
  | 'ERR_ISSUER'
  | 'ERR_SUBJECT'
  | 'ERR_KEY'
  | 'ERR_JWKS'
  | 'ERR_ARN'
  | 'ERR_IAM_LIMIT'
  | 'ERR_TRUST_POLICY'
  | 'ERR_ADMISSION_REVIEW'
  | 'ERR_POD'
  | 'ERR_ROLE_MAPPINGS'
  | 'ERR_POD_IDENTITY_ASSOCIATIONS'
  | 'ERR_SETTINGS'
  | 'ERR_WEB_IDENTITY_NOT_CONFIGURED'
  | 'ERR_TOKEN_FILE'
  | 'ERR_TOKEN'
  | 'ERR_ASSUME_ROLE'
  | 'ERR_TIMEOUT'
  | 'ERR_CERTIFICATE'
  | 'ERR_CLUSTER'
  | 'ERR_PLAN'
  | 'ERR_LOCAL_AWS';

/** What an {@link IrsaError} knows beyond its message. No field ever holds a token, key or secret. */
export interface IrsaErrorDetails {
  /** The error that this one explains. */
  readonly cause?: unknown;
  /** Where in the input the fault is, as a path such as `spec.containers[0].env` or a file name. */
  readonly path?: string;
  /** What was found, shortened and scrubbed. */
  readonly actual?: string;
  /** What was expected. */
  readonly expected?: string;
}

/**
 * Base class of every error that this library throws for bad data or a bad environment.
 * (A wrong call, a bug in the calling code, throws `TypeError`.)
 *
 * @example
 * ```ts
 * import { IrsaError } from 'irsa/errors';
 * import { parseIssuer } from 'irsa/oidc';
 * try {
 *   parseIssuer('http://plain.example.com');
 * } catch (error) {
 *   if (error instanceof IrsaError) console.log(error.code); // ERR_ISSUER
 * }
 * ```
 */
export abstract class IrsaError extends Error {
  /** The stable, literal code of the failure family. */
  abstract readonly code: IrsaErrorCode;
  declare readonly path?: string;
  declare readonly actual?: string;
  declare readonly expected?: string;
  /**
   * Whether a credential provider chain may go on to its next provider. True only where IRSA is not configured at all,
   * so that a broken set-up never slips silently to the node's role.
   */
  readonly tryNextLink: boolean = false;

  constructor(message: string, details: IrsaErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    if (details.path !== undefined) this.path = details.path;
    if (details.actual !== undefined) this.actual = details.actual;
    if (details.expected !== undefined) this.expected = details.expected;
  }
}

/** An issuer URL that OIDC Discovery or AWS does not accept. */
export class IssuerError extends IrsaError {
  override readonly code = 'ERR_ISSUER';
}
/** A namespace, ServiceAccount name or subject that Kubernetes does not accept. */
export class SubjectError extends IrsaError {
  override readonly code = 'ERR_SUBJECT';
}
/** Key material that cannot be read, or that AWS or Kubernetes does not take. */
export class KeyError extends IrsaError {
  override readonly code = 'ERR_KEY';
}
/** A JWKS or discovery document that cannot be built or read. */
export class JwksError extends IrsaError {
  override readonly code = 'ERR_JWKS';
}
/** An ARN that is malformed or of another kind or partition than asked for. */
export class ArnError extends IrsaError {
  override readonly code = 'ERR_ARN';
}
/** An IAM quota or length limit is exceeded; the message names the limit. */
export class IamLimitError extends IrsaError {
  override readonly code = 'ERR_IAM_LIMIT';
}
/** A trust policy that is not a policy document. */
export class TrustPolicyError extends IrsaError {
  override readonly code = 'ERR_TRUST_POLICY';
}
/** A request body that is not an AdmissionReview. */
export class AdmissionReviewError extends IrsaError {
  override readonly code = 'ERR_ADMISSION_REVIEW';
}
/** An object that is not a Pod, or whose fields have types that a Pod cannot have. */
export class PodError extends IrsaError {
  override readonly code = 'ERR_POD';
}
/** A role-mapping ConfigMap that cannot be read. */
export class RoleMappingsError extends IrsaError {
  override readonly code = 'ERR_ROLE_MAPPINGS';
}
/** A container-credentials identities file that cannot be read. */
export class PodIdentityAssociationsError extends IrsaError {
  override readonly code = 'ERR_POD_IDENTITY_ASSOCIATIONS';
}
/** Mutation settings that cannot work. */
export class SettingsError extends IrsaError {
  override readonly code = 'ERR_SETTINGS';
}
/**
 * Neither options nor environment say which role and token to use: the next provider of a chain may try.
 * Where one of the two is there, the set-up is broken rather than absent, and a chain must stop.
 */
export class WebIdentityNotConfiguredError extends IrsaError {
  override readonly code = 'ERR_WEB_IDENTITY_NOT_CONFIGURED';
  override readonly tryNextLink: boolean;

  constructor(message: string, details: IrsaErrorDetails & { readonly partly?: boolean } = {}) {
    super(message, details);
    this.tryNextLink = details.partly !== true;
  }
}
/** The projected token file cannot be read. */
export class TokenFileError extends IrsaError {
  override readonly code = 'ERR_TOKEN_FILE';
}
/** A token that STS would refuse, found before STS is asked. */
export class TokenError extends IrsaError {
  override readonly code = 'ERR_TOKEN';
}
/** STS refused AssumeRoleWithWebIdentity, or could not be asked. */
export class AssumeRoleError extends IrsaError {
  override readonly code = 'ERR_ASSUME_ROLE';
}
/** A deadline passed. */
export class TimeoutError extends IrsaError {
  override readonly code = 'ERR_TIMEOUT';
}
/** A certificate, certificate chain or certificate request that cannot be used. */
export class CertificateError extends IrsaError {
  override readonly code = 'ERR_CERTIFICATE';
}
/** API-server settings or manifests that a distribution cannot express. */
export class ClusterError extends IrsaError {
  override readonly code = 'ERR_CLUSTER';
}
/** Facts from which no safe plan follows. */
export class PlanError extends IrsaError {
  override readonly code = 'ERR_PLAN';
}
/** The local AWS for tests cannot start, or was asked for something it does not do. */
export class LocalAwsError extends IrsaError {
  override readonly code = 'ERR_LOCAL_AWS';
}
