import { didYouMean } from './problem.ts';
import { isGoDuration, isMergeTag, isNullTag, resolveScalar } from './statsd-mapping-scalars.ts';
import type { MappingNode } from './statsd-mapping-yaml.ts';
import { clip, oneOf, quoted, withoutControlCharacters } from './text.ts';

/**
 * Reads nodes into typed values as Go's yaml.UnmarshalStrict (go.yaml.in/yaml v2) reads them into structs, those of
 * statsd_exporter and of Prometheus: unknown and repeated keys are faults, nulls leave a field unset, merge keys and
 * aliases are followed.
 */

/** What a field that could not be read holds; its fault is told. */
export const UNREADABLE = Symbol('unreadable');

/** The fields of a struct that were set, by key. */
export type Fields = Map<string, unknown>;

/** Reads one node; `old` is what the same field has from a merge key before. */
export type Type = (reading: Reading, node: MappingNode, place: string, old: unknown) => unknown;

/** Aliases that stand for mappings with aliases, and so on; the library has no limit. */
const MOST_ALIASES_DEEP = 64;

type ScalarNode = Extract<MappingNode, { kind: 'scalar' }>;
type MapNode = Extract<MappingNode, { kind: 'map' }>;

/** One run over a file: the faults so far, and how far aliases have blown it up. */
export class Reading {
  readonly #report: (place: string, what: string) => void;
  readonly #open = new Set<MappingNode>();
  #reads = 0;
  #aliasReads = 0;
  #stopped = false;

  constructor(report: (place: string, what: string) => void) {
    this.#report = report;
  }

