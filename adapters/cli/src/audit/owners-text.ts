import { paint } from '../paint.js';
import type { CliIo } from '../types.js';
import type { OwnerGroup } from './group-by-owner.js';

const maxPods = 5;

/** `1 pod`, `2 pods`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Groups for people: what has to be rolled, what is wrong with its pods, the command. */
export function ownersText(groups: readonly OwnerGroup[], io: CliIo): string {
  const colour = paint(io);
  const colours = { error: 'red', warning: 'yellow', info: 'dim' } as const;
  return groups
    .map(({ namespace, kind, name, pods, findings, command, note }) => {
      const more = pods.length > maxPods ? `, and ${pods.length - maxPods} more` : '';
      const list = kind === 'Pod' ? '' : `: ${pods.slice(0, maxPods).join(', ')}${more}`;
      return [
        `${kind} ${namespace}/${name}${kind === 'Pod' ? '' : ` (${counted(pods.length, 'pod')}${list})`}`,
        ...findings.flatMap(({ id, severity, title, evidence, pods: of }) => [
          `  ${colour(colours[severity], severity)} ${id}${of === pods.length ? '' : ` (${counted(of, 'pod')})`}: ${title}`,
          `    seen: ${evidence}`,
        ]),
        `  do: ${command}`,
        ...(note === undefined ? [] : [`      (${note})`]),
      ].join('\n');
    })
    .join('\n');
}
