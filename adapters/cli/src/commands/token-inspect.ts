import { decodeUnverifiedToken } from 'irsa/credentials';
import { readText } from '../read-input.js';
import { table } from '../table.js';
import type { CommandContext } from '../types.js';

export function defineTokenInspect({ command, io, respond }: CommandContext): void {
  command
    .argument('[file]', 'the token; - is standard input', '-')
    .addHelpText(
      'after',
      '\nExample:\n  kubectl create token s3-echoer --audience sts.amazonaws.com | irsa token inspect',
    )
    .action(async (file: string) => {
      await respond(async () => {
        const { header, claims } = decodeUnverifiedToken((await readText(file, io)).trim());
        const at = (value: unknown): string =>
          typeof value === 'number' ? new Date(value * 1000).toISOString() : '';
        const show = (value: unknown): string =>
          typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
        const seconds =
          typeof claims['exp'] === 'number' ? claims['exp'] - io.now().getTime() / 1000 : 0;
        const rows = [
          ['issuer', show(claims['iss'])],
          ['subject', show(claims['sub'])],
          ['audience', show(claims['aud'])],
          ['kid', show(header['kid'])],
          ['alg', show(header['alg'])],
          ['issued', at(claims['iat'])],
          ['expires', `${at(claims['exp'])}${seconds <= 0 ? '  EXPIRED' : ''}`],
        ];
        return {
          data: { header, claims },
          text: `${table(rows)}\nnot verified: see irsa token verify`,
        };
      });
    });
}
