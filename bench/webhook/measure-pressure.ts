import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../types.js';
import { cpuMs, peakRss, rss, type Contestant } from './contestant.js';
import { driveLoad, type LoadOptions } from './drive-load.js';

const connections = 1000;
/** Until then the heap and the allocator grow to what so many connections need, the floor's too. */
const warmUps = 3;
const rounds = 6;
/** Of RSS, over the rounds after the warm-up: RSS goes up and down by 10 to 15 MiB between equal rounds, the floor's too. */
const noiseMiB = 16;
/** What the manifests allow. */
const limitMiB = 384;

/** What 1,000 connections do to a server. */
export interface Pressure {
  readonly what: string;
  /** How long the sender waits, which it says in the URL. */
  readonly timeoutSeconds: number;
  /** Of each round. */
  readonly seconds: number;
  /** Requests a second of all connections; default: each sends the next one when its answer is here. */
  readonly rate?: number;
  /** What the server gets of its core; less than it needs, so that somebody has to be refused. Default: all. */
  readonly share?: number;
}

/** Both servers, and what is sent to them. */
export interface PressureOptions extends Pick<LoadOptions, 'ca' | 'body'> {
  readonly ours: Contestant;
  readonly floor: Contestant;
}

/** What all rounds showed. */
interface Pressed {
  readonly answers: number;
  readonly refusals: number;
  readonly broken: number;
  readonly seconds: number;
  readonly slowestAnswer: number;
  readonly slowestRefusal: number;
  /** What it got of its core. */
  readonly share: number;
  /** RSS after each round, in MiB. */
  readonly memory: readonly number[];
  readonly peak: number;
  readonly growth: number;
}

/**
 * Whether the server stays what it is: every reply, answer or refusal, is there before its sender gives up, no connection breaks, memory
 * has no trend once it is warm (against the floor's in the same run), and its peak is within the manifests' limit.
 */
export async function measurePressure(
  pressure: Pressure,
  options: PressureOptions,
): Promise<BenchRow> {
  const ours = await press(options.ours, pressure, options);
  const floor = await press(options.floor, pressure, options);
  const timeoutMs = pressure.timeoutSeconds * 1000;
  const slowest = Math.max(ours.slowestAnswer, ours.slowestRefusal);
  const mayGrow = Math.max(0, floor.growth) + noiseMiB;
  const mustShed = pressure.share !== undefined;
  return {
    what: `${pressure.what}: slowest reply`,
    unit: 'ms',
    ours: slowest,
    floor: Math.max(floor.slowestAnswer, floor.slowestRefusal),
    ratio: slowest / Math.max(floor.slowestAnswer, floor.slowestRefusal),
    target: `≤ ${timeoutMs} ms; RSS + ≤ ${Math.round(mayGrow)} MiB, peak ≤ ${limitMiB}`,
    met:
      slowest <= timeoutMs &&
      ours.broken === 0 &&
      ours.answers > 0 &&
      (!mustShed || ours.refusals > 0) &&
      ours.growth <= mayGrow &&
      ours.peak <= limitMiB,
    note: `${describe(ours)}. The floor, which refuses nobody: ${describe(floor)}`,
  };
}

async function press(
  on: Contestant,
  pressure: Pressure,
  { ca, body }: PressureOptions,
): Promise<Pressed> {
  const { timeoutSeconds, seconds, rate, share } = pressure;
  const total = { answers: 0, refusals: 0, broken: 0, seconds: 0 };
  const slowest = { answer: 0, refusal: 0 };
  const memory: number[] = [];
  let usedMs = 0;
  for (let round = 0; round < warmUps + rounds; round += 1) {
    const result = await driveLoad({
      ...{ port: on.port, ca, connections, seconds, body },
      path: `/mutate?timeout=${timeoutSeconds}s`,
      ...(rate !== undefined && { rate }),
      beforeLoad: () => {
        const before = cpuMs(on);
        const release = share === undefined ? undefined : holdToShare(on, share);
        return async () => {
          await release?.();
          usedMs += cpuMs(on) - before;
        };
      },
    });
    total.answers += result.answers;
    total.refusals += result.refusals.length;
    total.broken += result.broken;
    total.seconds += result.seconds;
    slowest.answer = Math.max(slowest.answer, result.latencies.at(-1) ?? 0);
    slowest.refusal = Math.max(slowest.refusal, result.refusals.at(-1) ?? 0);
    memory.push(rss(on));
  }
  return {
    ...total,
    slowestAnswer: slowest.answer,
    slowestRefusal: slowest.refusal,
    share: usedMs / 1000 / total.seconds,
    memory,
    peak: peakRss(on),
    growth: growthOf(memory.slice(warmUps)),
  };
}

/** From the first to the last of the values by their median slope (Theil and Sen), which one outlier does not move. */
function growthOf(values: readonly number[]): number {
  const slopes = values.flatMap((from, i) =>
    values.slice(i + 1).map((to, further) => (to - from) / (further + 1)),
  );
  slopes.sort((a, b) => a - b);
  return (slopes[Math.floor(slopes.length / 2)] ?? 0) * (values.length - 1);
}

/** Gives a contestant that share of one core; returns how to let it go. */
function holdToShare({ child }: Contestant, share: number): () => Promise<void> {
  const script = fileURLToPath(new URL('hold-to-share.mjs', import.meta.url));
  const holder = spawn(process.execPath, [script, String(child.pid), String(share)], {
    stdio: 'ignore',
  });
  return async () => {
    const ended = once(holder, 'exit');
    holder.kill();
    await ended;
    child.kill('SIGCONT');
  };
}

function describe(pressed: Pressed): string {
  const { answers, refusals, broken, seconds, memory, growth } = pressed;
  const perSecond = (count: number): number => Math.round(count / seconds);
  const mib = memory.map((value) => Math.round(value)).join(' ');
  return `${perSecond(answers)}/s answered after at most ${Math.round(pressed.slowestAnswer)} ms, ${perSecond(refusals)}/s shed after at most ${Math.round(pressed.slowestRefusal)} ms, ${broken} connections broken, ${Math.round(pressed.share * 100)} % of a core; RSS after each round ${mib} MiB, of which the first ${warmUps} are warm-up, trend ${growth.toFixed(1)}, peak ${Math.round(pressed.peak)}`;
}
