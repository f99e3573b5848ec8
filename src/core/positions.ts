import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Node } from 'yaml';

/** Keys and indices from the root. */
export type Path = readonly string[];

/** Where something stands in the file; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where the value at `path` begins, or its key with `of: 'key'`. Where the path leads nowhere, the last thing on the
 * way that is there. Values behind an alias stand where the anchor is.
 */
export function positionOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: Path,
  of: 'key' | 'value',
): Position {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    let key: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => (isScalar(item.key) ? String(item.key.value) : '') === step);
      if (pair === undefined) break;
      key = pair.key;
      node = pair.value;
    } else if (isSeq(node)) {
      key = node = node.items[Number(step)];
    } else {
      break;
    }
    const wanted = of === 'key' && index === path.length - 1 ? key : node;
    offset = startOf(wanted) ?? startOf(key) ?? offset;
  }
  return at(lines, offset);
}

/** The line and column of an offset in the text. */
export function at(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