  fault(place: string, what: string): typeof UNREADABLE {
    if (!this.#stopped) this.#report(place, what);
    return UNREADABLE;
  }

  /** Follows aliases; everything is read through here. */
  read(type: Type, node: MappingNode, place: string, old?: unknown): unknown {
    this.#reads++;
    if (this.#open.size > 0) this.#aliasReads++;
    if (!this.#stopped && this.#isExcessive()) {
      this.fault(place, 'too many aliases; write the values out');
      this.#stopped = true;
    }
    if (this.#stopped) return UNREADABLE;
    if (node.kind !== 'alias') return type(this, node, place, old);
    if (this.#open.size > MOST_ALIASES_DEEP)
      return this.fault(place, 'aliases in aliases; write the values out');
    if (this.#open.has(node)) return this.fault(place, 'an alias contains itself; write the values out');
    this.#open.add(node);
    const value = this.read(type, node.target, place, old);
    this.#open.delete(node);
    return value;
  }

  /** The library's own limit: 99 % of reads through aliases in small files, falling to 10 % at four million reads. */
  #isExcessive(): boolean {
    if (this.#aliasReads <= 100 || this.#reads <= 1000) return false;
    const beyond = Math.min(Math.max((this.#reads - 400_000) / 3_600_000, 0), 1);
    return this.#aliasReads / this.#reads > 0.99 - 0.89 * beyond;
  }
}

/** Nulls that the library sees before it looks at the type; `Null` and `NULL` come later. */
function isEarlyNull(node: MappingNode): boolean {
  if (node.kind === 'alias') return false;
  if (isNullTag(node.tag)) return true;
  if (node.kind !== 'scalar' || node.tag !== '') return false;
  return node.text === 'null' || node.text === '~' || (node.text === '' && node.bare);
}

function shown(node: MappingNode): string {
  if (node.kind === 'list') return 'a list';
  return node.kind === 'scalar' ? quoted(node.text) : 'a mapping';
}

type Meaning = NonNullable<ReturnType<typeof resolveScalar>>;

/** A type that is one scalar; `accept` gives undefined for what does not fit. Null is `zero`. */
function scalar(
  allowed: string,
  zero: unknown,
  accept: (meaning: Meaning, node: ScalarNode) => unknown,
): Type {
  return (reading, node, place) => {
    const meaning = node.kind === 'scalar' ? resolveScalar(node.text, node.tag, node.bare) : undefined;
    if (meaning?.type === 'null') return zero;
    const value = node.kind === 'scalar' && meaning !== undefined ? accept(meaning, node) : undefined;
    return value === undefined ? reading.fault(place, `${shown(node)} is not ${allowed}`) : value;
  };
}

/** Go's string: any scalar as it is written. */
export const text = scalar('a text', '', (meaning, node) => {
  return meaning.type === 'string' ? meaning.value : node.text;
});

export const flag = scalar('true or false', false, (meaning) => {
  return meaning.type === 'bool' ? meaning.value : undefined;
});

export const number = scalar('a number', 0, (meaning) => {
  return meaning.type === 'int' || meaning.type === 'float' ? Number(meaning.value) : undefined;
});

/** Go's uint32; a float is cut to it. */
export const count = scalar('a whole number up to 4294967295', 0, (meaning) => {
  if (meaning.type !== 'int' && meaning.type !== 'float') return undefined;
  const whole = Math.trunc(Number(meaning.value));
  return whole >= 0 && whole <= 4_294_967_295 ? whole : undefined;
});

/** Go's time.Duration: a duration, or a bare number of nanoseconds. */
export const duration = scalar('a Go duration such as 30s or 1h30m', 0, (meaning) => {
  if (meaning.type === 'string') return isGoDuration(meaning.value) ? meaning.value : undefined;
  if (meaning.type !== 'int' && meaning.type !== 'float') return undefined;
  return meaning.value < 2 ** 63 || meaning.value === 2 ** 63 ? String(meaning.value) : undefined;
});

/**
 * A word of a few, by a type of its own in Go; `empty` is what the empty text means, undefined when it is refused.
 * A quoted "null" or "~" goes past that type and stays as it is (a quirk of the library).
 */
export function choice(words: readonly string[], empty?: string): Type {
  return (reading, node, place, old) => {
    const word = reading.read(text, node, place, old);
    if (isEarlyNull(node) || word === UNREADABLE) return word;
    if (word === '' && empty !== undefined) return empty;
    if (typeof word === 'string' && words.includes(word)) return word;
    const hint = didYouMean(String(word), words).hint;
    return reading.fault(place, `${quoted(String(word))} is not ${oneOf(words)}${hint ? `; ${hint}` : ''}`);
  };
}

/** Null, and nothing else: fields of a struct that have no place in a file, but that the library knows. */
export const onlyNull = scalar('allowed here; leave it out', undefined, () => undefined);

export function listOf(type: Type): Type {
  return (reading, node, place) => {
    if (node.kind === 'scalar') return scalarNull(reading, node, place, 'a list');
    if (node.kind !== 'list')
      return reading.fault(place, `${shown(node)} is not a list; write - before each item`);
    return node.items.map((item, index) => reading.read(type, item, `${place}[${index}]`));
  };
}

function scalarNull(reading: Reading, node: ScalarNode, place: string, wanted: string): unknown {
  return scalar(wanted, undefined, () => undefined)(reading, node, place, undefined);
}

/** Go's map of strings. */
export const labels: Type = mapOf(text);

/** Go's map by strings: a key that is there already, be it from a merge key, is a fault. */
export function mapOf(values: Type, example = '{label: value}'): Type {
  const type: Type = (reading, node, place, old) => {
    if (node.kind === 'scalar') return scalarNull(reading, node, place, 'a mapping');
    if (node.kind !== 'map') return reading.fault(place, `is not a mapping; write ${example}`);
    const result: Fields = old instanceof Map ? (old as Fields) : new Map<string, unknown>();
    for (const [keyNode, valueNode] of node.entries) {
      if (isMerge(keyNode)) {
        mergeInto(reading, type, valueNode, place, result);
        continue;
      }
      const key = reading.read(text, keyNode, `${place} key`);
      if (typeof key !== 'string') continue;
      const value = reading.read(values, valueNode, `${place}.${word(key)}`);
      if (value === UNREADABLE) continue;
      if (result.has(key)) reading.fault(`${place}.${word(key)}`, 'is given twice; leave one out');
      else result.set(key, value);
    }
    return result;
  };
  return type;
}

/**
 * A struct of Go.
 *
 * @param hidden keys that are never proposed
 * @param unknown what is wrong with a key that the struct has not
 */
export function record(
  types: Readonly<Record<string, Type>>,
  hidden: readonly string[] = [],
  unknown = unknownKey,
): Type {
  const known = Object.keys(types).filter((key) => !hidden.includes(key));
  const type: Type = (reading, node, place, old) => {
    if (node.kind === 'scalar') {
      if (scalarNull(reading, node, place, 'a mapping') === UNREADABLE) return UNREADABLE;
      // `Null` and `NULL` make a pointer to nothing set, `null` and `~` no pointer.
      return isEarlyNull(node) ? undefined : new Map<string, unknown>();
    }
    if (node.kind !== 'map') return reading.fault(place, `${shown(node)} is not a mapping`);
    const result: Fields = old instanceof Map ? (old as Fields) : new Map<string, unknown>();
    const done = new Set<string>();
    for (const [keyNode, valueNode] of node.entries) {
      if (isMerge(keyNode)) {
        mergeInto(reading, type, valueNode, place, result);
        continue;
      }
      const key = reading.read(text, keyNode, `${place === '' ? 'a' : `${place}: a`} key`);
      if (typeof key !== 'string') continue;
      const at = place === '' ? word(key) : `${place}.${word(key)}`;
      const field = Object.hasOwn(types, key) ? types[key] : undefined;
      if (field === undefined) reading.fault(at, unknown(key, known));
      else if (done.has(key)) reading.fault(at, 'is given twice; leave one out');
      else result.set(key, reading.read(field, valueNode, at, result.get(key)));
      done.add(key);
    }
    return result;
  };
  return type;
}

/** What is wrong with a key that a struct has not, with the one that was likely meant. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known).hint;
  return `unknown key; ${near ?? (known.length < 5 ? `known are ${oneOf(known)}` : 'leave it out')}`;
}

function isMerge(node: MappingNode): boolean {
  return (
    node.kind === 'scalar' && node.text === '<<' && (node.bare || node.tag === '!' || isMergeTag(node.tag))
  );
}

/** What is merged in counts like the keys of the mapping itself, in the order written; of a list the first wins. */
function mergeInto(reading: Reading, type: Type, node: MappingNode, place: string, into: Fields): void {
  const sources = node.kind === 'list' ? [...node.items].reverse() : [node];
  for (const source of sources) {
    const target = source.kind === 'alias' ? source.target : source;
    if (isMap(target)) reading.read(type, source, place, into);
    else reading.fault(place, '<< takes a mapping or a list of mappings');
  }
}

function isMap(node: MappingNode): node is MapNode {
  return node.kind === 'map';
}

function word(key: string): string {
  return /^[\w.-]{1,32}$/.test(key) ? key : clip(quoted(withoutControlCharacters(key)), 34);
}
