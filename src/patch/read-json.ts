/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

const none: readonly unknown[] = Object.freeze([]);

/** Whether a value is a JSON object: neither null nor a list. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a field is absent, as Kubernetes reads it: missing or null. */
export const isAbsent = (value: unknown): value is null | undefined =>
  value === undefined || value === null;

/** A list, or an empty one for anything else. */
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : none;

/**
 * A field of a value that may be anything. The names asked for are fixed ones that no prototype has (and an input parsed from
 * JSON has no prototype of its own), so that the costly look at own properties is left out: this runs for every variable of a pod.
 */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as JsonObject)[name] : undefined;

/** The name of a container, variable, mount or volume; its own function because it is asked for most of all. */
export const nameOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? (value as { readonly name?: unknown }).name
    : undefined;

/** A text field, or undefined for anything else. */
export const textOf = (value: unknown, name: string): string | undefined => {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : undefined;
};

/** A text that says something: undefined for an empty one. */
export const nonEmpty = (text: string | undefined): string | undefined =>
  text === '' ? undefined : text;
