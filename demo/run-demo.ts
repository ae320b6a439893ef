import { generateServerIdentity } from 'irsa/certs';
import { mutatePod } from './steps/mutate-pod.js';
import { publishIssuer } from './steps/publish-issuer.js';
import { runEchoer, type EchoedObject } from './steps/run-echoer.js';
import { setUpIam } from './steps/set-up-iam.js';
import { showRefusals } from './steps/show-refusals.js';
import { writeToken } from './steps/write-token.js';
import { story, type Breaks, type Stage } from './story.js';

/** The steps of the story, in order. */
export type StepId = 'issuer' | 'iam' | 'webhook' | 'token' | 'echoer' | 'refusals';

/** How a step went. */
export interface StepReport {
  readonly id: StepId;
  readonly ok: boolean;
  readonly ms: number;
  /** What the step made, or why it failed. */
  readonly detail: string;
}

/** What the demo ends with, and what `--json` prints. */
export interface DemoResult {
  readonly ok: boolean;
  readonly steps: readonly StepReport[];
  /** The object that s3-echoer put; null where it did not come to that. */
  readonly object: EchoedObject | null;
}

/** What {@link runDemo} takes. */
export interface DemoOptions {
  /** Receives the story, line by line; default: nobody. */
  readonly tell?: (line: string) => void;
  /** Ports to insist on; default: free ones. */
  readonly ports?: Stage['ports'];
  /** What a test breaks on purpose; default: nothing. */
  readonly breaks?: Breaks;
}

class StepFailed extends Error {}

/** Runs an action once when the process is told to stop, then ends it as the signal would have. */
const onInterrupt = (action: () => Promise<void>): (() => void) => {
  const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
  const stop = (signal: NodeJS.Signals): void => {
    void action().finally(() => process.exit(128 + signals[signal as keyof typeof signals]));
  };
  for (const signal of Object.keys(signals)) process.once(signal, stop);
  return () => {
    for (const signal of Object.keys(signals)) process.off(signal, stop);
  };
};

/** Says an error in one line. */
const oneLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();

/** Runs the loop once. A failing step ends it and is reported, not thrown; no process, port or file is left behind. */
export async function runDemo(options: DemoOptions = {}): Promise<DemoResult> {
  const { tell = () => {}, ports = {}, breaks = {} } = options;
  const steps: StepReport[] = [];
  const undo: (() => Promise<unknown>)[] = [];
  const cleanUp = async (): Promise<void> => {
    for (const action of undo.splice(0)) await action().catch(() => {});
  };
  let object: EchoedObject | null = null;
  const stage: Stage = {
    tell: (line) => {
      tell(`   ${line}`);
    },
    ports,
    breaks,
    tls: await generateServerIdentity({
      dnsNames: [new URL(story.issuer).host, 'localhost'],
      ipAddresses: ['127.0.0.1'],
    }),
    cleanUp: (action) => undo.unshift(action),
    check: (holds, message) => {
      if (!holds && breaks.skipChecks !== true) throw new Error(message);
    },
  };
  const step = async <T extends { readonly detail: string }>(
    id: StepId,
    title: string,
    run: () => Promise<T>,
  ): Promise<T> => {
    tell(`\n${String(steps.length + 1)}. ${title}`);
    const started = performance.now();
    const report = (ok: boolean, detail: string): void => {
      const ms = Math.round(performance.now() - started);
      steps.push({ id, ok, ms, detail });
      tell(`   ${ok ? '✓' : '✗'} ${detail} (${String(ms)} ms)`);
    };
    try {
      const result = await run();
      report(true, result.detail);
      return result;
    } catch (cause) {
      report(false, oneLine(cause));
      throw new StepFailed(id, { cause });
    }
  };

  // Whoever is stopped in the middle leaves nothing behind either: on the disk lies a token.
  const stopListening = onInterrupt(async () => {
    await cleanUp();
    tell('\ninterrupted: cleaned up');
  });
  try {
    const issuer = await step('issuer', 'A signing key and its issuer', () => publishIssuer(stage));
    const iam = await step('iam', 'AWS trusts the issuer for one service account', () =>
      setUpIam(stage, issuer),
    );
    const webhook = await step('webhook', 'The webhook gives the pod its identity', () =>
      mutatePod(stage, iam),
    );
    await step('token', 'The kubelet projects the token', () => writeToken(stage, issuer, webhook));
    const echoer = await step('echoer', 's3-echoer puts an object and lists the bucket', () =>
      runEchoer(stage, iam, webhook),
    );
    object = echoer.object;
    await step('refusals', 'The door is shut for everybody else', () =>
      showRefusals(stage, issuer, iam, webhook),
    );
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error;
  } finally {
    stopListening();
    await cleanUp();
  }
  return { ok: steps.every(({ ok }) => ok), steps, object };
}
