import { isMap } from 'yaml';
import type { Node, YAMLMap, YAMLSeq } from 'yaml';

import { endOf, lineStart, pairEnd } from './layout.ts';
import type { NodePair } from './manifest.ts';
import type { Lines, Style } from './render.ts';
import { offsetOf } from './values.ts';

type Flow = YAMLMap<Node | null, Node | null> | YAMLMap | YAMLSeq;

/** How what is added to a flow collection is laid out on lines: undefined where its items stand on one. */
export function flowLines(text: string, collection: Flow, { step }: Style): Lines | undefined {
  const last = offsetOf(collection.items.at(-1));
  const start = lineStart(text, last);
  const indent = text.slice(start, last);
  if (collection.items.length === 0 || start <= offsetOf(collection) || !/^[ \t]*$/.test(indent))
    return undefined;
  const outer = /^[ \t]*/.exec(text.slice(lineStart(text, offsetOf(collection))))?.[0] ?? '';
  const inner = indent.startsWith(outer) ? indent.slice(outer.length) : '';
  return { indent, step: inner === '' ? ' '.repeat(step) : inner };
}

/** What stands between the items of a collection on one line, space included. */
export function flowSeparator(text: string, collection: Flow, { isJson }: Style): string {
  const [first, second] = collection.items as readonly unknown[];
  if (first === undefined) return ', ';
  if (second !== undefined) {
    const end = isMap(collection) ? pairEnd(text, first as NodePair) : endOf(text, first as Node);
    return /^\s*,\S/.test(text.slice(end)) ? ',' : ', ';
  }
  const space = isMap(collection) && /^"(?:[^"\\]|\\.)*":\S/.test(text.slice(offsetOf(first)));
  return isJson && space ? ',' : ', ';
}
