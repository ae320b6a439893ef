import { jwkThumbprint } from 'irsa/oidc';
import { readKeys } from '../read-keys.js';
import { table } from '../table.js';
import type { CommandContext } from '../types.js';

export function defineKeysInspect({ command, io, respond }: CommandContext): void {
  command
    .argument(
      '[files...]',
      'PEM, DER, JWK, JWKS or certificates; private keys are read as public',
      ['-'],
    )
    .addHelpText(
      'after',
      '\nExample:\n  kubectl get --raw /openid/v1/jwks | irsa keys inspect\n  irsa keys inspect /etc/kubernetes/pki/sa.pub',
    )
    .action(async (files: string[]) => {
      await respond(async () => {
        const { keys, omitted } = await readKeys(files, io, 'omit');
        const data = {
          keys: await Promise.all(
            keys.map(async (key) => ({
              kid: key.kid,
              alg: key.alg,
              thumbprint: await jwkThumbprint(key),
              ...(key.notAfter === undefined ? {} : { notAfter: key.notAfter }),
            })),
          ),
          omitted: omitted.map(({ path, why }) => ({ path, why })),
        };
        const rows = data.keys.map(({ kid, alg, notAfter }) => [
          kid,
          alg,
          notAfter === undefined ? '' : `certificate until ${notAfter.toISOString()}`,
        ]);
        const left = omitted.map(({ path, why }) => `left out: ${path}: ${why}`);
        return {
          data,
          text: [table([['KID', 'ALG', ''], ...rows]), ...left].join('\n'),
          exitCode: omitted.length > 0 || keys.length === 0 ? 1 : 0,
        };
      });
    });
}
