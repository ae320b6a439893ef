import { planTask, planText } from '../carry-out.js';
import { addIssuerOptions, issuerTask, type IssuerOptions } from '../issuer-spec.js';
import { paint } from '../paint.js';
import type { CommandContext } from '../types.js';

export function defineIssuerPlan({ command, io, respond }: CommandContext): void {
  addIssuerOptions(command)
    .option('--diff', 'show before and after of each change')
    .addHelpText(
      'after',
      '\nExample:\n  irsa issuer plan --name cluster-1 --account-id 111122223333 --bucket my-oidc --region eu-west-1 --key keys/sa.pub',
    )
    .action(async (options: IssuerOptions & { readonly diff?: true }) => {
      await respond(async () => {
        const task = await issuerTask(options, io);
        const plan = await planTask(task);
        const text = planText(plan, {
          task,
          diff: options.diff === true,
          colour: paint(io),
        });
        return { data: plan, text };
      });
    });
}
