import {
  fieldOf as memberOf,
  isJsonObject,
  listOf,
  textOf as textMember,
} from '../patch/read-json.js';

export { isJsonObject, memberOf, textMember };
export type { JsonObject } from '../patch/read-json.js';

/** The longest text that is parsed: issuer documents and policies are a few kilobytes. */
const maxJsonLength = 16 * 1024 * 1024;

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

/** A member that is a list; empty otherwise. */
export function listMember(value: unknown, name: string): readonly unknown[] {
  return listOf(memberOf(value, name));
}

/** JSON of a value; the word undefined for what has none. */
export function jsonText(value: unknown): string {
  // The library's types forget that undefined and functions have no JSON.
  const text = JSON.stringify(value) as string | undefined;
  return text ?? 'undefined';
}
