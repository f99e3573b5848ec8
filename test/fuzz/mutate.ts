import type { Json } from './containers.ts';
import { hostileText } from './hostile.ts';
import type { Random } from './random.ts';

/** What JavaScript cannot hold as a value, or only with care, stands as a marker until the document is text. */
const PROTO = '@@__proto__';
const INT64 = '@@int64';
const DEEP = '@@deep';

const KEYS = [
  PROTO,
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  'toJSON',
  '',
  '~1',
  'a/b',
  '0',
];
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => 0,
  () => -1,
  () => 1.5,
  () => 65536,
  () => 1e308,
  () => INT64,
  () => true,
  () => '',
  () => [],
  () => ({}),
  () => [null],
  () => ({ [PROTO]: { polluted: true } }),
  () => ({ constructor: { prototype: { polluted: true } } }),
  () => ({ length: 3, 0: 'a' }),
  () => [[[]]],
];

/** The document as text, with a few of its parts replaced, removed, doubled, moved, renamed or put beside. */
export function mutatedText(random: Random, document: Json): string {
  const copy = JSON.parse(JSON.stringify(document)) as Json;
  for (let left = random.percent(60) ? 1 : random.between(2, 6); left > 0; left--) mutateOnce(random, copy);
  return JSON.stringify(copy)
    .replaceAll(`"${PROTO}"`, '"__proto__"')
    .replaceAll(`"${INT64}"`, '9223372036854775807')
    .replace(/"@@deep(\d+)"/g, (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)));
}

type Parent = Json | unknown[];

function mutateOnce(random: Random, document: Json): void {
  const { parent, key } = anyPlace(random, document);
  const value = (parent as Json)[key];
  switch (random.below(8)) {
    case 0:
      return remove(parent, key);
    case 1:
      return add(parent, anyKey(random), value);
    case 2:
      return add(parent, anyKey(random), anyValue(random));
    case 3:
      return replace(parent, key, placeValue(random, document));
    case 4:
      remove(parent, key);
      return add(parent, typeof value === 'string' ? hostileText(random) : anyKey(random), value);
    default:
      return replace(parent, key, anyValue(random));
  }
}

/** Any place but the root: the walk goes down by chance and stops by chance, or where nothing is below. */
function anyPlace(random: Random, document: Json): { readonly parent: Parent; readonly key: string } {
  let parent: Parent = document;
  for (;;) {
    const keys = Object.keys(parent);
    if (keys.length === 0) return { parent, key: 'x' };
    const key = random.pick(keys);
    const below = (parent as Json)[key];
    if (typeof below !== 'object' || below === null || random.percent(15)) return { parent, key };
    parent = below as Parent;
  }
}

/** A copy of what stands somewhere else: without it a mutation could make a circle. */
function placeValue(random: Random, document: Json): unknown {
  const { parent, key } = anyPlace(random, document);
  const value = (parent as Json)[key];
  return value === undefined ? null : (JSON.parse(JSON.stringify(value)) as unknown);
}

function anyKey(random: Random): string {
  return random.percent(60) ? random.pick(KEYS) : hostileText(random);
}

function anyValue(random: Random): unknown {
  if (random.percent(30)) return hostileText(random);
  if (random.percent(1)) return `${DEEP}${random.pick([10, 100, 1_000, 1_000, 5_000, 20_000, 100_000])}`;
  return random.pick(VALUES)();
}

/** Defined, not set: a key such as `constructor` becomes the document's own like any other. */
function replace(parent: Parent, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function add(parent: Parent, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent.push(value);
  else replace(parent, key, value);
}

function remove(parent: Parent, key: string): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
}

const TOKENS = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '1e999',
  '-',
  '\\u0000',
  '\\ud800',
  '\ufeff',
  '\u0000',
];

/** The bytes with some of them flipped, overwritten, cut out, doubled or put in, or the end cut off. */
export function mutatedBytes(random: Random, text: string): Buffer {
  let bytes = Buffer.from(text);
  for (let left = random.between(1, 4); left > 0; left--) {
    const at = random.below(bytes.length + 1);
    const to = Math.min(bytes.length, at + random.between(1, 16));
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
    switch (random.below(6)) {
      case 0:
        bytes = Buffer.concat([head, middle.map((byte) => byte ^ (1 << random.below(8))), tail]);
        break;
      case 1:
        bytes = Buffer.concat([head, middle.map(() => random.below(256)), tail]);
        break;
      case 2:
        bytes = Buffer.concat([head, tail]);
        break;
      case 3:
        bytes = Buffer.concat([head, middle, middle, tail]);
        break;
      case 4:
        bytes = Buffer.concat([head, Buffer.from(random.pick(TOKENS)), middle, tail]);
        break;
      default:
        if (random.percent(20)) bytes = head;
    }
  }
  return bytes;
}
