import { Document, isMap, isSeq, stringify } from 'yaml';
import type { Node } from 'yaml';

import { resolveScalar } from '../core/statsd-mapping-scalars.ts';
import { isRecord } from '../core/record.ts';
import { dashes, pairStart } from './layout.ts';
import type { NodePair } from './manifest.ts';

/** How a document is written, so that what is added looks like the rest of it. */
export interface Style {
  readonly eol: string;
  /** Columns that a map in a map stands in. */
  readonly step: number;
  /** Columns that a list stands in from the key that it belongs to. */
  readonly listStep: number;
  /** JSON text is written, not YAML. */
  readonly isJson: boolean;
  /** Whether a space stands inside the braces of a map on one line. */
  readonly isPadded: boolean;
  /** Texts of several lines are quoted, not written as blocks. */
  readonly isPlain: boolean;
}

const DEFAULT_STEP = 2;

/** Tells a document's style from what is there; `isPlain` is the caller's. */
export function styleOf(text: string, root: Node | null, isJson: boolean): Style {
  // What most lines have: Helm puts lines of its own before those of a chart from Windows.
  const lines = text.split('\n').length - 1;
  const eol = text.split('\r\n').length - 1 > lines / 2 ? '\r\n' : '\n';
  const found: Found = {};
  look(text, root, found);
  const step = found.step ?? DEFAULT_STEP;
  const isPadded = !isJson && !/\{[^\s}]/.test(text);
  return { eol, step, listStep: found.listStep ?? step, isJson, isPadded, isPlain: false };
}

interface Found {
  step?: number;
  listStep?: number;
}

/** The first map in a map and the first list in one are taken for all. */
function look(text: string, node: unknown, found: Found): void {
  if (isSeq(node) && node.flow !== true) for (const item of node.items) look(text, item, found);
  if (!isMap(node) || node.flow === true) return;
  for (const pair of node.items as readonly NodePair[]) {
    if (found.step !== undefined && found.listStep !== undefined) return;
    const { value } = pair;
    const column = columnOf(text, pairStart(pair));
    const inner = startOfBlock(value) === undefined ? 0 : columnOf(text, startOfBlock(value) ?? 0) - column;
    // Not where it goes on in the line of its key, or behind a mark.
    if (isMap(value) && inner > 0) found.step ??= inner;
    if (isSeq(value) && inner >= 0 && value.flow !== true) found.listStep ??= inner;
    look(text, value, found);
  }
}

/** Where the first key or dash of a block stands. */
function startOfBlock(node: Node | null): number | undefined {
  if (isSeq(node) && node.flow !== true) return dashes(node)[0]?.offset;
  if (!isMap(node) || node.flow === true) return undefined;
  const [first] = node.items as readonly NodePair[];
  return first === undefined ? undefined : pairStart(first);
}

/** Columns from the margin, counted from 0; a byte order mark takes none. */
export function columnOf(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const column = offset - start;
  return text.startsWith('\uFEFF') && start === 0 ? column - 1 : column;
}

/** The lines of a pair in a block map whose keys stand at a column. */
export function pairLines(key: string, value: unknown, column: number, style: Style): readonly string[] {
  const head = `${' '.repeat(column)}${keyText(key)}:`;
  if (Array.isArray(value) && value.length > 0)
    return [head, ...value.flatMap((item) => itemLines(item, column + style.listStep, style))];
  if (isRecord(value) && Object.keys(value).length > 0)
    return [head, ...mapLines(value, column + style.step, style)];
  const [first = '', ...rest] = scalarLines(value, column, style);
  return [`${head} ${first}`, ...rest];
}

export function mapLines(
  map: Readonly<Record<string, unknown>>,
  column: number,
  style: Style,
): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => pairLines(key, value, column, style));
}

/** The lines of an element of a block list whose dashes stand at a column. */
export function itemLines(value: unknown, column: number, style: Style): readonly string[] {
  const dash = `${' '.repeat(column)}- `;
  const [first = '', ...rest] =
    isRecord(value) && Object.keys(value).length > 0
      ? mapLines(value, column + 2, style).map((line, index) => (index === 0 ? line.slice(column + 2) : line))
      : Array.isArray(value)
        ? [flowText(value, style)]
        : scalarLines(value, column, style);
  return [`${dash}${first}`, ...rest];
}

