import { isRecord } from '../core/record.ts';
import type { Path } from '../core/positions.ts';

/** Data of a file that the schema may have refused. */
export type Data = Readonly<Record<string, unknown>>;

/** A mapping somewhere in the file. */
export interface Entry {
  readonly path: Path;
  readonly data: Data;
}

export { isRecord };

/** The mapping at a key; undefined when something else is there. */
export function at(data: unknown, key: string): Data | undefined {
  const value = isRecord(data) ? data[key] : undefined;
  return isRecord(value) ? value : undefined;
}

/** The mapping at a key, as a list of one; none when something else is there. */
export function entryAt({ path, data }: Entry, key: string): readonly Entry[] {
  const value = at(data, key);
  return value === undefined ? [] : [{ path: [...path, key], data: value }];
}

/** The mappings of a list; what has another type is passed over. */
export function entriesOf(list: unknown, path: Path): readonly Entry[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((data: unknown, index) =>
    isRecord(data) ? [{ path: [...path, String(index)], data }] : [],
  );
}

/** The strings of a list with their places; what has another type is passed over. */
export function textsOf(
  list: unknown,
  path: Path,
): readonly { readonly path: Path; readonly text: string }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((text: unknown, index) =>
    typeof text === 'string' ? [{ path: [...path, String(index)], text }] : [],
  );
}

/** Those whose key an earlier one has; an undefined key equals none. */
export function repeated<T>(items: readonly T[], key: (item: T) => string | undefined): readonly T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const own = key(item);
    if (own === undefined) return false;
    const again = seen.has(own);
    seen.add(own);
    return again;
  });
}
