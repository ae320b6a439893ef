import type { checkTeardown, IssuerChange } from 'irsa/iam';
import { changeText } from './change-text.js';
import { findingsText } from './findings-text.js';
import { InterruptedError } from './interrupted-error.js';
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

interface Plan {
  /** The changes that lead from what there is to what the task wants. */
  readonly changes: readonly IssuerChange[];
  /** A teardown only: what it passes over, because it may not be ours. */
  readonly left?: ReturnType<typeof checkTeardown>;
}

/** Looks at what there is, and plans. */
export async function planTask(task: IssuerTask): Promise<Plan> {
  const { spec, target } = task;
  const [{ observeIssuer }, { checkTeardown, planIssuer }] = await Promise.all([
    import('irsa-aws'),
    import('irsa/iam'),
  ]);
  const facts = { desired: spec, observed: await observeIssuer({ spec, ...target }) };
  const named = nameIn(task);
  try {
    const changes = planIssuer(facts).map((change) => ({
      ...change,
      id: named(change.id),
      resource: named(change.resource),
    }));
    if (spec.state !== 'absent') return { changes };
    const left = checkTeardown(facts).map((finding) => ({
      ...finding,
      title: named(finding.title),
      evidence: named(finding.evidence),
    }));
    return { changes, left };
  } catch (error) {
    if (error instanceof Error) error.message = named(error.message);
    throw error;
  }
}

/** A folder's files bear the folder's name, not that of the bucket that they stand for. */
function nameIn({ spec: { target }, directoryAsGiven }: IssuerTask): (text: string) => string {
  if (directoryAsGiven === undefined || target.kind !== 's3') return (text) => text;
  return (text) => text.replaceAll(`s3://${target.bucket}`, () => directoryAsGiven);
}

/** The plan for people: what, why, at which risk, and how to take it back. */
export function planText(
  { changes, left = [] }: Plan,
  options: {
    readonly task: IssuerTask;
    readonly diff: boolean;
    readonly colour: ReturnType<typeof paint>;
  },
): string {
  const { task, diff, colour } = options;
  const rest = left.length === 0 ? [] : [findingsText(left, colour)];
  if (changes.length === 0) return rest[0] ?? 'nothing to do: everything is as it should be';
  const lines = changes.flatMap((change, index) => [
    `${index + 1}. ${colour('bold', change.kind)} ${change.resource}`,
    `   why:  ${change.reason}`,
    `   risk: ${change.risk}`,
    `   undo: ${change.undo}`,
    ...(diff ? [changeText(shown(change.before), shown(change.after), colour)] : []),
  ]);
  const next = task.next === undefined ? [] : [`then: ${task.next}`];
  return [...lines, ...next, ...rest].join('\n');
}

/** A value of a change as text; a document as what it says, without what follows from it. */
function shown(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null || !('body' in value))
    return JSON.stringify(value, undefined, 2);
  const { path, contentType, cacheControl, body } = value as Record<string, unknown>;
  return JSON.stringify({ path, contentType, cacheControl, body: parsed(body) }, undefined, 2);
}

const parsed = (body: unknown): unknown => {
  try {
    return JSON.parse(String(body)) as unknown;
  } catch {
    return body;
  }
};

/** Plans, asks, applies, and says what was done. Nothing happens without a yes. */
export async function carryOut(
  task: IssuerTask,
  io: CliIo,
  options: CarryOutOptions,
): Promise<CommandResult & { readonly outcome: 'nothing' | 'planned' | 'declined' | 'applied' }> {
  const plan = await planTask(task);
  const { changes, left = [] } = plan;
  const exitCode = left.length === 0 ? 0 : 1;
  if (options.dryRun || changes.length === 0) {
    return {
      outcome: changes.length === 0 ? 'nothing' : 'planned',
      data: plan,
      text: planText(plan, { task, diff: options.dryRun, colour: paint(io) }),
      exitCode,
    };
  }
  if (!options.yes) {
    io.stderr.write(`${planText(plan, { task, diff: false, colour: paint(io, 'stderr') })}\n`);
    if (!(await io.confirm(options.question))) {
      return {
        outcome: 'declined',
        data: { ...plan, applied: [] },
        text: 'nothing was changed; say yes, or pass --yes where nobody can answer',
        exitCode: 1,
      };
    }
  }
  const { applied, leftOut } = await apply(changes, task, io);
  return {
    outcome: 'applied',
    data: { ...plan, applied, leftOut },
    text: [
      `${applied.length} of ${changes.length} changes made`,
      ...leftOut.map(({ id, why }) => `left out: ${id}: ${why}`),
      ...(left.length === 0 ? [] : [findingsText(left, paint(io))]),
    ].join('\n'),
    exitCode,
  };
}

async function apply(
  changes: readonly IssuerChange[],
  task: IssuerTask,
  io: CliIo,
): Promise<{
  readonly applied: readonly string[];
  readonly leftOut: readonly { readonly id: string; readonly why: string }[];
}> {
  const { applyIssuerChanges } = await import('irsa-aws');
  const { signal } = io;
  let done = 0;
  let waiting = '';
  try {
    return await applyIssuerChanges(changes, {
      spec: task.spec,
      ...task.target,
      signal,
      onProgress: ({ change, index, total, status, why = '' }) => {
        if (status === 'started')
          io.stderr.write(`[${index + 1}/${total}] ${change.kind} ${change.resource}\n`);
        if (status === 'left-out' || (status === 'done' && why !== ''))
          io.stderr.write(`        left out: ${why}\n`);
        if (status === 'waiting' && why !== waiting) io.stderr.write(`        ${why}\n`);
        if (status === 'waiting') waiting = why;
        if (status === 'done' || status === 'left-out') done += 1;
      },
    });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    throw new InterruptedError(
      `stopped after ${done} of ${changes.length} changes; run the same command again to go on`,
    );
  }
}
