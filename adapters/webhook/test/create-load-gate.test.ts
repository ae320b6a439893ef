import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLoadGate, type LoadGate } from '../src/create-load-gate.js';

let gate: LoadGate;
let now: number;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  gate = createLoadGate({ maxInFlight: 2, maxBufferedBytes: 10 });
});
afterEach(() => {
  gate.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The loop is busy: time passes and no timer runs. */
const busy = (ms: number): void => {
  now += ms;
};
/** A turn ends, and its timers run once, however many ticks were missed. */
const nextTurn = (): void => {
  vi.advanceTimersByTime(20);
};

describe('createLoadGate', () => {
  it('sees no wait while the loop turns', () => {
    for (let turn = 0; turn < 50; turn += 1) {
      busy(20);
      nextTurn();
    }
    expect(gate.lagMs()).toBe(0);
    expect(gate.shed(gate.lagMs(), 1000)).toBeUndefined();
  });

  it('counts what has gone of the turn in which a request is seen', () => {
    busy(720);
    expect(gate.lagMs()).toBe(700);
    expect(gate.shed(gate.lagMs() + 1, 1000)).toBe('too-late');
    expect(gate.shed(gate.lagMs() + 1, 10_000)).toBeUndefined();
  });

  it('adds the turn before: what is seen now may have come at its begin', () => {
    busy(620);
    nextTurn();
    expect(gate.lagMs()).toBe(600);
    busy(320);
    expect(gate.lagMs()).toBe(900);
    nextTurn();
    nextTurn();
    expect(gate.lagMs()).toBe(0);
  });

  it('takes a request for no older than the last answer on its connection', () => {
    busy(620);
    nextTurn();
    busy(320);
    expect(gate.lagMs(now - 400)).toBe(400);
    expect(gate.lagMs(0)).toBe(900);
  });

  it('gives a fifth of the patience to the answers of one turn, even to who has just come', () => {
    busy(150);
    expect(gate.shed(0, 1000)).toBeUndefined();
    busy(60);
    expect(gate.shed(0, 1000)).toBe('too-late');
    expect(gate.shed(0, 2000)).toBeUndefined();
    nextTurn();
    expect(gate.shed(0, 1000)).toBeUndefined();
  });

  it('bounds requests and bytes', () => {
    for (let n = 0; n < 3; n += 1) gate.enter();
    expect(gate.shed(0, 1000)).toBe('too-many-in-flight');
    gate.leave();
    expect(gate.shed(0, 1000)).toBeUndefined();
    gate.hold(11);
    expect([gate.shed(0, 1000), gate.bufferedBytes]).toEqual(['too-many-bytes', 11]);
    gate.release(11);
    expect([gate.shed(0, 1000), gate.inFlight]).toEqual([undefined, 2]);
  });
});
