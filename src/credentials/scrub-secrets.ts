const redacted = '[redacted]';

// A JWT wherever it stands, and the secret fields of an STS answer in XML, JSON or form encoding.
const patterns: readonly [RegExp, string][] = [
  [/eyJ[\w-]{4,}(?:(?:\.|%2E)[\w-]*){0,2}/gi, redacted],
  [/(<(SecretAccessKey|SessionToken|WebIdentityToken)>)[^<]*/gi, `$1${redacted}`],
  [
    /((?:SecretAccessKey|SessionToken|WebIdentityToken|["']Token)(?:"|&quot;|')?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s&,}<]+)/gi,
    `$1${redacted}`,
  ],
];

/**
 * Takes tokens and secrets out of a text: the given ones literally, and whatever looks like one.
 * STS echoes the values it finds invalid, proxies echo requests.
 */
export function scrubSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= 4) {
      clean = clean
        .replaceAll(secret, redacted)
        .replaceAll(encodeURIComponent(secret.trim()), redacted);
    }
  }
  for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
  return clean;
}

// Plain data and errors only: an SDK error also refers to its HTTP response, with sockets and agents behind it.
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Array.isArray(value) ||
    value instanceof Error
  );
};

const textsOf = (value: unknown, depth: number, seen: Set<unknown>): string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth === 0 || seen.has(value)) return [];
  seen.add(value);
  const record = value as Readonly<Record<string, unknown>>;
  if (!isPlain(value)) {
    // Of an HTTP response what was received: proxies echo requests in either.
    const { headers, body } = record;
    const received = { headers, ...(typeof body === 'string' && { body }) };
    return textsOf(received, depth - 1, seen);
  }
  return Object.getOwnPropertyNames(value).flatMap((name) => {
    try {
      const inner = record[name];
      return typeof inner === 'string' ? [`${name}: ${inner}`] : textsOf(inner, depth - 1, seen);
    } catch {
      return []; // a getter that throws holds nothing for us
    }
  });
};

const copied = [
  'Code',
  'code',
  'Type',
  '$fault',
  '$retryable',
  'errno',
  'syscall',
  'address',
  'port',
];

/**
 * The error itself where nothing in it looks like a secret, else a copy with its name, code and HTTP facts
 * and a scrubbed message, fit to be kept as `cause`.
 */
export function scrubError(error: unknown, secrets: readonly string[] = []): Error {
  const original = error instanceof Error ? error : new Error(scrubSecrets(String(error), secrets));
  const tainted = textsOf(original, 5, new Set()).some(
    (text) => scrubSecrets(text, secrets) !== text,
  );
  if (!tainted) return original;
  const copy = new Error(scrubSecrets(original.message, secrets));
  copy.name = scrubSecrets(original.name, secrets);
  copy.stack = scrubSecrets(original.stack ?? '', secrets);
  const source = original as unknown as Readonly<Record<string, unknown>>;
  const metadata = source['$metadata'] as Readonly<Record<string, unknown>> | undefined;
  const facts: Record<string, unknown> = {};
  for (const name of copied) {
    const value = source[name];
    if (typeof value === 'string') facts[name] = scrubSecrets(value, secrets);
    else if (typeof value === 'number') facts[name] = value;
  }
  if (typeof metadata === 'object') {
    const { httpStatusCode, requestId, attempts } = metadata;
    facts['$metadata'] = { httpStatusCode, requestId, attempts };
  }
  return Object.assign(copy, facts);
}
