import { createHash } from 'node:crypto';

/** The first 12 hex digits of the SHA-256 of a value, the same whatever the order of keys. */
export function shortHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 12);
}

/**
 * JSON with the keys of every object sorted, Maps written as objects and undefined properties left out. For values
 * without cycles.
 */
export function canonicalJson(value: unknown): string {
  if (value instanceof Map) return object([...(value as ReadonlyMap<string, unknown>).entries()]);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) return object(Object.entries(value));
  return value === undefined ? 'null' : JSON.stringify(value);
}

function object(entries: readonly (readonly [string, unknown])[]): string {
  const present = entries.filter(([, item]) => item !== undefined);
  const sorted = present.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
