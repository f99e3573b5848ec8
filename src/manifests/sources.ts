import { escaped } from '../core/pointer.ts';
import { isRecord } from '../core/record.ts';
import { isFault, readManifest } from './manifest.ts';
import type { Path } from './manifest.ts';

/**
 * What stood in a document where podscrape wrote over it, by JSON Pointers from the object, so that `uninject` gives
 * back the very bytes. It is kept in the record (`P/status`) beside what passes read; they pass it over.
 */
export type Sources = Readonly<Record<string, Source>>;

/**
 * Of a value, from the colon before it to its end; or of a whole pair, with the key that it stood behind and what was
 * between the two.
 */
export type Source = string | { readonly pair: string; readonly after?: string; readonly gap?: string };

const FIELD = 'text';

export function pointerTo(path: Path): string {
  return path.map((step) => `/${escaped(String(step))}`).join('');
}

/** The sources that a record keeps; anybody may have written it. */
export function sourcesOf(record: string | undefined): Sources {
  const kept = parsed(record)?.[FIELD];
  if (!isRecord(kept)) return {};
  const entries = Object.entries(kept).flatMap(
    ([pointer, source]): readonly (readonly [string, Source])[] => {
      if (typeof source === 'string') return [[pointer, source]];
      if (!isRecord(source) || typeof source['pair'] !== 'string') return [];
      const { pair, after, gap } = source;
      const place = typeof after === 'string' ? { after } : {};
      return [[pointer, { pair, ...place, ...(typeof gap === 'string' ? { gap } : {}) }]];
    },
  );
  return Object.fromEntries(entries);
}

/** The record with these sources; its other fields stay to the letter. */
export function withSources(record: string, sources: Sources): string {
  const isSound = parsed(record) !== undefined && parsed(record)?.[FIELD] === undefined;
  if (Object.keys(sources).length === 0 || !isSound) return record;
  return `${record.slice(0, record.lastIndexOf('}'))},"${FIELD}":${JSON.stringify(sources)}}`;
}

function parsed(record: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(record ?? 'null');
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The value that the source of a value says; undefined for what is none. */
export function valueOfSource(source: string): { readonly value: unknown } | undefined {
  for (const text of [`"k":${source}\n`, `{"k":${source}}`]) {
    const read = readManifest(text);
    if (isFault(read) || !isRecord(read.value)) continue;
    const { k, ...others } = read.value;
    if (Object.hasOwn(read.value, 'k') && Object.keys(others).length === 0) return { value: k };
  }
  return undefined;
}
