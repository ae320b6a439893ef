import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLineWriter } from '../src/create-line-writer.js';

let written: string[];
const writer = () => createLineWriter((text) => written.push(text));
beforeEach(() => {
  written = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('hands over the lines of a moment in one write, in their order', () => {
  const { write } = writer();
  for (const line of ['a\n', 'b\n', 'c\n']) write(line);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(50);
  write('d\n');
  vi.advanceTimersByTime(50);
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['a\nb\nc\n', 'd\n']);
});

it('holds no more than 64 kB', () => {
  const { write } = writer();
  const line = `${'x'.repeat(1023)}\n`;
  for (let n = 0; n < 100; n += 1) write(line);
  expect(written.map((text) => text.length)).toEqual([64 * 1024]);
  vi.advanceTimersByTime(50);
  expect(written.join('')).toBe(line.repeat(100));
});

it('hands over at once what it holds, once', () => {
  const { write, flush } = writer();
  write('last\n');
  flush();
  flush();
  vi.advanceTimersByTime(1000);
  expect(written).toEqual(['last\n']);
});
