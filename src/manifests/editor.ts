import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, YAMLMap } from 'yaml';

import { isRecord } from '../core/record.ts';
import type { Change } from './changes.ts';
import { editable, NotEditable, place } from './editable.ts';
import { flowLines, flowSeparator } from './flow.ts';
import { colonEnd, dashes, endOf, isEmpty, lineEnd, pairEnd, pairStart } from './layout.ts';
import { endsInBlockText, itemEnd, removedFromBlock, removedFromFlow, startOf, stepOf } from './items.ts';
import type { Block } from './items.ts';
import { find } from './manifest.ts';
import type { Found, Manifest, NodePair, Path } from './manifest.ts';
import {
  columnOf,
  flowPair,
  flowText,
  itemLines,
  keyText,
  likeScalar,
  mapLines,
  pairLines,
  scalarText,
} from './render.ts';
import type { Style } from './render.ts';
import type { Source, Sources } from './sources.ts';
import { pointerTo, valueOfSource } from './sources.ts';
import type { Edit } from './text-edits.ts';
import { isEqual, keyOf, offsetOf } from './values.ts';

/** A value with all that stands before it behind its colon. */
interface Place {
  readonly path: Path;
  readonly node: Node | null;
  readonly from: number;
  readonly to: number;
}

/**
 * Turns changes of a document's values into edits of its text: nothing but what is changed is touched. What is written
 * over is collected, so that it can be put back, and put back where `kept` knows it.
 *
 * @param base the path of the object in the document; sources are told from there
 * @throws NotEditable
 */
export class Editor {
  readonly edits: Edit[] = [];
  /** What stood where something was written over. */
  readonly sources: Record<string, Source> = {};
  readonly #manifest: Manifest;
  readonly #base: Path;
  readonly #style: Style;
  readonly #kept: Sources;
  readonly #shared: ReadonlySet<Node>;
  readonly #removed: ReadonlySet<string>;

  constructor(manifest: Manifest, base: Path, style: Style, kept: Sources, changes: readonly Change[]) {
    this.#manifest = manifest;
    this.#base = base;
    this.#style = style;
    this.#kept = kept;
    this.#shared = new Set(manifest.targets.values());
    this.#removed = new Set(changes.flatMap(({ op, path }) => (op === 'remove' ? [pointerTo(path)] : [])));
    for (const change of changes) this.#make(change);
  }

