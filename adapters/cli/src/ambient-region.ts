/** The region that `aws` would take: of the environment, then of the profile. */
export async function ambientRegion(
  env: Readonly<Record<string, string | undefined>>,
  profile: string = env['AWS_PROFILE'] ?? 'default',
): Promise<string | undefined> {
  const named = [env['AWS_REGION'], env['AWS_DEFAULT_REGION']].find(
    (region) => region !== undefined && region !== '',
  );
  if (named !== undefined) return named;
  const { loadSharedConfigFiles } = await import('@smithy/shared-ini-file-loader');
  const files = {
    ...(env['AWS_CONFIG_FILE'] === undefined ? {} : { configFilepath: env['AWS_CONFIG_FILE'] }),
    ...(env['AWS_SHARED_CREDENTIALS_FILE'] === undefined
      ? {}
      : { filepath: env['AWS_SHARED_CREDENTIALS_FILE'] }),
  };
  const { configFile } = await loadSharedConfigFiles({ ...files, ignoreCache: true });
  return configFile[profile]?.['region'];
}
