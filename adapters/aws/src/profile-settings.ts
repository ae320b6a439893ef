type Environment = Readonly<Record<string, string | undefined>>;

/** What a profile says beside credentials and region. */
export interface ProfileSettings {
  /** The endpoint of a service, as the profile or its `services` section has it, where the environment names none. */
  readonly endpointOf: (service: 's3' | 'iam' | 'cloudfront') => string | undefined;
  readonly caBundle?: string;
}

/**
 * Reads what the SDK does not: of a profile that is named to it (not by `AWS_PROFILE`) it takes credentials and region, but
 * not the endpoint, and would send to AWS what is meant for another server; `ca_bundle` it never reads.
 */
export async function profileSettings(
  env: Environment,
  named: string | undefined,
): Promise<ProfileSettings> {
  const { loadSharedConfigFiles } = await import('@smithy/shared-ini-file-loader');
  const { configFile } = await loadSharedConfigFiles({ ignoreCache: true });
  const profile = configFile[named ?? env['AWS_PROFILE'] ?? 'default'] ?? {};
  const services = configFile[`services.${profile['services'] ?? ''}`] ?? {};
  const caBundle = profile['ca_bundle'];
  return {
    endpointOf: (service) => {
      const inEnvironment =
        env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? env['AWS_ENDPOINT_URL'];
      if (named === undefined || inEnvironment !== undefined) return undefined;
      return services[`${service}.endpoint_url`] ?? profile['endpoint_url'];
    },
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}
