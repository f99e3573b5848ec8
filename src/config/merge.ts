import { isRecord } from './data.ts';
import type { Data } from './data.ts';

/**
 * An entry of the file over what comes with podscrape: mappings key by key at every depth, everything else as a whole,
 * and `null` takes a key out (RFC 7396). Neither is changed.
 */
export function merged(base: object, given: Data): Data {
  const result = new Map<string, unknown>(Object.entries(base));
  for (const [key, value] of Object.entries(given)) {
    const below = result.get(key);
    if (value === null) result.delete(key);
    else if (isRecord(value)) result.set(key, merged(isRecord(below) ? below : {}, value));
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}

/** The data with `null` for what it lacks of the base, at every depth: laid over the base, it gives the data again. */
export function spelledOut(data: object, base: object): Data {
  const below = new Map<string, unknown>(Object.entries(base));
  const own = Object.entries(data).map(([key, value]: [string, unknown]) => {
    const under = below.get(key);
    below.delete(key);
    return [key, isRecord(value) && isRecord(under) ? spelledOut(value, under) : value] as const;
  });
  return Object.fromEntries([...own, ...[...below.keys()].map((key) => [key, null] as const)]);
}

/** A copy that lacks a key. */
export function without<T extends object, K extends keyof T & string>(record: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key)) as Omit<T, K>;
}
