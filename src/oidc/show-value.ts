/** A value as evidence in a finding: as JSON where it has any, else its type; at most `limit` characters. */
export function showValue(value: unknown, limit: number): string {
  try {
    // A function or a symbol has no JSON: stringify gives undefined, whatever its type says.
    const json: unknown = JSON.stringify(value ?? null);
    return typeof json === 'string' ? json.slice(0, limit) : typeof value;
  } catch {
    return typeof value;
  }
}
