import { decodeUnverifiedToken } from 'irsa/credentials';
import { parseIssuer, verifyServiceAccountToken } from 'irsa/oidc';
import { fetchJwks } from '../fetch-issuer-documents.js';
import { readText } from '../read-input.js';
import { readJwks } from '../read-jwks.js';
import type { CommandContext } from '../types.js';

interface Options {
  readonly audience: string;
  readonly issuer?: string;
  readonly jwks?: string;
}

export function defineTokenVerify({ command, io, respond }: CommandContext): void {
  command
    .argument('[file]', 'the token; - is standard input', '-')
    .option('--audience <audience>', 'that it must be for', 'sts.amazonaws.com')
    .option('--issuer <url>', 'that it must be from (default: the one it names)')
    .option('--jwks <file>', 'keys to verify with (default: fetched from the issuer, as STS does)')
    .addHelpText(
      'after',
      '\nExample:\n  irsa token verify /var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    )
    .action(async (file: string, options: Options) => {
      await respond(async () => {
        const token = (await readText(file, io)).trim();
        const issuer = parseIssuer(
          options.issuer ?? String(decodeUnverifiedToken(token).claims['iss']),
        );
        const jwks =
          options.jwks === undefined
            ? await fetchJwks(issuer, io)
            : await readJwks(options.jwks, io);
        const { audience } = options;
        const verified = await verifyServiceAccountToken({
          token,
          jwks,
          issuer,
          audience,
          now: io.now(),
        });
        return verified.valid
          ? {
              data: verified,
              text: `valid: ${verified.namespace}/${verified.serviceAccount} until ${verified.expiresAt.toISOString()}, signed by ${verified.kid}`,
            }
          : { data: verified, text: `refused: ${verified.message}`, exitCode: 1 };
      });
    });
}
