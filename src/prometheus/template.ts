/**
 * Replacement texts as Go's regexp expands them (`Regexp.Expand`): `$1`, `${1}`, `$name`, `${name}`; `$$` is a `$`, and
 * so is a `$` that begins none of these. A name is the longest run of letters, digits and `_`: `$1x` is `${1x}`.
 */
import type { Match } from './regex.ts';
import { isGoLetterOrDigit } from './unicode.ts';

/** Literal text, or the number or name of a group. */
type Part = string | { readonly group: number | string };

/** A replacement text that has been read. */
export type Template = readonly Part[];

/** Above it, Go takes a number for a name. */
const LARGEST_NUMBER = 1e8;

export function hasVariable(text: string): boolean {
  return text.includes('$');
}

export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let literal = '';
  let rest = text;
  for (let at = rest.indexOf('$'); at >= 0; at = rest.indexOf('$')) {
    literal += rest.slice(0, at);
    rest = rest.slice(at + 1);
    const reference = rest.startsWith('$') ? undefined : referenceAt(rest);
    if (reference === undefined) {
      literal += '$';
      if (rest.startsWith('$')) rest = rest.slice(1);
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ group: reference.group });
    rest = rest.slice(reference.length);
  }
  literal += rest;
  if (literal !== '') parts.push(literal);
  return parts;
}

/** Groups that are not there, or took no part in the match, are empty. */
export function expand(template: Template, match: Match): string {
  let text = '';
  for (const part of template) text += typeof part === 'string' ? part : (match.group(part.group) ?? '');
  return text;
}

/** The group that a text after `$` begins with, and how long that is. */
function referenceAt(text: string): { readonly group: number | string; readonly length: number } | undefined {
  const open = text.startsWith('{') ? 1 : 0;
  let end = open;
  for (const character of text.slice(open)) {
    if (character !== '_' && !isGoLetterOrDigit(character)) break;
    end += character.length;
  }
  if (end === open || (open === 1 && text[end] !== '}')) return undefined;
  return { group: groupOf(text.slice(open, end)), length: end + open };
}

/** A number without leading zeros, or else a name. */
function groupOf(word: string): number | string {
  const isNumber = /^(?:0|[1-9][0-9]*)$/.test(word) && Number(word) < LARGEST_NUMBER * 10 && word.length <= 9;
  return isNumber ? Number(word) : word;
}
