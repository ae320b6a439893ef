import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FaultCase, FaultWorld } from './fault-world.js';
import { stsAnswers } from './sts-answers.js';
import { tokenWith } from './support.js';

const operation = 'AssumeRoleWithWebIdentity';
const kept = 'the cached credential';

/** How often a class of error is asked again within the 1.4 s that the matrix gives, with nothing cached. */
const callsOf: Readonly<Record<string, number>> = { transient: 3, throttling: 2, ambiguous: 2 };
const counted = (calls: number): string => `${calls} ${calls === 1 ? 'call' : 'calls'}`;

const answers: readonly FaultCase[] = stsAnswers.map((answer) => ({
  fault: `STS: ${answer.code}: ${answer.message}`,
  make: ({ aws }: FaultWorld): undefined => {
    const { code, message, status } = answer;
    aws.setFault({ kind: 'error', operation, code, message, status });
  },
  cold: `ERR_ASSUME_ROLE ${answer.id}; ${counted(callsOf[answer.class] ?? 1)}`,
  warm: kept,
}));

const network = 'ERR_ASSUME_ROLE network';

const wire: readonly FaultCase[] = [
  {
    fault: 'STS answers after 300 ms',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'slow', delayMs: 300 });
    },
    cold: 'new credentials; 1 call',
    warm: 'new credentials',
  },
  {
    fault: 'STS never answers',
    options: { deadlineSeconds: 0.5 },
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'hang' });
    },
    cold: 'ERR_TIMEOUT; 1 call',
    warm: kept,
  },
  {
    fault: 'STS never answers, and each try has 100 ms',
    options: { requestTimeoutMs: 100 },
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'hang' });
    },
    cold: `${network}; 3 calls`,
    warm: kept,
  },
  {
    fault: 'the connection is reset',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'reset' });
    },
    cold: `${network}; 3 calls`,
    warm: kept,
  },
  {
    fault: 'the connection is reset once',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'reset', times: 1 });
    },
    cold: 'new credentials; 2 calls',
    warm: 'new credentials',
  },
  {
    fault: 'half a body',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'half-body' });
    },
    cold: `${network}; 3 calls`,
    warm: kept,
  },
  {
    fault: 'an HTML page of a proxy with status 502',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'html' });
    },
    cold: `${network}; 3 calls`,
    warm: kept,
  },
  {
    fault: 'an HTML page of a proxy with status 200',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'html', status: 200 });
    },
    cold: `${network}; 3 calls`,
    warm: kept,
  },
  {
    fault: 'throttled',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'throttle' });
    },
    cold: 'ERR_ASSUME_ROLE throttling; 2 calls',
    warm: kept,
  },
  {
    fault: 'credentials that have already expired',
    make: ({ aws }): undefined => {
      aws.setFault({ kind: 'expired' });
    },
    cold: 'ERR_ASSUME_ROLE unknown; 1 call',
    warm: kept,
  },
  ...[7200, -7200].map((seconds): FaultCase => ({
    fault: `the node's clock is 2 h ${seconds > 0 ? 'behind' : 'ahead of'} STS`,
    make: async ({ aws, mint, tokenFile }) => {
      aws.setFault({ kind: 'clock-skew', seconds });
      const now = new Date(Date.now() + seconds * 1000);
      await writeFile(tokenFile, await mint({ now, lifetimeSeconds: 3600 }));
    },
    cold: 'new credentials; 1 call',
    warm: 'new credentials',
  })),
  {
    fault: 'the name of STS does not resolve',
    endpointOf: () => 'https://sts.irsa.invalid',
    make: () => undefined,
    cold: `${network}; 0 calls`,
    warm: '–',
  },
  {
    fault: 'a certificate that nobody trusts',
    endpointOf: ({ untrusted }) => untrusted.endpoint,
    make: () => undefined,
    cold: `${network}; 0 calls`,
    warm: '–',
  },
  {
    fault: 'nobody listens at the endpoint',
    endpointOf: () => 'http://127.0.0.1:1',
    make: () => undefined,
    cold: `${network}; 0 calls`,
    warm: '–',
  },
];

const issuer: readonly FaultCase[] = [
  {
    fault: 'the issuer answers 403: STS cannot fetch the key',
    make: ({ issuer: local }): undefined => {
      local.setFault({ kind: 'status', status: 403 });
    },
    cold: 'ERR_ASSUME_ROLE verification-key; 2 calls',
    warm: kept,
  },
  {
    fault: 'another ServiceAccount than the trust policy names',
    make: async ({ mint, tokenFile }) => {
      await writeFile(tokenFile, await mint({ serviceAccount: 'other' }));
    },
    cold: 'ERR_ASSUME_ROLE access-denied; 1 call',
    warm: kept,
  },
  {
    fault: 'another audience than the provider knows',
    make: async ({ mint, tokenFile }) => {
      await writeFile(tokenFile, await mint({ audience: 'vault' }));
    },
    cold: 'ERR_ASSUME_ROLE audience-not-registered; 1 call',
    warm: kept,
  },
];

const write =
  (content: string | Uint8Array) =>
  ({ tokenFile }: FaultWorld): Promise<void> =>
    writeFile(tokenFile, content);

