import { isMap, isScalar, isSeq } from 'yaml';
import type { CST, Node, YAMLMap, YAMLSeq } from 'yaml';

import type { NodePair } from './manifest.ts';
import { offsetOf } from './values.ts';

/** Where the parts of a document begin and end in its text. */

/** Where a pair begins: at its key, or at a mark before it. */
export function pairStart(pair: NodePair): number {
  const { srcToken } = pair as { readonly srcToken?: { readonly start: readonly CST.SourceToken[] } };
  const mark = srcToken?.start.find(({ type }) => ['explicit-key-ind', 'anchor', 'tag'].includes(type));
  return mark?.offset ?? offsetOf(pair);
}

/** Behind the colon of a pair; undefined where it has none. */
export function colonEnd(pair: NodePair): number | undefined {
  const colon = separators(pair).find(({ type }) => type === 'map-value-ind');
  return colon === undefined ? undefined : colon.offset + colon.source.length;
}

/** Behind the last thing of a pair: its value, or what stands before one that is empty. */
export function pairEnd(text: string, pair: NodePair): number {
  const marks = separators(pair).filter(({ type }) => ['map-value-ind', 'anchor', 'tag'].includes(type));
  const last = marks.at(-1);
  const bare = last === undefined ? (pair.key?.range?.[1] ?? 0) : last.offset + last.source.length;
  return isEmpty(pair.value) ? bare : endOf(text, pair.value);
}

function separators(pair: NodePair): readonly CST.SourceToken[] {
  const { srcToken } = pair as { readonly srcToken?: { readonly sep?: readonly CST.SourceToken[] } };
  return srcToken?.sep ?? [];
}

/** Whether a value has no text at all, as after a colon with nothing behind it. */
export function isEmpty(node: Node | null): node is null {
  return node === null || (isScalar(node) && node.type === 'PLAIN' && node.range?.[0] === node.range?.[1]);
}

/** Behind the last character of a node that is not white space or a comment; of a block text before its last line end. */
export function endOf(text: string, node: Node): number {
  const end = node.range?.[1] ?? 0;
  if (isMap(node) && node.flow !== true) {
    const last = (node as YAMLMap<Node | null, Node | null>).items.at(-1);
    return last === undefined ? end : pairEnd(text, last);
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1) as Node | null | undefined;
    const dash = dashes(node).at(-1);
    return isEmpty(last ?? null) || last === null || last === undefined
      ? (dash?.offset ?? end - 1) + 1
      : endOf(text, last);
  }
  if (
    isScalar(node) &&
    (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') &&
    text[end - 1] === '\n'
  )
    return text[end - 2] === '\r' ? end - 2 : end - 1;
  return end;
}

/** The dashes of a block list, one for each of its elements. */
export function dashes(list: YAMLSeq): readonly CST.SourceToken[] {
  const { srcToken } = list as { readonly srcToken?: CST.BlockSequence };
  return (srcToken?.items ?? []).flatMap(
    ({ start }) => start.find(({ type }) => type === 'seq-item-ind') ?? [],
  );
}

/** Where the line of an offset ends, before its line end. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end < 0) return text.length;
  return end > offset && text[end - 1] === '\r' ? end - 1 : end;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Before the line end that is before an offset at the beginning of a line. */
export function lineEndBefore(text: string, start: number): number {
  return text[start - 2] === '\r' ? start - 2 : start - 1;
}