/** Texts of several lines become a block, whose lines stand right of the column. */
function scalarLines(value: unknown, column: number, style: Style): readonly string[] {
  if (typeof value !== 'string' || style.isPlain || !value.includes('\n')) return [flowText(value, style)];
  const [head = '', ...body] = stringify({ k: value }, { lineWidth: 0, indent: style.step }).split('\n');
  if (!/^k: \|-?$/.test(head) || body.at(-1) !== '') return [JSON.stringify(value)];
  const lines = body.slice(0, -1).map((line) => (line === '' ? '' : `${' '.repeat(column)}${line}`));
  return [head.slice('k: '.length), ...lines];
}

/** Where a collection stands on lines of its own. */
export interface Lines {
  readonly indent: string;
  readonly step: string;
}

/** A value on one line, or with JSON's brackets on several. */
export function flowText(value: unknown, style: Style, separator = ', ', lines?: Lines): string {
  if (Array.isArray(value))
    return wrapped(
      '[]',
      value.map((item) => flowText(item, style, separator, deeper(lines))),
      separator,
      style,
      lines,
    );
  if (isRecord(value)) {
    const pairs = Object.entries(value).map(([key, item]) =>
      flowPair(key, item, style, separator, deeper(lines)),
    );
    return wrapped('{}', pairs, separator, style, lines);
  }
  return scalarText(value, style, true);
}

export function flowPair(
  key: string,
  value: unknown,
  style: Style,
  separator = ', ',
  lines?: Lines,
  colon = separator === ',' ? ':' : ': ',
): string {
  const name = style.isJson ? JSON.stringify(key) : keyText(key);
  // Without space behind it, a colon tells a pair of YAML only after a quoted key.
  const joint = style.isJson ? colon : ': ';
  return `${name}${joint}${flowText(value, style, separator, lines)}`;
}

function deeper(lines: Lines | undefined): Lines | undefined {
  return lines === undefined ? undefined : { indent: lines.indent + lines.step, step: lines.step };
}

function wrapped(
  [open = '', close = '']: string | readonly string[],
  parts: readonly string[],
  separator: string,
  style: Style,
  lines: Lines | undefined,
): string {
  if (parts.length === 0) return `${open}${close}`;
  if (lines === undefined) {
    const space = open === '{' && style.isPadded ? ' ' : '';
    return `${open}${space}${parts.join(separator)}${space}${close}`;
  }
  const inner = `${style.eol}${lines.indent}${lines.step}`;
  return `${open}${inner}${parts.join(`,${inner}`)}${style.eol}${lines.indent}${close}`;
}

/** A scalar on one line that reads back as that value, for kubectl and for YAML 1.2. */
export function scalarText(value: unknown, style: Pick<Style, 'isJson'>, inFlow = false): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'string' || style.isJson) return JSON.stringify(value ?? null);
  const document = new Document([value], { compat: 'yaml-1.1' });
  if (inFlow && isSeq(document.contents)) document.contents.flow = true;
  const written = document
    .toString({ lineWidth: 0, blockQuote: false, flowCollectionPadding: false })
    .trimEnd();
  const text = inFlow ? written.slice(1, -1) : written.replace(/^- /, '');
  if (text.includes('\n')) return JSON.stringify(value);
  if (/^["']/.test(text)) return text;
  return resolveScalar(text, '', true)?.type === 'string' ? text : JSON.stringify(value);
}

/** A key of YAML. */
export function keyText(key: string): string {
  // Nearly every key; the others are left to the library.
  if (/^[A-Za-z][\w./-]*[A-Za-z0-9]$/.test(key) && resolveScalar(key, '', true)?.type === 'string')
    return key;
  return scalarText(key, { isJson: false }, true);
}

/** A text in the quotes (or none) that another one had, as far as it can stand in them. */
export function likeScalar(value: string, type: string | undefined, style: Style): string {
  if (style.isJson || type === 'QUOTE_DOUBLE') return JSON.stringify(value);
  if (type === 'QUOTE_SINGLE' && /^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return scalarText(value, style, true);
}
