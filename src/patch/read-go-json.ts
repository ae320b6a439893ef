import { parseInt64 } from './go/parse-int64.js';
import { isAbsent, type JsonObject } from './read-json.js';

/** A field name as Go's encoding/json compares it: without case, the long s and the Kelvin sign included. */
const folded = (name: string): string =>
  name
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * The fields of an object with lower-case names, in their order, as Go's encoding/json reads them: case does not matter, null leaves a
 * field as it is, and of several spellings the last counts, but each must be of the right type.
 *
 * @see {@link https://pkg.go.dev/encoding/json#Unmarshal | encoding/json}
 */
export function readGoFields(object: JsonObject): (readonly [name: string, value: unknown])[] {
  const fields: [string, unknown][] = [];
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (!isAbsent(value)) fields.push([folded(name), value]);
  }
  return fields;
}

/**
 * The number literals that Go would not put into an int64, such as `900.0`, `1e3` or one past its bounds, of a field of the objects
 * in a JSON object. `JSON.parse` does not tell them from `900` and `1000`.
 */
export function findFractions(json: string, field: string): string[] {
  const found: string[] = [];
  const token = /("[^"\\]*(?:\\.[^"\\]*)*")(?:\s*:\s*(-?\d[\d.eE+-]*))?|[{}[\]]/g;
  let depth = 0;
  for (const [bracket, name, literal] of json.matchAll(token)) {
    if (name === undefined) depth += bracket === '{' || bracket === '[' ? 1 : -1;
    if (name === undefined || literal === undefined || depth !== 2) continue;
    if (parseInt64(literal) !== undefined) continue;
    const text: unknown = JSON.parse(name);
    if (typeof text === 'string' && folded(text) === field) found.push(literal);
  }
  return found;
}
