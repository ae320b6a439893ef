// node hold-to-share.mjs PID SHARE: gives a process that share of one core, as a CPU quota does: by what it has used, not by the clock, so that
// neighbours on the core do not make it less. What a period overdraws the next ones pay back. A program of its own: the bench itself is busy.
import { readdirSync, readFileSync } from 'node:fs';

const [pid, share] = process.argv.slice(2).map(Number);
const periodMs = 100;
const nap = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms) => Atomics.wait(nap, 0, 0, ms);

/** Of all its threads: the garbage collector's are among them. */
const usedMs = () => {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]);
    } catch {
      // A thread that has ended.
    }
  }
  return ns / 1e6;
};

let budgetMs = usedMs();
let periodEnd = performance.now();
try {
  for (;;) {
    // As a quota: what was not used is lost.
    budgetMs = Math.min(budgetMs, usedMs()) + share * periodMs;
    periodEnd += periodMs;
    if (usedMs() < budgetMs) process.kill(pid, 'SIGCONT');
    while (performance.now() < periodEnd) {
      if (usedMs() >= budgetMs) {
        process.kill(pid, 'SIGSTOP');
        sleep(periodEnd - performance.now());
      } else {
        sleep(1);
      }
    }
  }
} catch {
  // The process has ended.
}
