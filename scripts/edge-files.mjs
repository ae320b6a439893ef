/**
 * The edge files of `src`: the only ones there that may touch clock, randomness, environment, files, timers or network.
 * ESLint (purity) and dependency-cruiser (imports of node:* and the AWS SDK) both read this list.
 */
export const edgeFiles = [
  'src/credentials/read-token-file.ts',
  'src/credentials/read-profile.ts',
  'src/credentials/assume-role-with-sts.ts',
  'src/credentials/from-*.ts',
  'src/credentials/create-web-identity-provider.ts',
  'src/credentials/system-ports.ts',
  'src/oidc/generate-signing-key.ts',
  'src/certs/generate-*.ts',
  'src/certs/inspect-certificate.ts',
  'src/testing/start-*.ts',
  'src/testing/mint-*.ts',
];

/** The same as one regular expression's source, for dependency-cruiser. */
export const edgeFilesPattern = `^(?:${edgeFiles
  .map((glob) => glob.replaceAll('.', '\\.').replaceAll('*', '[^/]*'))
  .join('|')})$`;
