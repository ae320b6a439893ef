import { createWebIdentityProvider } from 'irsa/credentials';
import type {
  AssumedRole,
  CredentialEvent,
  WebIdentityProvider,
  WebIdentityProviderOptions,
} from 'irsa/credentials';

export const roleArn = 'arn:aws:iam::111122223333:role/s3-echoer';

const base64url = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token that passes every local check; its signature is none. */
export const tokenWith = (
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): string =>
  [
    base64url({ alg: 'RS256', kid: 'kid-1', ...header }),
    base64url({
      iss: 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com',
      sub: 'system:serviceaccount:default:s3-echoer',
      aud: ['sts.amazonaws.com'],
      iat: Math.floor(Date.now() / 1000) - 60,
      exp: Math.floor(Date.now() / 1000) + 86_340,
      'kubernetes.io': {
        namespace: 'default',
        pod: { name: 's3-echoer-xclgt', uid: 'c7a162c9' },
        serviceaccount: { name: 's3-echoer', uid: '71f33dee' },
      },
      ...claims,
    }),
    base64url('signature-of-no-key'),
  ].join('.');

/** An error as the SDK throws it. */
export const stsError = (name: string, message: string, status = 400): Error =>
  Object.assign(new Error(message), {
    name,
    Code: name,
    $fault: 'client',
    $metadata: { httpStatusCode: status, requestId: 'r-1' },
  });

/** A clock that only a test moves, with its timers. */
export class ManualClock {
  nowMs: number = Date.UTC(2026, 7, 1);
  timers: readonly { at: number; run: () => void }[] = [];
  readonly now = (): number => this.nowMs;
  readonly setTimer = (run: () => void, ms: number): (() => void) => {
    const timer = { at: this.nowMs + ms, run };
    this.timers = [...this.timers, timer];
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };
  async advance(seconds: number): Promise<void> {
    await settle();
    const until = this.nowMs + seconds * 1000;
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers = this.timers.filter((other) => other !== due);
      this.nowMs = Math.max(this.nowMs, due.at);
      due.run();
      await settle();
    }
    this.nowMs = until;
    await settle();
  }
}

/** Lets every promise that can go on go on. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
};

export type Answer = 'hang' | Error | { lifetimeSeconds: number; serverDate?: Date };

export interface Rig {
  readonly clock: ManualClock;
  readonly provider: WebIdentityProvider;
  readonly events: CredentialEvent[];
  /** Answers in order; the last one is repeated. */
  answers: Answer[];
  calls: number;
  aborted: number;
  readonly tokens: string[];
  readonly sessionNames: string[];
}

/** A provider on a manual clock with a scripted STS. */
export const createRig = (
  options: Partial<WebIdentityProviderOptions> = {},
  answers: Answer[] = [{ lifetimeSeconds: 3600 }],
): Rig => {
  const clock = new ManualClock();
  const events: CredentialEvent[] = [];
  const assumeRole: WebIdentityProviderOptions['assumeRole'] = (input) => {
    rig.calls += 1;
    rig.tokens.push(input.webIdentityToken);
    rig.sessionNames.push(input.roleSessionName);
    const answer = rig.answers.length > 1 ? rig.answers.shift()! : rig.answers[0]!;
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer === 'hang') {
      return new Promise<AssumedRole>(() => {
        input.signal.addEventListener('abort', () => {
          rig.aborted += 1;
        });
      });
    }
    const { lifetimeSeconds, serverDate } = answer;
    const from = serverDate?.getTime() ?? clock.nowMs;
    return Promise.resolve({
      credentials: {
        accessKeyId: `ASIA${rig.calls}`,
        secretAccessKey: `secret-of-${rig.calls}`,
        sessionToken: `session-of-${rig.calls}`,
        expiration: new Date(from + lifetimeSeconds * 1000),
      },
      accountId: '111122223333',
      ...(serverDate !== undefined && { serverDate }),
    });
  };
  const provider = createWebIdentityProvider({
    roleArn,
    validateToken: false,
    readToken: () => Promise.resolve('an opaque token'),
    assumeRole,
    now: clock.now,
    random: () => 0,
    setTimer: clock.setTimer,
    on: (event) => events.push(event),
    ...options,
  });
  const rig: Rig = {
    clock,
    provider,
    events,
    answers,
    calls: 0,
    aborted: 0,
    tokens: [],
    sessionNames: [],
  };
  return rig;
};
