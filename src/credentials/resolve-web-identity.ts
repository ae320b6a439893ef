import { WebIdentityNotConfiguredError } from '../errors.js';
import type { ProfileKeys } from './read-profile.js';
import { sanitizeRoleSessionName } from './role-session-name.js';

/** Environment variables as a value. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The options that name role, file and session. */
export interface WebIdentityOptions {
  readonly roleArn?: string | undefined;
  readonly webIdentityTokenFile?: string | undefined;
  readonly roleSessionName?: string | undefined;
  readonly profile?: string | undefined;
}

/** Role, token file and session name, and where the SDK's user agent says they come from. */
export interface WebIdentity {
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly roleSessionName: string | undefined;
  readonly source: Readonly<Record<string, string>>;
}

/** An empty variable counts as none. */
export function given(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

const notConfigured = (roleArn: string | undefined, file: string | undefined): Error => {
  const missing = [
    ...(roleArn === undefined ? ['AWS_ROLE_ARN'] : []),
    ...(file === undefined ? ['AWS_WEB_IDENTITY_TOKEN_FILE'] : []),
  ].join(' and ');
  return new WebIdentityNotConfiguredError(
    `web identity: expected a role ARN and a token file, found no ${missing} in options, environment or profile; annotate the pod's ServiceAccount with the role and let the webhook inject both (pods made before that must be recreated)`,
    {
      expected: 'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE',
      actual: `no ${missing}`,
      partly: roleArn !== undefined || file !== undefined,
    },
  );
};

/**
 * Role, token file and session name: options beat a profile that is named in the options, that beats the environment, and that
 * the profile of AWS_PROFILE or `default`.
 *
 * @throws {@link WebIdentityNotConfiguredError} `ERR_WEB_IDENTITY_NOT_CONFIGURED`
 */
export async function resolveWebIdentity(
  options: WebIdentityOptions,
  env: Environment,
  readProfileKeys: () => Promise<ProfileKeys>,
): Promise<WebIdentity> {
  const named: ProfileKeys = options.profile === undefined ? {} : await readProfileKeys();
  const near: ProfileKeys = {
    ...pick('role_arn', options.roleArn ?? given(named.role_arn) ?? given(env['AWS_ROLE_ARN'])),
    ...pick(
      'web_identity_token_file',
      options.webIdentityTokenFile ??
        given(named.web_identity_token_file) ??
        given(env['AWS_WEB_IDENTITY_TOKEN_FILE']),
    ),
    ...pick(
      'role_session_name',
      given(named.role_session_name) ?? given(env['AWS_ROLE_SESSION_NAME']),
    ),
  };
  const isWhole = near.role_arn !== undefined && near.web_identity_token_file !== undefined;
  const far = isWhole || options.profile !== undefined ? {} : await readProfileKeys();
  const { role_arn, web_identity_token_file, role_session_name } = { ...far, ...near };
  const tokenFile = given(web_identity_token_file);
  const roleArn = given(role_arn);
  if (roleArn === undefined || tokenFile === undefined) throw notConfigured(roleArn, tokenFile);
  const inProfile = [named, far].some((keys) => keys.web_identity_token_file === tokenFile);
  const session = given(role_session_name);
  return {
    roleArn,
    tokenFile,
    // A name that STS would refuse is made fit where it comes from a pod's environment, and refused in an option.
    roleSessionName: options.roleSessionName ?? (session && sanitizeRoleSessionName(session)),
    source: inProfile
      ? { CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN: 'q' }
      : tokenFile === env['AWS_WEB_IDENTITY_TOKEN_FILE']
        ? { CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN: 'h' }
        : {},
  };
}

const pick = (name: keyof ProfileKeys, value: string | undefined): ProfileKeys =>
  value === undefined ? {} : { [name]: value };
