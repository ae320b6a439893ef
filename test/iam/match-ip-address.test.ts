import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchIpAddress } from '../../src/iam/match-ip-address.js';

const inRange = (base: string, prefix: number, address: string): boolean => {
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) !== isIP(base)) return false;
  const list = new BlockList();
  list.addSubnet(base, prefix, family);
  return list.check(address, family);
};

/** An address near the base, so that both answers occur. */
const near = (base: string, bit: number): string => {
  if (isIP(base) !== 4) return base;
  const value = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) ^ (1 << bit);
  return [24, 16, 8, 0].map((shift) => String((value >>> shift) & 255)).join('.');
};

describe('matchIpAddress', () => {
  it('agrees with Node’s own block list', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.integer({ min: 0, max: 32 }),
        fc.integer({ min: 0, max: 31 }),
        (base, prefix, bit) => {
          const address = near(base, bit);
          expect(matchIpAddress(`${base}/${String(prefix)}`, address)).toBe(
            inRange(base, prefix, address),
          );
        },
      ),
    );
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), (base, other, prefix) => {
        for (const address of [base, other]) {
          expect(matchIpAddress(`${base}/${String(prefix)}`, address)).toBe(
            inRange(base, prefix, address),
          );
        }
      }),
    );
  });

  it('reads the short forms of IPv6', () => {
    expect(matchIpAddress('::ffff:203.0.113.0/120', '::ffff:cb00:7107')).toBe(true);
    expect(matchIpAddress('2001:db8::/32', '2001:0DB8:0:0:0:0:0:1')).toBe(true);
    expect(matchIpAddress('::/0', '::')).toBe(true);
  });

  it.each([
    '',
    'x',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4/33',
    '1.2.3.4/x',
    '1.2.3.4/',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '1:2',
    '12345::',
    '1.2.3.4::',
    '::1.2.3',
    ':::',
    '2001:db8::/129',
  ])('takes %j for no range', (range) => {
    expect(matchIpAddress(range, '1.2.3.4')).toBe(false);
    expect(matchIpAddress('0.0.0.0/0', range)).toBe(false);
    expect(matchIpAddress('::/0', range)).toBe(false);
  });
});
