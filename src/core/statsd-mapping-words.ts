import { Lexer } from 'yaml';

/** What sets libyaml's YAML 1.1 apart from the `yaml` package's 1.2, as far as single words tell. */

/** A mapping needs five levels; more are only possible under merge keys. */
export const MOST_LEVELS = 64;

/** The lexer's marks, which are no text: before a bare scalar, where a flow is cut short, before a document. */
const SCALAR_MARK = '\x1f';
const FLOW_CUT_MARK = '\x18';
const MARKS: ReadonlySet<string> = new Set([SCALAR_MARK, FLOW_CUT_MARK, '\x02']);

/** `what` with the line that it is about. */
export function at(text: string, offset: number, what: string): string {
  return `line ${text.slice(0, offset).split('\n').length}: ${what}`;
}

/** So many lines are moved right before a text counts as not YAML: each costs another look at the whole. */
const MOST_MOVED = 4;
const FAR_RIGHT = ' '.repeat(256);

/** libyaml lets a quoted text or a flow collection go on at any column, YAML 1.2 only right of what it belongs to. */
export function indented(text: string): string {
  let source = text;
  for (let moved = 0; moved < MOST_MOVED; moved++) {
    const offset = tooFarLeft(source);
    if (offset === undefined) break;
    source = source.slice(0, offset) + FAR_RIGHT + source.slice(offset);
  }
  return source;
}

/** Where a line begins that ends a quoted text or a flow collection by its column. */
function tooFarLeft(text: string): number | undefined {
  let offset = 0;
  let isBare = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === FLOW_CUT_MARK) return offset;
    if (!MARKS.has(lexeme)) {
      offset += lexeme.length;
      if (!isBare && isOpenQuote(lexeme)) return offset < text.length ? offset + 1 : undefined;
    }
    isBare = lexeme === SCALAR_MARK;
  }
  return undefined;
}

function isOpenQuote(lexeme: string): boolean {
  if (lexeme.startsWith("'")) return !lexeme.slice(1).replaceAll("''", '').endsWith("'");
  return lexeme.startsWith('"') && !lexeme.slice(1).replaceAll(/\\./gs, '').endsWith('"');
}

/** What YAML 1.2 allows and libyaml refuses or reads as something else, seen word by word. */
export function lexicalFault(text: string): string | undefined {
  const words = {
    offset: 0,
    flow: 0,
    compact: 0,
    isBare: false,
    last: '',
    isLastBare: false,
    isNewLine: false,
  };
  for (const lexeme of new Lexer().lex(text)) {
    if (MARKS.has(lexeme)) {
      words.isBare = lexeme === SCALAR_MARK;
      continue;
    }
    const next = text.charAt(words.offset + lexeme.length);
    const what = words.isBare ? bareFault(lexeme, words.flow) : wordFault(lexeme, next, words);
    if (what !== undefined) return at(text, words.offset, what);
    if (!words.isBare && /^[[{]$/.test(lexeme)) words.flow++;
    if (!words.isBare && /^[\]}]$/.test(lexeme)) words.flow--;
    if (words.flow < 0) return at(text, words.offset, `nothing is open for this ${lexeme}`);
    if (lexeme === '\n') words.compact = 0;
    if (!words.isBare && /^[-?]$/.test(lexeme)) words.compact++;
    // Told before the parser looks: it takes long over a hostile depth.
    if (words.flow + words.compact > MOST_LEVELS) return at(text, words.offset, 'is nested too deeply');
    words.offset += lexeme.length;
    if (lexeme === '\n') words.isNewLine = true;
    if (words.isBare || !/^(?:\s|#)/.test(lexeme)) {
      words.last = lexeme;
      words.isLastBare = words.isBare;
      words.isNewLine = false;
    } else {
      words.isLastBare = false;
    }
    words.isBare = false;
  }
  return undefined;
}

function bareFault(lexeme: string, flow: number): string | undefined {
  return flow > 0 && /^:|\?/.test(lexeme) ? 'quote what has a : or ? inside [] or {}' : undefined;
}

function wordFault(
  lexeme: string,
  next: string,
  before: { flow: number; last: string; isLastBare: boolean; isNewLine: boolean },
): string | undefined {
  const isBlankNext = /^[ \t\n]?$/.test(next);
  if (before.flow > 0 && lexeme === ':') {
    if (before.isLastBare && !isBlankNext) return 'put a blank behind the :';
    if (before.isNewLine && !/^[[{,?:]$/.test(before.last)) return 'put the : on the line of its key';
  }
  if (lexeme.startsWith('!') && !isBlankNext) return 'put a blank behind the tag';
  if (/^[&*]/.test(lexeme) && !isBlankNext && !/^[?:,\]}%@`]$/.test(next))
    return 'put a blank behind the anchor';
  if (lexeme.startsWith('"') && hasSlashEscape(lexeme)) return '\\/ is no escape; write /';
  return undefined;
}

function hasSlashEscape(quotedText: string): boolean {
  return quotedText.replaceAll(/\\[^/]/gs, '').includes('\\/');
}
