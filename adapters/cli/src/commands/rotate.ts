import { planKeyRotation } from 'irsa/oidc';
import { addRotationOptions, rotationFacts, type RotationOptions } from '../rotation-facts.js';
import { table } from '../table.js';
import type { CommandContext } from '../types.js';

const example = (name: string): string =>
  `\nExample:\n  irsa rotate ${name} --issuer https://oidc.example.com --next-key keys/sa-2.pub \\\n    --api-server cp-1=keys/sa.pub:keys/sa.pub,keys/sa-2.pub@2026-01-01T00:00:00Z`;

/** Where each key stands. */
export function defineRotateStatus({ command, io, respond }: CommandContext): void {
  addRotationOptions(command)
    .addHelpText('after', example('status'))
    .action(async (options: RotationOptions) => {
      await respond(async () => {
        const {
          published,
          apiServers,
          nextKey,
          compromisedKids = [],
        } = await rotationFacts(options, io);
        const publishedKids = published.jwks.keys.flatMap((key) =>
          'kid' in key && typeof key.kid === 'string' ? [key.kid] : [],
        );
        const kids = new Set([
          ...publishedKids,
          ...apiServers.flatMap(({ signingKid, acceptedKids }) => [signingKid, ...acceptedKids]),
          ...(nextKey === undefined ? [] : [nextKey.kid]),
        ]);
        const keys = [...kids].map((kid) => ({
          kid,
          published: publishedKids.includes(kid),
          acceptedBy: apiServers
            .filter(({ acceptedKids }) => acceptedKids.includes(kid))
            .map(({ name }) => name),
          signsFor: apiServers
            .filter(({ signingKid }) => signingKid === kid)
            .map(({ name }) => name),
          ...(compromisedKids.includes(kid) ? { compromised: true } : {}),
        }));
        const list = (names: readonly string[]): string =>
          names.length === 0 ? '-' : names.join(',');
        return {
          data: { keys },
          text: table([
            ['KID', 'PUBLISHED', 'ACCEPTED BY', 'SIGNS FOR'],
            ...keys.map((key) => [
              key.kid,
              key.published ? 'yes' : 'no',
              list(key.acceptedBy),
              list(key.signsFor),
            ]),
          ]),
        };
      });
    });
}

/** The next step, and when it is safe. */
export function defineRotateNext({ command, io, respond }: CommandContext): void {
  addRotationOptions(command)
    .addHelpText('after', example('next'))
    .action(async (options: RotationOptions) => {
      await respond(async () => {
        const plan = planKeyRotation(await rotationFacts(options, io));
        const wait =
          plan.notBefore > io.now() ? `not before ${plan.notBefore.toISOString()}` : 'now';
        return {
          data: plan,
          text: [
            `${plan.step}: ${wait}`,
            ...plan.kids.map((kid) => `  key    ${kid}`),
            ...plan.apiServers.map((name) => `  where  ${name}`),
            `  why    ${plan.because}`,
            ...plan.missingFacts.map((fact) => `  shorter with  ${fact}`),
            ...plan.breaks.map((text) => `  BREAKS ${text}`),
            ...(plan.jwks === undefined ? [] : ['  publish the jwks of --output json']),
          ].join('\n'),
          exitCode: plan.breaks.length === 0 ? 0 : 1,
        };
      });
    });
}