const file: readonly FaultCase[] = (
  [
    ['missing', ({ tokenFile }) => rm(tokenFile), 'ERR_TOKEN_FILE ENOENT'],
    ['empty', ({ tokenFile }) => truncate(tokenFile), 'ERR_TOKEN_FILE EMPTY'],
    ['a megabyte of text', write('a'.repeat(1_000_000)), 'ERR_TOKEN_FILE ELONG'],
    [
      'binary',
      write(Uint8Array.from({ length: 4096 }, (_, index) => index % 256)),
      'ERR_TOKEN_FILE EBINARY',
    ],
    [
      'a directory',
      async ({ tokenFile }) => {
        await rm(tokenFile);
        await mkdir(tokenFile);
      },
      'ERR_TOKEN_FILE EISDIR',
    ],
    [
      'a named pipe that nobody writes to',
      async ({ tokenFile }) => {
        await rm(tokenFile);
        await promisify(execFile)('mkfifo', [tokenFile]);
      },
      'ERR_TOKEN_FILE EMPTY',
    ],
    ['not a JWT', write('hello'), 'ERR_TOKEN'],
    ['a JWT with several audiences', write(tokenWith({ aud: ['a', 'b'] })), 'ERR_TOKEN'],
    ['a JWT without sub', write(tokenWith({ sub: undefined })), 'ERR_TOKEN'],
    ['a JWT whose sub is null', write(tokenWith({ sub: null })), 'ERR_TOKEN'],
    ['a JWT with a fractional iat', write(tokenWith({ iat: 1.5 })), 'ERR_TOKEN'],
    ['a JWT signed with PS256', write(tokenWith({}, { alg: 'PS256' })), 'ERR_TOKEN'],
    [
      'a JWT that expired an hour ago',
      write(tokenWith({ exp: Math.floor(Date.now() / 1000) - 3600 })),
      'ERR_TOKEN',
    ],
  ] satisfies [string, FaultCase['make'], string][]
).map(([what, make, code]) => ({
  fault: `token file: ${what}`,
  make,
  cold: `${code}; 0 calls`,
  warm: kept,
}));

const unreadable: FaultCase = {
  fault: 'token file: not readable for this user',
  asOtherUser: true,
  make: ({ tokenFile }) => chmod(tokenFile, process.getuid?.() === 0 ? 0o600 : 0o000),
  cold: 'ERR_TOKEN_FILE EACCES; 0 calls',
  warm: kept,
};

export const faultCases: readonly FaultCase[] = [
  ...answers,
  ...wire,
  ...issuer,
  ...file,
  unreadable,
];

/** Faults that need many callers or much time: what is seen, and the test that shows it (file and title). */
export const longFaults: readonly (readonly [fault: string, seen: string, test: string])[] = [
  [
    'STS is down for two hours and comes back',
    'served until the end of the credential, then errors; the first call after it has new credentials',
    'create-web-identity-provider: comes back by itself after STS was down for two hours',
  ],
  [
    'credentials of 15 minutes',
    'one refresh in the last third, not one at every call',
    'create-web-identity-provider: does not refresh a credential of 15 minutes at each call',
  ],
  [
    'the node’s clock is an hour off, either way',
    'nothing but a `clock-skew` event',
    'create-web-identity-provider: a node clock that is %i s off changes nothing but a warning',
  ],
  [
    'a caller aborts: before, while the region is looked up, the token read, STS asked, the next try waited for',
    'that caller alone is free at once',
    'create-web-identity-provider: frees an aborted waiter while %s, and nobody else',
  ],
  [
    '〃',
    '〃',
    'from-projected-token: frees an aborted caller while the region of its client is looked up, and gives up at the deadline',
  ],
  [
    'a hung call',
    'given up at the deadline; the next caller starts a new one',
    'create-web-identity-provider: gives up a hung call at the deadline, and the next caller starts a new one',
  ],
  [
    'half XML, other XML, XML without credentials, nothing',
    '`ERR_ASSUME_ROLE` network, after 3 calls',
    'assume-role-with-sts: %s is tried again and then explained as the network’s fault',
  ],
  [
    'the kubelet rotates the token 16,000 times while 50 providers refresh',
    'no refresh fails',
    'slow-rotations: 16,000 token rotations while 50 providers refresh: none fails',
  ],
  [
    '10,000 refreshes over the wire',
    'no growth in memory, handles, sockets or listeners',
    'slow-refreshes: 10,000 refreshes over the wire leave memory, handles and listeners as they were',
  ],
  [
    'a process that is done while credentials are cached, or while a caller waits for a hung STS in vain',
    'no timer of ours keeps it alive',
    'process-exit: a process ends by itself with %s',
  ],
];

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The matrix as the page in docs prints it; every cell is asserted by fault-matrix.test.ts. */
export const renderFaultMatrix = (): string =>
  [
    '# What the provider does when things break',
    '',
    'Each row is a fault that `test/credentials/fault-matrix.test.ts` makes on the local AWS of `irsa/testing`, and what callers then see: with nothing cached (and how often STS was called; the matrix gives each refresh 1.4 s, where a pod has 20), and at the refresh of a credential that is still good. After each fault is gone, a new provider gets credentials at once. Generated by `node scripts/write-credentials-faults.mjs`.',
    '',
    '| fault | nothing cached | a good credential cached |',
    '| --- | --- | --- |',
    ...faultCases.map(({ fault, cold, warm }) => `| ${cell(fault)} | ${cold} | ${warm} |`),
    '',
    '## With many callers, or much time',
    '',
    '| fault | what callers see | test in `test/credentials` |',
    '| --- | --- | --- |',
    ...longFaults.map(([fault, seen, test]) => `| ${cell(fault)} | ${seen} | ${cell(test)} |`),
    '',
  ].join('\n');
