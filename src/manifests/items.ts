import { isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Node, YAMLMap, YAMLSeq } from 'yaml';

import { NotEditable } from './editable.ts';
import { dashes, endOf, isEmpty, lineEnd, lineEndBefore, lineStart, pairEnd, pairStart } from './layout.ts';
import type { NodePair, Step } from './manifest.ts';
import { keyOf, offsetOf } from './values.ts';

/** A map or a list, in whatever style. */
export type Block = YAMLMap<Node | null, Node | null> | YAMLMap | YAMLSeq;

/** From where to where a text is taken out. */
type Range = readonly [from: number, to: number];

export function startOf(collection: Block, index: number): number {
  const item: unknown = collection.items[index];
  return isMap(collection) && item !== undefined ? pairStart(item as NodePair) : offsetOf(item);
}

export function itemEnd(text: string, collection: Block, index: number): number {
  const item: unknown = collection.items[index];
  return isMap(collection) ? pairEnd(text, item as NodePair) : endOf(text, item as Node);
}

export function stepOf(collection: Block, index: number): Step {
  return isMap(collection) ? keyOf(collection.items[index] as NodePair) : index;
}

/** With the comma before it, or behind it where nothing is left before it. */
export function removedFromFlow(
  text: string,
  collection: Block,
  index: number,
  isKept: (item: unknown, index: number) => boolean,
): Range {
  const end = itemEnd(text, collection, index);
  const all: readonly unknown[] = collection.items;
  if (all.slice(0, index).some(isKept)) return [itemEnd(text, collection, index - 1), end];
  const next = index + 1 < all.length ? startOf(collection, index + 1) : end;
  return [startOf(collection, index), next];
}

/**
 * With the lines that it stands on.
 *
 * @throws NotEditable
 */
export function removedFromBlock(text: string, collection: Block, index: number): Range {
  const start = markOf(collection, index);
  const line = lineStart(text, start);
  const isFirstOnLine = text.slice(line, start).replace('\uFEFF', '').trim() === '';
  if (!isFirstOnLine) {
    // Behind a dash: what follows takes its place.
    if (index + 1 < collection.items.length) return [start, markOf(collection, index + 1)];
    throw new NotEditable('the last thing of a list element cannot be taken out', start);
  }
  const item: unknown = collection.items[index];
  const empty = !isMap(collection) && isEmpty(item as Node | null);
  const end = lineEnd(text, empty ? start + 1 : itemEnd(text, collection, index));
  if (line > 0) return [lineEndBefore(text, line), end];
  return [start, text.indexOf('\n', end) + 1 || end];
}

/** Where an item of a block begins: a pair, or the dash of an element. */
function markOf(collection: Block, index: number): number {
  return isMap(collection) ? startOf(collection, index) : (dashes(collection)[index]?.offset ?? 0);
}

/** A line behind such a text would give it the line end that it does not have. */
export function endsInBlockText(node: Node | null): boolean {
  if (isScalar(node)) return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
  const last: unknown = isMap(node) || isSeq(node) ? node.items.at(-1) : undefined;
  if (last === undefined) return false;
  return endsInBlockText((isPair(last) ? last.value : last) as Node | null);
}
