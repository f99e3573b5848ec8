import { isAlias, isPair, isScalar, isSeq } from 'yaml';
import type { Node, Pair, Scalar, YAMLMap } from 'yaml';

import { isMergeTag, resolveScalar } from '../core/statsd-mapping-scalars.ts';

/** Something in a document that kubectl does not read; `offset` is where. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Aliases of aliases stand for more nodes than any manifest has (kubectl refuses them likewise). */
const MOST_NODES = 1_000_000;
const MOST_LEVELS = 200;

/**
 * The values of a document as kubectl reads them (sigs.k8s.io/yaml over go-yaml v2): YAML 1.1 booleans and octals, keys
 * as text, times as text; whole numbers beyond 2^53 as bigint. The document has been composed with the failsafe schema,
 * so that every scalar still has its text.
 */
export class ValueReader {
  readonly #anchors = new Map<string, Node>();
  readonly #values = new Map<Node, { readonly value: unknown; readonly nodes: number }>();
  readonly #open = new Set<Node>();
  /** The node that each alias stands for. */
  readonly targets = new Map<Node, Node>();
  #nodes = 0;

  read(node: unknown, level = 0): unknown {
    if (node === null || node === undefined) return null;
    const known = node as Node;
    if (level > MOST_LEVELS) throw new Unreadable('is nested too deeply', offsetOf(known));
    const before = this.#nodes;
    const value = this.#readNode(known, level);
    this.#values.set(known, { value, nodes: this.#nodes - before });
    return value;
  }

  #readNode(node: Node, level: number): unknown {
    this.#count(1, node);
    if (isAlias(node)) return this.#readAlias(node);
    if (isScalar(node)) {
      this.#name(node);
      return scalarValue(node);
    }
    this.#name(node);
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item) => this.read(item, level + 1))
      : this.#readMap(node, level);
    this.#open.delete(node);
    return value;
  }

  #readAlias(node: Node & { readonly source: string }): unknown {
    const target = this.#anchors.get(node.source);
    if (target === undefined)
      throw new Unreadable(`no anchor &${node.source} stands before *${node.source}`, offsetOf(node));
    if (this.#open.has(target))
      throw new Unreadable(`*${node.source} stands inside its own anchor`, offsetOf(node));
    this.targets.set(node, target);
    // An anchored key has not been read as a value.
    if (!this.#values.has(target)) return this.read(target);
    const known = this.#values.get(target);
    this.#count(known?.nodes ?? 0, node);
    return known?.value ?? null;
  }

  #name(node: Node): void {
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
  }

  #count(nodes: number, node: Node): void {
    this.#nodes += nodes;
    if (this.#nodes > MOST_NODES) throw new Unreadable('aliases stand for too many values', offsetOf(node));
  }

  #readMap(map: YAMLMap, level: number): unknown {
    const object: Record<string, unknown> = {};
    for (const pair of map.items as readonly Pair<Node | null, Node | null>[]) {
      const key = keyOf(pair);
      if (pair.key !== null) this.#name(pair.key);
      const value = this.read(pair.value, level + 1);
      if (isMerge(pair)) this.#merge(object, pair, value);
      else set(object, key, value);
    }
    return object;
  }

  /** go-yaml v2 merges where the merge key stands: what comes behind it wins, what is before it loses. */
  #merge(object: Record<string, unknown>, pair: Pair<Node | null, Node | null>, value: unknown): void {
    // Earlier maps of a list win over later ones.
    const sources: readonly unknown[] = Array.isArray(value) ? value.toReversed() : [value];
    for (const source of sources) {
      if (typeof source !== 'object' || source === null || Array.isArray(source))
        throw new Unreadable('map merge requires a map, or a list of maps', offsetOf(pair.key));
      for (const [key, merged] of Object.entries(source)) set(object, key, merged);
    }
  }
}

/** `<<`, bare or tagged. */
export function isMerge({ key }: Pair): boolean {
  if (!isScalar(key)) return false;
  return (key.value === '<<' && key.type === 'PLAIN' && !key.tag) || isMergeTag(key.tag ?? '');
}

/** A key as it stands in JSON. Errors: Unreadable. */
export function keyOf(pair: Pair): string {
  const { key } = pair;
  if (key === null || key === undefined) throw new Unreadable('a key is empty', offsetOf(pair.value));
  if (!isScalar(key)) throw new Unreadable('a key is no text', offsetOf(key));
  if (isMerge(pair)) return '<<';
  const value = scalarValue(key);
  if (value === null) throw new Unreadable('a key is null', offsetOf(key));
  return String(value);
}

/** Null, a boolean, a number, a bigint or a text. Errors: Unreadable. */
function scalarValue(node: Scalar): string | number | bigint | boolean | null {
  const tag = node.tag ?? '';
  const text = typeof node.value === 'string' ? node.value : '';
  const bare = (node.type === 'PLAIN' || node.type === undefined) && tag === '';
  const scalar = resolveScalar(text, tag, bare);
  if (scalar === undefined)
    throw new Unreadable(`${text.slice(0, 40)} is not what its tag says`, offsetOf(node));
  switch (scalar.type) {
    case 'null':
      return null;
    case 'int':
      return isSafe(scalar.value) ? Number(scalar.value) : scalar.value;
    default:
      return scalar.value;
  }
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

/** Also under `__proto__`. */
function set(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

export function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key);
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

/** Deep equality of values as documents have them: a NaN equals itself, and shared branches cost nothing. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
