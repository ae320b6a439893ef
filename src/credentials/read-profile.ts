/** The keys of a profile that matter here, as the SDK's files spell them. */
export interface ProfileKeys {
  readonly role_arn?: string;
  readonly web_identity_token_file?: string;
  readonly role_session_name?: string;
  readonly region?: string;
  readonly use_fips_endpoint?: string;
  readonly use_dualstack_endpoint?: string;
}

/**
 * Reads a profile from the shared config and credentials files, where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or the
 * defaults say they are. A missing file or profile reads as empty.
 */
export async function readProfile(name: string): Promise<ProfileKeys> {
  const { loadSharedConfigFiles } = await import('@smithy/shared-ini-file-loader');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  // Keys of the credentials file win, as in the SDK.
  return { ...configFile[name], ...credentialsFile[name] };
}
