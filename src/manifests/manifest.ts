import { Composer, Parser, isAlias, isMap, isNode, isSeq } from 'yaml';
import type { Document, Node, Pair, YAMLError, YAMLMap } from 'yaml';

import { isMerge, keyOf, offsetOf, Unreadable, ValueReader } from './values.ts';

/** A key of a map or an index of a list. */
export type Step = string | number;
export type Path = readonly Step[];

export type NodePair = Pair<Node | null, Node | null>;

/** One document: its text, the values that kubectl reads in it, and where each of them stands. */
export interface Manifest {
  readonly text: string;
  /** Null where the document has no content. */
  readonly root: Node | null;
  readonly value: unknown;
  /** For each alias of the document the node that it stands for. */
  readonly targets: ReadonlyMap<Node, Node>;
  /** The text is JSON, not only YAML. */
  readonly isJson: boolean;
}

/** Why a document cannot be read, and where. */
export interface Fault {
  readonly message: string;
  readonly offset: number;
}

/** Reads one document. What cannot be read is a value. */
export function readManifest(text: string): Manifest | Fault {
  const composer = new Composer({
    schema: 'failsafe',
    version: '1.1',
    uniqueKeys: false,
    resolveKnownTags: false,
    keepSourceTokens: true,
    logLevel: 'silent',
  });
  try {
    const documents = [...composer.compose(new Parser().parse(text), false)] as readonly Document.Parsed[];
    const fault = documents.flatMap(({ errors }) => errors).find((error) => !isRead(error));
    if (fault !== undefined) {
      // What is missing at the end is told where the text ends.
      const offset = Math.min(fault.pos[0], Math.max(0, text.trimEnd().length - 1));
      return { message: `is not YAML: ${words(fault)}`, offset };
    }
    const [first, second] = documents.filter(({ contents }) => contents !== null);
    if (second !== undefined)
      return {
        message: 'a second document, which kubectl does not read; put its --- on a line of its own',
        offset: offsetOf(second.contents),
      };
    const root = first?.contents ?? null;
    const reader = new ValueReader();
    const value = reader.read(root);
    return { text, root, value, targets: reader.targets, isJson: isJson(text) };
  } catch (error) {
    if (error instanceof Unreadable) return { message: error.message, offset: error.offset };
    if (error instanceof RangeError) return { message: 'is nested too deeply', offset: 0 };
    throw error;
  }
}

export function isFault(read: Manifest | Fault): read is Fault {
  return 'message' in read;
}

/** What YAML 1.2 forbids and go-yaml v2 reads all the same. */
function isRead({ code, message }: YAMLError): boolean {
  return (
    message.startsWith('Comments must be separated') ||
    (code === 'MISSING_CHAR' && /Missing space after :/.test(message))
  );
}

function words({ message }: YAMLError): string {
  const [first = ''] = message.split('\n', 1);
  return first.replace(/ at line \d+, column \d+:?$/, '');
}

function isJson(text: string): boolean {
  if (!/^(?:\uFEFF)?\s*\{/.test(text)) return false;
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}

/** What stands at a path: the nodes on the way, each with the pair that leads to it where a map holds it. */
export interface Found {
  readonly node: Node | null;
  /** The pair whose value the node is. */
  readonly pair: NodePair | undefined;
  /** From the root to the node, the node itself last. */
  readonly way: readonly Node[];
}

/** Where the path leads; undefined where no node of its own stands there (it came by a merge key, or is absent). */
export function find({ root }: Pick<Manifest, 'root'>, path: Path): Found | undefined {
  let node = root;
  let pair: NodePair | undefined;
  const way: Node[] = node === null ? [] : [node];
  for (const step of path) {
    pair = undefined;
    if (isSeq(node)) {
      const item: unknown = node.items[Number(step)];
      if (item === undefined) return undefined;
      node = isNode(item) ? item : null;
    } else if (isMap(node)) {
      pair = pairOf(node as YAMLMap<Node | null, Node | null>, String(step));
      if (pair === undefined) return undefined;
      node = pair.value;
    } else {
      return undefined;
    }
    if (node !== null) way.push(node);
  }
  return { node, pair, way };
}

/** The last pair of a key: of several that one counts. */
export function pairOf(map: YAMLMap<Node | null, Node | null>, key: string): NodePair | undefined {
  return map.items.findLast((pair) => !isMerge(pair) && keyOf(pair) === key);
}

/** Whether an alias is the node, or stands on the way to it. */
export function aliasOn({ way }: Found): Node | undefined {
  return way.find((node) => isAlias(node));
}

/** The line of an offset, counted from 1, and the column likewise. */
export function positionAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}
