import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { exportJWK, importSPKI } from 'jose';
import {
  buildIssuerDocuments,
  planKeyRotation,
  readPublicKeys,
  type PublicKey,
  type RotationFacts,
} from 'irsa/oidc';
import type { BenchRow } from '../types.js';

export const suite = 'oidc';

const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
const targetRatio = 1.3;
const importTargetMs = 15;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (act: () => unknown): Promise<number> => {
  const started = performance.now();
  await act();
  return performance.now() - started;
};

/** A modulus of the right size; that it is no product of primes makes no difference to import and export. */
const rsaPem = (): string => {
  const modulus = randomBytes(256);
  modulus[0] = (modulus[0] ?? 0) | 0x80;
  modulus[255] = (modulus[255] ?? 0) | 1;
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  return createPublicKey({ key: jwk, format: 'jwk' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
};

const ecPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .publicKey.export({ format: 'pem', type: 'spki' })
    .toString();

/** Half RSA, half EC: at most 100 of each may be published. */
const pemsOf = (count: number): { pem: string; alg: string }[] =>
  Array.from({ length: count }, (_, at) =>
    at % 2 === 0 ? { pem: rsaPem(), alg: 'RS256' } : { pem: ecPem(), alg: 'ES256' },
  );

const compareDocuments = async (count: number, rounds: number): Promise<BenchRow> => {
  const pems = pemsOf(count);
  const bundle = pems.map(({ pem }) => pem).join('');
  const ours = async (): Promise<void> => {
    const { keys } = await readPublicKeys(bundle);
    await buildIssuerDocuments({ issuer, keys });
  };
  const jose = async (): Promise<string> => {
    const keys = await Promise.all(
      pems.map(async ({ pem, alg }) =>
        exportJWK(await importSPKI(pem, alg, { extractable: true })),
      ),
    );
    return JSON.stringify({ keys });
  };
  const figures = { ours: [] as number[], floor: [] as number[], ratio: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const [a, b] = [await timed(ours), await timed(jose)];
    if (round < rounds / 5) continue;
    figures.ours.push(a);
    figures.floor.push(b);
    figures.ratio.push(a / b);
  }
  const ratio = median(figures.ratio);
  return {
    what: `${count} keys: PEM to JWKS and discovery document`,
    ours: median(figures.ours),
    floor: median(figures.floor),
    ratio,
    unit: 'ms',
    target: `≤ ${targetRatio}×`,
    met: ratio <= targetRatio,
    note: 'floor: jose imports and exports the same keys; no kid, no checks, no documents',
  };
};

const rotationFacts = (keys: readonly PublicKey[], apiServers: number): RotationFacts => {
  const kids = keys.map(({ kid }) => kid);
  const since = new Date('2026-01-01');
  return {
    now: new Date('2026-09-01'),
    published: { jwks: { keys: keys.map(({ jwk }) => jwk) }, changedAt: since },
    apiServers: Array.from({ length: apiServers }, (_, at) => ({
      name: `control-plane-${at}`,
      acceptedKids: kids,
      signingKid: kids[0] ?? '',
      signingSince: since,
    })),
    maxWebIdentityTokenLifetimeSeconds: 86_400,
    maxApiTokenLifetimeSeconds: 31_536_000,
  };
};

/** In processor time, which other programs on the machine do not lengthen. */
const cpuMs = (act: () => unknown): number => {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** Ten times the input, beside ten times the time of the single input. */
const compareGrowth = async (): Promise<BenchRow> => {
  const { keys } = await readPublicKeys(
    pemsOf(1000)
      .map(({ pem }) => pem)
      .join(''),
  );
  const [small, large] = [rotationFacts(keys.slice(0, 100), 5), rotationFacts(keys, 5)];
  const figures = { one: [] as number[], ten: [] as number[] };
  for (let round = 0; round < 30; round += 1) {
    figures.one.push(cpuMs(() => planKeyRotation(small)));
    figures.ten.push(cpuMs(() => planKeyRotation(large)));
  }
  const [one, ten] = [median(figures.one), median(figures.ten)];
  return {
    what: 'planKeyRotation: 1,000 keys on 5 API servers, beside 10 × 100 keys',
    ours: ten,
    floor: one * 10,
    ratio: ten / (one * 10),
    unit: 'ms',
    target: '≤ 1.5× (linear)',
    met: ten <= one * 10 * 1.5,
    note: 'in processor time',
  };
};

const processMs = (code: string): number => {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: new URL('../..', import.meta.url),
  });
  if (status !== 0) throw new Error(`bench process failed: ${stderr}`);
  return performance.now() - started;
};

/** The fastest of several processes: whatever else the machine does can only add. */
const compareImport = (): BenchRow => {
  let ours = Infinity;
  let floor = Infinity;
  for (let round = 0; round < 20; round += 1) {
    ours = Math.min(ours, processMs("await import('irsa/oidc')"));
    floor = Math.min(floor, processMs(''));
  }
  const over = ours - floor;
  return {
    what: "import('irsa/oidc'), whole process",
    ours,
    floor,
    ratio: ours / floor,
    unit: 'ms',
    target: `≤ ${importTargetMs} ms over an empty process`,
    met: over <= importTargetMs,
    note: `floor: an empty process; ${over.toFixed(1)} ms over it; the fastest of 20 each`,
  };
};

/** Documents for 2 and for 200 keys, the planner's growth, and what the import costs. */
export async function run(): Promise<BenchRow[]> {
  return [
    await compareDocuments(2, 100),
    await compareDocuments(200, 25),
    await compareGrowth(),
    compareImport(),
  ];
}
