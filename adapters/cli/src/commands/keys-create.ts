import { Option } from 'commander';
import { generateSigningKey } from 'irsa/oidc';
import type { CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';
import { planNewFiles, writeNewFiles, type NewFile } from '../write-new-files.js';

interface Options {
  readonly out: string;
  readonly name: string;
  readonly algorithm: 'RS256' | 'ES256' | 'ES384' | 'ES512';
  readonly modulusLength?: number;
  readonly dryRun?: true;
}

export function defineKeysCreate({ command, io, respond }: CommandContext): void {
  command
    .option('--out <folder>', 'where the two files go', '.')
    .option('--name <name>', 'file names without ending', 'sa')
    .addOption(
      new Option('--algorithm <algorithm>', 'RS256 is understood everywhere')
        .choices(['RS256', 'ES256', 'ES384', 'ES512'])
        .default('RS256'),
    )
    .option('--modulus-length <bits>', 'of an RSA key (default: 2048)', wholeNumber(2048, 8192))
    .option('--dry-run', 'show which files would be written')
    .addHelpText('after', '\nExample:\n  irsa keys create --out keys')
    .action(async (options: Options) => {
      await respond(async () => {
        const { out, name, algorithm, modulusLength } = options;
        if (!/^[\w.-]+$/.test(name))
          throw new UsageError('--name: expected letters, digits, . _ -');
        const key = await generateSigningKey({
          algorithm,
          ...(modulusLength === undefined ? {} : { modulusLength }),
        });
        const files = { privateKey: `${out}/${name}.key`, publicKey: `${out}/${name}.pub` };
        const made: NewFile[] = [
          { name: files.privateKey, content: key.privateKeyPem, secret: true },
          { name: files.publicKey, content: key.publicKeyPem, secret: false },
        ];
        if (options.dryRun === true) return planNewFiles(made, io);
        await writeNewFiles(made, io);
        return {
          data: { kid: key.kid, algorithm, ...files },
          text: `${files.privateKey}  private, mode 0600: for --service-account-signing-key-file\n${files.publicKey}  public: for --service-account-key-file and irsa jwks\nkid ${key.kid}`,
        };
      });
    });
}
