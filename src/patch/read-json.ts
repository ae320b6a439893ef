/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

const none: readonly unknown[] = Object.freeze([]);
const noFields: JsonObject = Object.freeze({});

/** Whether a value is a JSON object: neither null nor a list. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a field is absent, as Kubernetes reads it: missing or null. */
export const isAbsent = (value: unknown): value is null | undefined =>
  value === undefined || value === null;

/** Whether a field can hold a text: it has one, or is absent. */
export const isTextOrAbsent = (value: unknown): boolean =>
  typeof value === 'string' || isAbsent(value);

/** Whether a field can hold a list: it has one, or is absent. */
export const isListOrAbsent = (value: unknown): boolean => Array.isArray(value) || isAbsent(value);

/** A list, or an empty one for anything else. */
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : none;

/**
 * The fields of a value that may be anything; none for what has no fields. `objectOf(value)['name']` is for what every pod passes:
 * the engine learns the shapes of each such place by itself. The names asked for are fixed ones that no prototype has (and an input
 * parsed from JSON has no prototype of its own), so that the costly look at own properties is left out.
 */
export const objectOf = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null ? (value as JsonObject) : noFields;

/** A field of a value that may be anything, by a name that is fixed as well. */
export const fieldOf = (value: unknown, name: string): unknown => objectOf(value)[name];

/** A text field, or undefined for anything else. */
export const textOf = (value: unknown, name: string): string | undefined => {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : undefined;
};

/** A text that says something: undefined for an empty one. */
export const nonEmpty = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text;
