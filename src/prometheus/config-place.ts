import { LineCounter, parseDocument } from 'yaml';
import { positionOf } from '../core/positions.ts';
import type { Position } from '../core/positions.ts';

/** Where a part of a text stands: by its path as people read it, or by the keys, where one has a dot. */
export type Locate = (path: string | readonly string[], of: 'key' | 'value') => Position;

/** Keys and indices as one text: `scrape_configs[0].relabel_configs[3].regex`. */
export function pathText(base: string, keys: readonly string[]): string {
  return keys.reduce((path, key) => {
    if (/^[0-9]+$/.test(key)) return `${path}[${key}]`;
    return path === '' ? key : `${path}.${key}`;
  }, base);
}

/** The way back; a key that a message would have cut leads to what is around it. */
function keysOf(path: string): readonly string[] {
  return [...path.matchAll(/"([^"]*)"|\[([0-9]+)\]|[^.[\]"]+/g)].map(
    ([whole, quotedKey, index]) => quotedKey ?? index ?? whole,
  );
}

/** Finds places in a text that has been read before; it is parsed once more when the first is asked for. */
export function locator(text: string): Locate {
  let found: Locate | undefined;
  return (path, of) => {
    found ??= parsed(text);
    return found(path, of);
  };
}

function parsed(text: string): Locate {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    version: '1.1',
    uniqueKeys: false,
    resolveKnownTags: false,
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
  });
  return (path, of) => positionOf(document, lines, typeof path === 'string' ? keysOf(path) : path, of);
}
