import { Composer, Parser, isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import { MOST_LEVELS, at, indented, lexicalFault } from './statsd-mapping-words.ts';

/**
 * YAML as statsd_exporter's library (go.yaml.in/yaml v2, a YAML 1.1 reader after libyaml) sees it: every scalar keeps
 * its text, tag and whether it was bare, since what it means depends on the field that it is read into.
 *
 * The `yaml` package reads YAML 1.2; what follows makes up the difference. What is left of it is refused here and read
 * there, each time to the user's good or of no use: a document that goes on after its end (the exporter drops the rest
 * without a word), `{?key: value}`, tags with a ! inside, more than 64 levels
 * (of aliases too), and more than a few continuation lines at the margin.
 */
export type MappingNode =
  | { readonly kind: 'scalar'; readonly tag: string; readonly text: string; readonly bare: boolean }
  | { readonly kind: 'list'; readonly tag: string; readonly items: readonly MappingNode[] }
  | {
      readonly kind: 'map';
      readonly tag: string;
      readonly entries: readonly (readonly [key: MappingNode, value: MappingNode])[];
    }
  | { readonly kind: 'alias'; readonly target: MappingNode };

/** Every bare nothing: no document, no value after a colon. */
const NOTHING: MappingNode = { kind: 'scalar', tag: '', text: '', bare: true };

/** Thrown within this file only, and caught by {@link readMappingYaml}. */
class Unreadable extends Error {}

/** The first document of `text`, as the exporter reads no other; or what is wrong with it, after `line N: `. */
export function readMappingYaml(text: string): MappingNode | string {
  try {
    const source = indented(firstDocument(unixLines(text)));
    const fault = characterFault(source) ?? directiveFault(source) ?? lexicalFault(source);
    if (fault !== undefined) return fault;
    const document = compose(source);
    if (document?.contents === undefined || document.contents === null) return NOTHING;
    return new Reader(document, source).read(document.contents, 0);
  } catch (error) {
    if (error instanceof Unreadable) return error.message;
    return error instanceof RangeError ? 'is nested too deeply' : 'is not YAML';
  }
}

/** In YAML 1.1 a lone CR, NEL, LS and PS end a line too. */
function unixLines(text: string): string {
  return text.replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n').replace(/^\uFEFF/, '');
}

/** Up to the marker (`---` or `...`) that ends the first document: nothing behind it is read at all. */
function firstDocument(text: string): string {
  const { prelude, offset } = markersOf(text);
  if (offset === undefined) return text;
  if (
    text.startsWith('...', offset) &&
    !/^---/m.test(text.slice(0, offset)) &&
    /^[ ]*$/.test(text.slice(prelude, offset))
  )
    throw new Unreadable(at(text, offset, 'ends a document before it begins; leave the ... out'));
  return text.slice(0, offset);
}

/** Where the first document begins, and where the marker is that ends it. */
function markersOf(text: string): { readonly prelude: number; readonly offset: number | undefined } {
  const prelude = /^(?:[ ]*(?:#.*)?\n|%.*\n)*(?:---(?=[ \t\n]|$))?/.exec(text)?.[0].length ?? 0;
  const end = /^(?:---|\.\.\.)(?=[ \t\n]|$)/m.exec(text.slice(prelude));
  return { prelude, offset: end === null ? undefined : prelude + end.index };
}

/** The line, counted from 1, of the first thing behind the first document, which {@link readMappingYaml} passes over. */
export function lineBehindFirst(text: string): number | undefined {
  const source = unixLines(text);
  const { offset = source.length } = markersOf(source);
  const rest = source.slice(offset).split('\n');
  const index = rest.findIndex((line) => !/^(?:(?:---|\.\.\.)(?=\s|$)|%.*)?\s*(?:#.*)?$/.test(line));
  return index === -1 ? undefined : source.slice(0, offset).split('\n').length + index;
}

function characterFault(text: string): string | undefined {
  // These are what libyaml's reader refuses.
  const found = /[\0-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]/.exec(text);
  return found === null ? undefined : at(text, found.index, 'has a control character; remove it');
}

function directiveFault(text: string): string | undefined {
  const directives = /^(?:(?:[ ]*(?:#.*)?\n)*%.*\n?)*/.exec(text)?.[0].match(/^%.*$/gm) ?? [];
  const bad = directives.find((line) => !/^%(?:YAML[ \t]+0?1\.0?1|TAG[ \t].*)[ \t]*(?:#.*)?$/.test(line));
  if (bad !== undefined) return at(text, text.indexOf(bad), 'has a directive that is not read; leave it out');
  return undefined;
}

function compose(source: string): Document.Parsed | undefined {
  const composer = new Composer({
    schema: 'failsafe',
    uniqueKeys: false,
    resolveKnownTags: false,
    version: '1.1',
  });
  const [document] = [...composer.compose(new Parser().parse(source), true, source.length)];
  const error = document?.errors.find((found) => !isRead(found));
  if (error === undefined) return document;
  const isTooDeep = error.code === 'RESOURCE_EXHAUSTION';
  throw new Unreadable(
    at(source, error.pos[0], isTooDeep ? 'is nested too deeply' : `is not YAML: ${error.message}`),
  );
}

/** What YAML 1.2 forbids and libyaml reads all the same. */
function isRead({ code, message }: YAMLError): boolean {
  return (
    message.startsWith('Comments must be separated') ||
    (code === 'MISSING_CHAR' && /Missing space after :/.test(message))
  );
}

/** Turns the library's nodes into ours, each alias with the node that it stands for. */
class Reader {
  readonly #anchors = new Map<string, MappingNode>();
  readonly #document: Document.Parsed;
  readonly #source: string;

  constructor(document: Document.Parsed, source: string) {
    this.#document = document;
    this.#source = source;
  }

  read(node: unknown, level: number): MappingNode {
    if (!isNode(node)) return NOTHING;
    if (level > MOST_LEVELS) throw new Unreadable(this.#at(node, 'is nested too deeply'));
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) throw new Unreadable(this.#at(node, 'names an anchor that is not set above'));
      return { kind: 'alias', target };
    }
    const tag = node.tag ?? '';
    if (isScalar(node)) {
      const text = typeof node.value === 'string' ? node.value : '';
      const bare = node.type === 'PLAIN' || node.type === undefined;
      return this.#named(node, { kind: 'scalar', tag, text, bare: bare && tag === '' });
    }
    if (isSeq(node)) {
      const items: MappingNode[] = [];
      const list = this.#named(node, { kind: 'list', tag, items });
      for (const item of node.items) items.push(this.read(item, level + 1));
      return list;
    }
    const entries: [MappingNode, MappingNode][] = [];
    const map = this.#named(node, { kind: 'map', tag, entries });
    if (isMap(node)) {
      for (const { key, value } of node.items)
        entries.push([this.read(key, level + 1), this.read(value, level + 1)]);
    }
    return map;
  }

  /** Before its children are read: what is inside may name it, which is refused later, where it is followed. */
  #named(node: Node & { anchor?: string }, read: MappingNode): MappingNode {
    if (node.anchor === undefined) return read;
    if (!/^[\w-]+$/.test(node.anchor))
      throw new Unreadable(this.#at(node, 'has an anchor with other than letters and digits'));
    this.#anchors.set(node.anchor, read);
    return read;
  }

  #at(node: Node, what: string): string {
    return at(this.#source, node.range?.[0] ?? 0, what);
  }
}
