import { AwsFailure } from './aws-failure.js';
import type { QueryParameters } from './exchange.js';
import type { XmlNode } from './xml.js';

/** A parameter that must be there. */
export function required(parameters: QueryParameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined || value === '') {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    throw new AwsFailure(
      'ValidationError',
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

/** A list parameter: `NAME.member.1`, `NAME.member.2`, … */
export function listOf(parameters: QueryParameters, name: string): string[] {
  const values: string[] = [];
  for (let index = 1; ; index += 1) {
    const value = parameters.get(`${name}.member.${String(index)}`);
    if (value === undefined) return values;
    values.push(value);
  }
}

const maxTags = 50;

/** The `Tags` parameter, checked. */
export function tagsOf(parameters: QueryParameters): Map<string, string> {
  const tags = new Map<string, string>();
  for (let index = 1; ; index += 1) {
    const key = parameters.get(`Tags.member.${String(index)}.Key`);
    if (key === undefined) break;
    const value = parameters.get(`Tags.member.${String(index)}.Value`) ?? '';
    if (key.length > 128 || value.length > 256 || key.toLowerCase().startsWith('aws:')) {
      throw new AwsFailure('InvalidInput', `Tag key or value is invalid: ${key}`);
    }
    if (tags.has(key))
      throw new AwsFailure(
        'InvalidInput',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      );
    tags.set(key, value);
  }
  return tags;
}

/** Old tags and new ones together; at most fifty. */
export function mergeTags(
  old: ReadonlyMap<string, string>,
  added: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const merged = new Map([...old, ...added]);
  if (merged.size > maxTags) {
    throw new AwsFailure(
      'LimitExceeded',
      `The number of tags has reached the maximum limit of ${String(maxTags)}.`,
      409,
    );
  }
  return merged;
}

/** Tags as the XML of a reply. */
export function renderTags(tags: ReadonlyMap<string, string>): XmlNode {
  return { member: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}

/** The tags without those named in `TagKeys`. */
export function withoutTags(
  tags: ReadonlyMap<string, string>,
  parameters: QueryParameters,
): ReadonlyMap<string, string> {
  const gone = listOf(parameters, 'TagKeys');
  return new Map([...tags].filter(([key]) => !gone.includes(key)));
}

/** One page of a list, by `Marker` and `MaxItems`. */
export function pageOf<T>(
  items: readonly T[],
  parameters: QueryParameters,
): {
  readonly items: readonly T[];
  readonly tail: { readonly IsTruncated: boolean; readonly Marker: string | undefined };
} {
  const from = Number(parameters.get('Marker') ?? 0);
  const size = Number(parameters.get('MaxItems') ?? 100);
  const next = from + size;
  const more = next < items.length;
  return {
    items: items.slice(from, next),
    tail: { IsTruncated: more, Marker: more ? String(next) : undefined },
  };
}

/** The time format of IAM's replies. */
export function isoSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
