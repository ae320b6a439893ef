import type { Reporter, TestModule } from 'vitest/node';

/** Prints `N passed, N failed` alone on the last line, the form that CI and outside tools read; skipped tests on a line before. */
export default class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      // A module that could not be loaded has no tests to count; it is a failure all the same.
      if (module.errors().length > 0) count.failed += 1;
      // So is a failing hook, whose tests are then only skipped.
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed') count.passed += 1;
        else if (state === 'failed') count.failed += 1;
        else count.skipped += 1;
      }
    }
    if (count.skipped > 0) process.stdout.write(`${String(count.skipped)} skipped\n`);
    process.stdout.write(`${String(count.passed)} passed, ${String(count.failed)} failed\n`);
  }
}
