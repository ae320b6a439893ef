const parseIpv4 = (text: string): bigint | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
};

/** An IPv4 address may stand in the last place of all. */
const parseGroups = (text: string, endsAddress: boolean): number[] | undefined => {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const tail = endsAddress && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (tail === undefined) return undefined;
      groups.push(Number(tail >> 16n), Number(tail & 0xffffn));
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
};

const parseIpv6 = (text: string): bigint | undefined => {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
};

const parseAddress = (text: string): { value: bigint; bits: 32 | 128 } | undefined => {
  if (text.includes(':')) {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { value, bits: 128 };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { value, bits: 32 };
};

/** Whether an address lies in a CIDR range (an address alone is a range of one). False for what is no address. */
export function matchIpAddress(range: string, address: string): boolean {
  const [base = '', prefix] = range.split('/');
  const wanted = parseAddress(base);
  const actual = parseAddress(address);
  if (wanted === undefined || actual?.bits !== wanted.bits) return false;
  const length =
    prefix === undefined ? wanted.bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (length < 0 || length > wanted.bits) return false;
  const shift = BigInt(wanted.bits - length);
  return wanted.value >> shift === actual.value >> shift;
}
