import type { Finding } from '../names/finding.js';
import { duplicateMembers } from './duplicate-members.js';

/** A document as it was fetched. */
export interface FetchedDocument {
  readonly body: string;
  /** The HTTP status, if known. */
  readonly status?: number;
  /** The Content-Type header, if known. */
  readonly contentType?: string;
}

/** A published document: its text (or its bytes, in UTF-8), what was fetched, or the parsed JSON (in which doubled members are not to be seen). */
export type PublishedDocument = string | FetchedDocument | object;

/** What could be read, and what is wrong with how it came. */
export interface ReadDocument {
  readonly content: Readonly<Record<string, unknown>> | undefined;
  readonly findings: Finding[];
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isFetched = (value: object): value is FetchedDocument =>
  'body' in value && typeof value.body === 'string';

/** What a text looks like that is no JSON. */
const describe = (text: string): string => {
  if (text.trim() === '') return 'an empty document';
  if (/^\s*<(?:!doctype|html)/i.test(text)) return 'an HTML page';
  if (/^\s*<(?:\?xml|error)/i.test(text)) return 'an XML page, as S3 answers when it refuses';
  return `${text.length} characters that are no JSON`;
};

const readText = (text: string, kind: 'discovery' | 'jwks'): ReadDocument => {
  const findings: Finding[] = [];
  const bare = text.replace(/^\uFEFF/, '');
  if (bare !== text) {
    findings.push({
      id: `${kind}-byte-order-mark`,
      severity: 'error',
      title: 'The document begins with a byte order mark.',
      evidence: 'U+FEFF before the first character',
      fix: 'Upload the body as buildIssuerDocuments() gives it; strict JSON parsers refuse the mark.',
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(bare);
  } catch {
    content = undefined;
  }
  if (!isObject(content)) {
    findings.push({
      id: `${kind}-not-json`,
      severity: 'error',
      title: `Expected a JSON object, got ${content === undefined ? describe(bare) : 'other JSON'}.`,
      evidence: content === undefined ? describe(bare) : 'JSON, but no object',
      fix: 'Fetch the URL without any credentials, as AWS does; check the bucket policy, the public access block and the object’s path.',
    });
    return { content: undefined, findings };
  }
  const doubled = [...new Set(duplicateMembers(bare))];
  if (doubled.length > 0) {
    findings.push({
      id: `${kind}-duplicate-member`,
      severity: 'error',
      title:
        'A member occurs twice in one JSON object, and verifiers differ in which of the two they take.',
      evidence: doubled.join(', ').slice(0, 300),
      fix: 'Upload the body as buildIssuerDocuments() gives it.',
    });
  }
  return { content, findings };
};

const contentTypes = {
  discovery: ['application/json'],
  jwks: ['application/jwk-set+json', 'application/json'],
} as const;

/** Reads a published document, strictly. */
export function readDocument(document: unknown, kind: 'discovery' | 'jwks'): ReadDocument {
  if (typeof document === 'string') return readText(document, kind);
  if (document instanceof Uint8Array) {
    return readText(new TextDecoder('utf-8', { ignoreBOM: true }).decode(document), kind);
  }
  if (!isObject(document)) {
    throw new TypeError(`checkIssuerDocuments: expected \`${kind}\` to be a text or an object`);
  }
  if (!isFetched(document)) return { content: document, findings: [] };
  const { content, findings } = readText(document.body, kind);
  const { status, contentType } = document;
  if (status !== undefined && status !== 200) {
    findings.push({
      id: `${kind}-status`,
      severity: 'error',
      title:
        'The document has to be answered with status 200; verifiers follow no redirects and log in nowhere.',
      evidence: `status ${status}`,
      fix: 'Make the object public at exactly this URL.',
    });
  }
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && !contentTypes[kind].some((known) => known === type)) {
    findings.push({
      id: `${kind}-content-type`,
      severity: kind === 'discovery' ? 'error' : 'warning',
      title: `Expected the content type ${contentTypes[kind].join(' or ')}.`,
      evidence: `Content-Type: ${type.slice(0, 100)}`,
      fix: 'Upload with the contentType that buildIssuerDocuments() gives.',
    });
  }
  return { content, findings };
}
