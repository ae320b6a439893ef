/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The longest text that is parsed: issuer documents and policies are a few kilobytes. */
const maxJsonLength = 16 * 1024 * 1024;

/** Whether a value is an object and no list. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses text, passes anything else through; undefined where the text is no JSON. */
export function readJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (value.length > maxJsonLength) return undefined;
  try {
    return JSON.parse(value.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    return undefined;
  }
}

/** The member of an object; undefined where there is no object or no such member of its own. */
export function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A member that is text. */
export function textMember(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

/** A member that is a list; empty otherwise. */
export function listMember(value: unknown, name: string): readonly unknown[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? (member as readonly unknown[]) : [];
}

/** JSON of a value; the word undefined for what has none. */
export function jsonText(value: unknown): string {
  // The library's types forget that undefined and functions have no JSON.
  const text = JSON.stringify(value) as string | undefined;
  return text ?? 'undefined';
}
