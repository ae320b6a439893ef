import { checkIssuerDocuments, parseIssuer } from 'irsa/oidc';
import { fetchIssuerDocuments } from '../fetch-issuer-documents.js';
import { findingsText } from '../findings-text.js';
import { paint } from '../paint.js';
import { readKeys } from '../read-keys.js';
import type { CommandContext } from '../types.js';

export function defineIssuerVerify({ command, io, respond }: CommandContext): void {
  command
    .argument('<issuer>', 'exactly as in the tokens')
    .option('--key <file...>', 'keys that must be published, e.g. the one that signs')
    .addHelpText(
      'after',
      '\nExample:\n  irsa issuer verify https://my-oidc.s3.eu-west-1.amazonaws.com --key keys/sa.pub',
    )
    .action(async (url: string, { key = [] }: { readonly key?: string[] }) => {
      await respond(async () => {
        const issuer = parseIssuer(url);
        const { keys } = await readKeys(key, io);
        const { discovery, jwks } = await fetchIssuerDocuments(issuer, io);
        const findings = checkIssuerDocuments({
          issuer,
          discovery,
          jwks,
          requireKids: keys.map(({ kid }) => kid),
        });
        const bad = findings.filter(({ severity }) => severity !== 'info');
        const verdict =
          bad.length === 0
            ? `${issuer}: a stranger reads it as AWS must`
            : `${bad.length} findings`;
        return {
          data: { issuer, findings },
          text: [findingsText(findings, paint(io)), verdict]
            .filter((line) => line !== '')
            .join('\n'),
          exitCode: bad.length === 0 ? 0 : 1,
        };
      });
    });
}
