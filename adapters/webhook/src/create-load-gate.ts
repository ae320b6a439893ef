/** Why a request is shed. */
export type ShedReason = 'too-many-in-flight' | 'too-many-bytes' | 'too-late';

/** Counts what the server holds and says when to refuse more. */
export interface LoadGate {
  /** Requests held now. */
  readonly inFlight: number;
  /** Bytes of bodies held now. */
  readonly bufferedBytes: number;
  readonly enter: () => void;
  readonly leave: () => void;
  readonly hold: (bytes: number) => void;
  readonly release: (bytes: number) => void;
  /** A reason to refuse a request that has waited `waitedMs` here and whose sender gives up after `patienceMs`. */
  readonly shed: (waitedMs: number, patienceMs: number) => ShedReason | undefined;
  /** The longest that a request which is seen now can have waited unseen; its connection was last answered at `answeredAt`. */
  readonly lagMs: (answeredAt?: number) => number;
  readonly close: () => void;
}

/** What {@link createLoadGate} needs. */
export interface LoadGateOptions {
  readonly maxInFlight: number;
  readonly maxBufferedBytes: number;
}

const tickMs = 20;
/** The rest of the patience is for the work itself, and for who comes just too late for this turn. */
const usefulShare = 0.5;
/** How much of it one turn may give to answers: the refusals after them take about as long, and two turns must be within the whole. */
const turnShare = 0.2;

/**
 * Load shedding for a server whose work is CPU-bound and so queues in the event loop, where Node.js does not show it.
 *
 * A timer ticks every 20 ms, or once in a turn of the loop where a turn takes longer. What is seen now came after the poll of the turn before,
 * so it has waited for that turn and for as much of this one as is over, at most; nor did it come before its connection's last answer,
 * because HTTP/1.1 clients ask one thing at a time. The lesser of the two bounds is the wait. Work that its sender will not wait for is
 * refused before it is parsed, which costs a third of answering it. Counters bound memory.
 */
export function createLoadGate(options: LoadGateOptions): LoadGate {
  const { maxInFlight, maxBufferedBytes } = options;
  let inFlight = 0;
  let bufferedBytes = 0;
  let lastTick = performance.now();
  let lastTurnMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    lastTurnMs = now - lastTick;
    lastTick = now;
  }, tickMs);
  timer.unref();

  const lagMs = (answeredAt = -Infinity): number => {
    const now = performance.now();
    const turnsMs = Math.max(0, lastTurnMs - tickMs) + Math.max(0, now - lastTick - tickMs);
    return Math.min(turnsMs, now - answeredAt);
  };
  return {
    get inFlight() {
      return inFlight;
    },
    get bufferedBytes() {
      return bufferedBytes;
    },
    enter: () => {
      inFlight += 1;
    },
    leave: () => {
      inFlight -= 1;
    },
    hold: (bytes) => {
      bufferedBytes += bytes;
    },
    release: (bytes) => {
      bufferedBytes -= bytes;
    },
    shed: (waitedMs, patienceMs) => {
      if (waitedMs > patienceMs * usefulShare) return 'too-late';
      if (performance.now() - lastTick > patienceMs * turnShare) return 'too-late';
      if (inFlight > maxInFlight) return 'too-many-in-flight';
      return bufferedBytes > maxBufferedBytes ? 'too-many-bytes' : undefined;
    },
    lagMs,
    close: () => {
      clearInterval(timer);
    },
  };
}
