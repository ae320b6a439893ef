import { buildJwks } from 'irsa/oidc';
import { readKeys } from '../read-keys.js';
import type { CommandContext } from '../types.js';

interface Options {
  readonly legacyEmptyKid?: true;
}

export function defineJwks({ command, io, respond }: CommandContext): void {
  command
    .argument('[files...]', 'keys in any form; - is standard input', ['-'])
    .option('--legacy-empty-kid', 'add the first key without kid, for clusters before 1.16')
    .addHelpText(
      'after',
      '\nExample:\n  irsa jwks sa.pub sa-next.pub > jwks.json\n  openssl rsa -in sa.key -pubout | irsa jwks',
    )
    .action(async (files: string[], { legacyEmptyKid }: Options) => {
      await respond(async () => {
        const { keys } = await readKeys(files, io);
        const jwks = await buildJwks(keys, { legacyEmptyKid: legacyEmptyKid ?? false });
        return { data: jwks, text: JSON.stringify(jwks, undefined, 2) };
      });
    });
}
