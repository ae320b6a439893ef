import { isAbsent, type JsonObject } from './read-json.js';

/** A field name as Go's encoding/json compares it: without case, the long s and the Kelvin sign included. */
const folded = (name: string): string =>
  name
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * The fields of an object by lower-case name, as Go's encoding/json matches them: case does not matter, the last of several
 * spellings counts, null leaves a field as it is.
 *
 * @see {@link https://pkg.go.dev/encoding/json#Unmarshal | encoding/json}
 */
export function readGoFields(object: JsonObject): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (!isAbsent(value)) fields.set(folded(name), value);
  }
  return fields;
}

/**
 * The number literals of a field in a JSON text that Go would not put into an int64, such as `900.0` or `1e3`. `JSON.parse`
 * does not tell them from `900` and `1000`.
 */
export function findFractions(json: string, field: string): string[] {
  const found: string[] = [];
  const token = /("[^"\\]*(?:\\.[^"\\]*)*")(?:\s*:\s*(-?\d[\d.eE+-]*))?/g;
  for (const [, name = '""', literal] of json.matchAll(token)) {
    if (literal === undefined || /^-?\d+$/.test(literal)) continue;
    const text: unknown = JSON.parse(name);
    if (typeof text === 'string' && folded(text) === field) found.push(literal);
  }
  return found;
}
