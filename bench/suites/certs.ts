import { createPrivateKey, sign } from 'node:crypto';
import {
  createCertificateAuthority,
  generateRsaKeyPair,
  issueServingCertificate,
} from 'irsa/certs';
import type { BenchRow } from '../types.js';

export const suite = 'certs';

const rounds = 40;
const targetRatio = 3;
const targetMs = 60;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (act: () => unknown): Promise<number> => {
  const started = performance.now();
  await act();
  return performance.now() - started;
};

/** A CA and a serving certificate from ready keys, beside the two RSA signatures that nobody can save. */
export async function run(): Promise<BenchRow[]> {
  const [authorityKey, servingKey] = await Promise.all([
    generateRsaKeyPair(),
    generateRsaKeyPair(),
  ]);
  const notBefore = new Date('2026-01-01T00:00:00Z');
  const notAfter = new Date('2027-01-01T00:00:00Z');
  const issueBoth = async (): Promise<void> => {
    const authority = await createCertificateAuthority({
      keyPair: authorityKey,
      commonName: 'bench CA',
      serialNumber: '51',
      notBefore,
      notAfter,
    });
    await issueServingCertificate({
      authority,
      keyPair: servingKey,
      dnsNames: ['irsa-webhook.irsa-system.svc'],
      serialNumber: '52',
      notBefore,
      notAfter,
    });
  };
  const message = new Uint8Array(800).fill(7);
  const signTwice = (): void => {
    // The key is read from PEM each time, as ours must.
    for (let count = 0; count < 2; count += 1) {
      sign('sha256', message, createPrivateKey(authorityKey.privateKeyPem));
    }
  };
  const first = await timed(issueBoth);
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await timed(issueBoth));
    floor.push(await timed(signTwice));
  }
  const native = median(floor);
  const both = median(ours);
  const note = 'floor: two native RSA signatures, each with the key read from PEM';
  return [
    {
      what: 'CA + serving certificate from ready keys',
      ours: both,
      floor: native,
      ratio: both / native,
      unit: 'ms',
      target: `≤ ${targetMs} ms or ≤ ${targetRatio}×, whichever is more`,
      met: both <= Math.max(targetMs, targetRatio * native),
      note,
    },
    {
      what: 'the same, first call of a process',
      ours: first,
      floor: native,
      ratio: first / native,
      unit: 'ms',
      note: `${note}; ours loads node-forge’s X.509 here`,
    },
  ];
}