  #make(change: Change): void {
    const { path } = change;
    switch (change.op) {
      case 'add':
        return this.#add(path, change.key, change.value);
      case 'append':
        return this.#append(path, change.value);
      case 'remove':
        return this.#remove(path);
      case 'replace':
        return this.#replace(path, change.value);
      case 'rename':
        return this.#rename(path, change.key, change.value);
    }
  }

  #edit(from: number, to: number, text: string, depth: number): void {
    this.edits.push({ from, to, text, depth });
  }

  #pointer(path: Path): string {
    return pointerTo(path.slice(this.#base.length));
  }

  #editable(path: Path): Found {
    return editable(this.#manifest, this.#shared, path);
  }

  #add(path: Path, key: string, value: unknown): void {
    const { text } = this.#manifest;
    const { node } = this.#editable(path);
    if (!isMap(node)) throw new NotEditable(`${place(path)} is no map`, offsetOf(node));
    const map = node as YAMLMap<Node | null, Node | null>;
    const source = this.#kept[this.#pointer([...path, key])];
    if (typeof source === 'object') return this.#putBack(path, map, source);
    if (node.flow === true) {
      const lines = flowLines(text, map, this.#style);
      const separator = flowSeparator(text, map, this.#style);
      return this.#intoFlow(map, flowPair(key, value, this.#style, separator, lines), path);
    }
    const column = columnOf(text, startOf(map, 0));
    this.#insert(endOf(text, map), pairLines(key, value, column, this.#style), path.length);
  }

  /** A pair that was taken out, behind the one that it stood behind. */
  #putBack(path: Path, map: YAMLMap<Node | null, Node | null>, source: Exclude<Source, string>): void {
    const { text } = this.#manifest;
    const before = map.items.findLast((pair) => source.after !== undefined && keyOf(pair) === source.after);
    const at = before === undefined ? endOf(text, map) : pairEnd(text, before);
    const behind = map.flow === true ? at : lineEnd(text, at);
    const { gap = '' } = source;
    const end = text.startsWith(gap, behind) ? behind + gap.length : behind;
    this.#edit(end, end, source.pair, path.length);
  }

  #append(path: Path, value: unknown): void {
    const { text } = this.#manifest;
    const { node } = this.#editable(path);
    if (!isSeq(node)) throw new NotEditable(`${place(path)} is no list`, offsetOf(node));
    if (node.flow === true) {
      const lines = flowLines(text, node, this.#style);
      const separator = flowSeparator(text, node, this.#style);
      return this.#intoFlow(node, flowText(value, this.#style, separator, lines), path);
    }
    const column = columnOf(text, dashes(node)[0]?.offset ?? 0);
    this.#insert(endOf(text, node), itemLines(value, column, this.#style), path.length);
  }

  /** Whole lines, behind the line of an offset. */
  #insert(offset: number, lines: readonly string[], depth: number): void {
    const { text, root } = this.#manifest;
    const end = lineEnd(text, offset);
    if (end === text.length && endsInBlockText(root))
      throw new NotEditable('the document ends in a block text without a line end; add one', end - 1);
    this.#edit(end, end, lines.map((line) => `${this.#style.eol}${line}`).join(''), depth);
  }

  /** Behind the last item; before a comma that stands behind it, so that this one stays the last thing. */
  #intoFlow(collection: Block, item: string, path: Path): void {
    const { text } = this.#manifest;
    const lines = flowLines(text, collection, this.#style);
    const joint =
      lines === undefined
        ? flowSeparator(text, collection, this.#style)
        : `,${this.#style.eol}${lines.indent}`;
    const end = itemEnd(text, collection, collection.items.length - 1);
    this.#edit(end, end, `${joint}${item}`, path.length);
  }

  #remove(path: Path): void {
    this.#editable(path);
    const holder = this.#editable(path.slice(0, -1)).node;
    const step = path.at(-1) ?? '';
    if (!isMap(holder) && !isSeq(holder)) throw new NotEditable(`${place(path)} cannot be taken out`, 0);
    const collection: Block = holder;
    const index = isMap(collection)
      ? collection.items.findLastIndex((pair) => keyOf(pair) === step)
      : Number(step);
    const { text } = this.#manifest;
    const isKept = (_: unknown, at: number): boolean => !this.#removed.has(pointerTo(stepTo(at)));
    const stepTo = (at: number): Path => [...path.slice(0, -1), stepOf(collection, at)];
    const [from, to] =
      collection.flow === true
        ? removedFromFlow(text, collection, index, isKept)
        : removedFromBlock(text, collection, index);
    if (isMap(collection)) this.#remember(path, collection, index, [from, to]);
    this.#edit(from, to, '', path.length - 1);
  }

  /** The pair as it stood, behind which one, and what of comments and blank lines was between them. */
  #remember(path: Path, map: YAMLMap, index: number, [from, to]: readonly [number, number]): void {
    const { text } = this.#manifest;
    const pair = text.slice(from, to);
    const previous = map.items[index - 1] as NodePair | undefined;
    if (previous === undefined) {
      this.sources[this.#pointer(path)] = { pair };
      return;
    }
    const end = pairEnd(text, previous);
    const gap = text.slice(map.flow === true ? end : lineEnd(text, end), from);
    const between = gap === '' ? {} : { gap };
    this.sources[this.#pointer(path)] = { pair, after: keyOf(previous), ...between };
  }

  #replace(path: Path, value: unknown): void {
    const { text } = this.#manifest;
    const { node, pair } = this.#editable(path);
    const colon = pair === undefined ? undefined : colonEnd(pair);
    if (pair === undefined || colon === undefined)
      throw new NotEditable(`${place(path)} cannot be replaced where it stands`, offsetOf(node));
    const to = pairEnd(text, pair);
    const kept = this.#keptValue(path, value);
    const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
    if (kept !== undefined || (isRecord(value) && Object.keys(value).length === 0)) {
      const source = kept ?? ' {}';
      if (!isBlock) return this.#edit(colon, to, source, path.length);
      // A comment behind the key stays.
      this.#edit(colon, colon, source, path.length);
      return this.#edit(lineEnd(text, colon), lineEnd(text, to), '', path.length);
    }
    const where = { path, node, from: colon, to };
    if (typeof value !== 'object' || value === null) this.#replaceScalar(where, value);
    else this.#replaceNothing(where, columnOf(text, pairStart(pair)), value);
  }

  /** In the quotes that stand there. */
  #replaceScalar({ path, node, from, to }: Place, value: unknown): void {
    const { text } = this.#manifest;
    const old = text.slice(from, to);
    const isText = isScalar(node) && !isEmpty(node) && !String(node.type).startsWith('BLOCK');
    const type = isText ? (node.type ?? undefined) : undefined;
    const gap = isText ? text.slice(from, offsetOf(node)) : ' ';
    const isTagged = isText && (node.tag !== undefined || (node as { anchor?: string }).anchor !== undefined);
    const scalar =
      typeof value === 'string' ? likeScalar(value, type, this.#style) : scalarText(value, this.#style);
    const written = `${isTagged ? ' ' : gap}${scalar}`;
    if (!isText || isTagged || !this.#isReversible(node.value, scalar, old.slice(gap.length)))
      this.sources[this.#pointer(path)] = old;
    this.#edit(from, to, written, path.length);
  }

  /** Null, or an empty collection, by what comes into it; the column is the key's. */
  #replaceNothing({ path, node, from, to }: Place, column: number, value: object): void {
    const { text } = this.#manifest;
    this.sources[this.#pointer(path)] = text.slice(from, to);
    const gap = isEmpty(node) ? ' ' : text.slice(from, offsetOf(node));
    const inBlock = !this.#isInFlow(path);
    if (!inBlock || this.#style.isJson || gap.includes('\n')) {
      const lines = this.#flowLinesFor(path);
      const separator = this.#style.isJson && gap === '' ? ',' : ', ';
      return this.#edit(from, to, `${gap}${flowText(value, this.#style, separator, lines)}`, path.length);
    }
    this.#edit(from, to, '', path.length);
    const lines = Array.isArray(value)
      ? value.flatMap((item) => itemLines(item, column + this.#style.listStep, this.#style))
      : mapLines(value as Readonly<Record<string, unknown>>, column + this.#style.step, this.#style);
    this.#insert(to, lines, path.length);
  }

  /** Whether the old scalar comes out again when it is written in the place of the new one. */
  #isReversible(value: unknown, written: string, old: string): boolean {
    // An empty text goes with what was appended to it.
    if (value === '') return false;
    const type = written.startsWith('"')
      ? 'QUOTE_DOUBLE'
      : written.startsWith("'")
        ? 'QUOTE_SINGLE'
        : 'PLAIN';
    return typeof value === 'string' && likeScalar(value, type, this.#style) === old;
  }

  /** The source of the value that is to stand here, where it is known and says that value. */
  #keptValue(path: Path, value: unknown): string | undefined {
    const source = this.#kept[this.#pointer(path)];
    if (typeof source !== 'string') return undefined;
    const said = valueOfSource(source);
    return said !== undefined && isEqual(said.value, value) ? source : undefined;
  }

  #isInFlow(path: Path): boolean {
    const { way = [] } = find(this.#manifest, path.slice(0, -1)) ?? {};
    return way.some((node) => (isMap(node) || isSeq(node)) && node.flow === true);
  }

  /** How a collection inside a flow collection is laid out: like the one around it. */
  #flowLinesFor(path: Path): ReturnType<typeof flowLines> {
    const holder = find(this.#manifest, path.slice(0, -1))?.node;
    if (!isMap(holder) && !isSeq(holder)) return undefined;
    return holder.flow === true ? flowLines(this.#manifest.text, holder, this.#style) : undefined;
  }

  #rename(path: Path, key: string, value: unknown): void {
    const { text } = this.#manifest;
    const { pair, node } = this.#editable(path);
    if (pair === undefined) throw new NotEditable(`${place(path)} is no pair`, offsetOf(node));
    const [from, to] = [pairStart(pair), pairEnd(text, pair)];
    this.sources[this.#pointer(path)] = { pair: text.slice(from, to) };
    const source = this.#kept[this.#pointer([...path.slice(0, -1), key])];
    const name = this.#style.isJson ? JSON.stringify(key) : keyText(key);
    const colon = this.#style.isJson && !/:\s/.test(text.slice(from, to)) ? ':' : ': ';
    const plain = `${name}${colon}${scalarText(value, this.#style, true)}`;
    this.#edit(from, to, typeof source === 'object' ? source.pair : plain, path.length - 1);
  }
}
