import { LineCounter, parseAllDocuments, visit } from 'yaml';
import type { Alias, Document, YAMLError } from 'yaml';

import { check } from './checks.ts';
import type { Finding } from './finding.ts';
import { pathText } from './finding.ts';
import type { Position } from '../core/positions.ts';
import { at, positionOf } from '../core/positions.ts';
import type { ConfigFile } from './schema.ts';
import { validate } from './validate.ts';

/** The file's content, or all that is wrong with it: one line each, ready to print. */
export type ParseResult =
  | { readonly ok: true; readonly file: ConfigFile }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Reads a configuration file's text. Problems are `NAME:LINE:COLUMN: path: what is wrong, what is allowed`, in the
 * order of the file; `name` is the file's name for them. No text, or an empty document, is a file that sets nothing.
 */
export function parseConfig(text: string, name: string): ParseResult {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // Nothing is written to the console by a parser; warnings are problems here.
    logLevel: 'silent',
  });
  if ('empty' in documents) return { ok: true, file: {} };
  const [document, second] = documents;
  const wrong = documents.flatMap((one) => [...one.errors, ...one.warnings]);
  if (wrong.length > 0)
    return refuse(
      name,
      wrong.map((error) => syntaxProblem(error, lines)),
    );
  if (document === undefined) return { ok: true, file: {} };
  if (second !== undefined) {
    const position = at(lines, second.range[0]);
    return refuse(name, [{ position, text: 'a second document; the configuration is one document' }]);
  }
  return read(document, lines, name);
}

interface Located {
  readonly position: Position;
  readonly text: string;
}

function read(document: Document.Parsed, lines: LineCounter, name: string): ParseResult {
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return refuse(name, [aliasProblem(document, lines, error)]);
  }
  const findings = [...validate(data), ...check(data)];
  if (findings.length === 0) return { ok: true, file: data as ConfigFile };
  return refuse(
    name,
    findings.map((finding) => locate(finding, document, lines)),
  );
}

/** An alias without an anchor, or aliases of aliases that would fill the memory. */
function aliasProblem(document: Document.Parsed, lines: LineCounter, error: unknown): Located {
  let lost: Alias | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      lost = alias;
      return visit.BREAK;
    },
  });
  if (lost === undefined) {
    const text = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { position: { line: 1, column: 1 }, text };
  }
  const text = `not valid YAML: no anchor &${lost.source} stands before *${lost.source}`;
  return { position: at(lines, lost.range?.[0] ?? 0), text };
}

function locate(finding: Finding, document: Document.Parsed, lines: LineCounter): Located {
  const position = positionOf(document, lines, finding.path, finding.of);
  const place = finding.path.length === 0 ? 'the file' : `${pathText(finding.path)}:`;
  const hint = finding.hint === undefined ? '' : `; ${finding.hint}`;
  return { position, text: `${place} ${finding.message}${hint}` };
}

function syntaxProblem(error: YAMLError, lines: LineCounter): Located {
  const message = error.code === 'DUPLICATE_KEY' ? 'the key is there twice' : error.message;
  return { position: at(lines, error.pos[0]), text: `not valid YAML: ${message}` };
}

function refuse(name: string, found: readonly Located[]): ParseResult {
  const sorted = found.toSorted(
    (a, b) => a.position.line - b.position.line || a.position.column - b.position.column,
  );
  const problems = sorted.map(
    ({ position, text }) => `${name}:${String(position.line)}:${String(position.column)}: ${text}`,
  );
  return { ok: false, problems: [...new Set(problems)] };
}
