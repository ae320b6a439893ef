import { decodeUnverifiedToken } from './decode-unverified-token.js';

const longest = 64;
const fallback = 'irsa';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const nameIn = (value: unknown): string =>
  isRecord(value) && typeof value['name'] === 'string' ? value['name'] : '';

// FNV-1a: a short, stable suffix that keeps two long names apart; no security depends on it.
const digest = (text: string): string => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, '0');
};

/** Makes a text fit for RoleSessionName: 2 to 64 of `[\w+=,.@-]`; what is too long ends in a digest of the whole. */
export function sanitizeRoleSessionName(text: string): string {
  const clean = text.replace(/[^\w+=,.@-]/g, '-');
  if (clean.length > longest) return `${clean.slice(0, longest - 9)}-${digest(text)}`;
  return clean.length < 2 ? `${fallback}-${clean}` : clean;
}

/**
 * A session name that stays the same from refresh to refresh: namespace, ServiceAccount and pod from the token's claims,
 * so that CloudTrail shows who it was.
 */
export function roleSessionNameOf(token: string): string {
  try {
    const { claims } = decodeUnverifiedToken(token);
    const kubernetes = claims['kubernetes.io'];
    if (isRecord(kubernetes) && typeof kubernetes['namespace'] === 'string') {
      const account = `${kubernetes['namespace']}.${nameIn(kubernetes['serviceaccount'])}`;
      const pod = nameIn(kubernetes['pod']);
      return sanitizeRoleSessionName(pod === '' ? account : `${account}@${pod}`);
    }
    const sub = claims['sub'];
    if (typeof sub === 'string' && sub !== '') {
      return sanitizeRoleSessionName(sub.replace(/^system:serviceaccount:/, ''));
    }
  } catch {
    // Not a JWT: an identity provider of another kind, which says nothing about the workload.
  }
  return fallback;
}
