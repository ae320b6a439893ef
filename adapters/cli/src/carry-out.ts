import type { IssuerChange } from 'irsa/iam';
import { changeText } from './change-text.js';
import type { IssuerTask } from './issuer-spec.js';
import { paint } from './paint.js';
import type { CliIo, CommandResult } from './types.js';

/** How a plan is carried out. */
export interface CarryOutOptions {
  /** Ask nobody. */
  readonly yes: boolean;
  /** Show the plan as a diff and stop. */
  readonly dryRun: boolean;
  /** The question before the first change. */
  readonly question: string;
}

/** What there is, and the changes that lead from there to what the task wants. */
export async function planTask({ spec, directory }: IssuerTask): Promise<IssuerChange[]> {
  const [{ observeIssuer }, { planIssuer }] = await Promise.all([
    import('irsa-aws'),
    import('irsa/iam'),
  ]);
  const observed = await observeIssuer({ spec, ...(directory === undefined ? {} : { directory }) });
  return planIssuer({ desired: spec, observed });
}

/** The plan for people: what, why, at which risk, and how to take it back. */
export function planText(
  changes: readonly IssuerChange[],
  io: CliIo,
  options: { readonly task: IssuerTask; readonly diff: boolean },
): string {
  const colour = paint(io);
  if (changes.length === 0) return 'nothing to do: everything is as it should be';
  const pretty = (value: unknown): string =>
    value === undefined ? '' : JSON.stringify(value, undefined, 2);
  return changes
    .map((change, index) =>
      [
        `${index + 1}. ${colour('bold', change.kind)} ${resourceOf(change, options.task)}`,
        `   why:  ${change.reason}`,
        `   risk: ${change.risk}`,
        `   undo: ${change.undo}`,
        ...(options.diff ? [changeText(pretty(change.before), pretty(change.after), io)] : []),
      ].join('\n'),
    )
    .join('\n');
}

/** A folder's files bear the folder's name, not that of the bucket that they stand for. */
const resourceOf = ({ resource }: IssuerChange, { directoryAsGiven }: IssuerTask): string =>
  directoryAsGiven === undefined ? resource : resource.replace(/^s3:\/\/[^/]+/, directoryAsGiven);

/** Plans, asks, applies, and says what was done. Nothing happens without a yes. */
export async function carryOut(
  task: IssuerTask,
  io: CliIo,
  options: CarryOutOptions,
): Promise<CommandResult> {
  const changes = await planTask(task);
  if (options.dryRun || changes.length === 0) {
    return { data: { changes }, text: planText(changes, io, { task, diff: options.dryRun }) };
  }
  if (!options.yes) {
    io.stderr.write(`${planText(changes, io, { task, diff: false })}\n`);
    if (!(await io.confirm(options.question))) {
      return {
        data: { changes, applied: [] },
        text: 'nothing was changed; say yes, or pass --yes where nobody can answer',
        exitCode: 1,
      };
    }
  }
  const { applyIssuerChanges } = await import('irsa-aws');
  const { spec, directory } = task;
  const { applied, leftOut } = await applyIssuerChanges(changes, {
    spec,
    ...(directory === undefined ? {} : { directory }),
    signal: io.signal,
    onProgress: ({ change, index, total, status, why }) => {
      if (status === 'started')
        io.stderr.write(`[${index + 1}/${total}] ${change.kind} ${resourceOf(change, task)}\n`);
      if (status === 'left-out') io.stderr.write(`        left out: ${why ?? ''}\n`);
    },
  });
  const left = leftOut.map(({ id, why }) => `left out: ${id}: ${why}`);
  return {
    data: { changes, applied, leftOut },
    text: [`${applied.length} of ${changes.length} changes made`, ...left].join('\n'),
  };
}
