import { RE2JS, RE2JSSyntaxException } from 're2js';

import { quoted } from '../core/text.ts';
import type { Re2jsText } from './regex-text.ts';
import { re2jsText } from './regex-text.ts';
import type { Template } from './template.ts';
import { expand } from './template.ts';

/** Where and how a regular expression matched. */
export interface Match {
  /** A group's text; undefined where it took no part, or is not there. */
  group(group: number | string): string | undefined;
}

/** A compiled regular expression of a rule, anchored as Prometheus anchors it. */
export interface Regex {
  matches(text: string): boolean;
  find(text: string): Match | undefined;
  /** As Go's ReplaceAllString; without a match the text as it is. */
  replaceAll(text: string, template: Template): string;
}

/** The cache's most entries: rules repeat a few expressions, in every job. */
const MOST_CACHED = 500;

type Compiled = { readonly regex: Regex } | { readonly fault: string };

const cache = new Map<string, Compiled>();

/**
 * Compiles the text of a rule's `regex` (RE2). Prometheus wraps it in `^(?s:…)$`, which a text with parentheses of its
 * own can leave; so it does here. Characters newer than Go's Unicode (15.0) belong to the classes that re2js' tables
 * say.
 */
export function compileRegex(text: string): Compiled {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const compiled = compile(text);
  if (cache.size >= MOST_CACHED) cache.clear();
  cache.set(text, compiled);
  return compiled;
}

/**
 * Why a text cannot be made a part of another regular expression: alone, or within a group, it is none, as `a)|(b` and
 * `\Qa` are.
 */
export function partFault(text: string): string | undefined {
  const spelt = re2jsText(text);
  if ('unknown' in spelt) return unknownClass(text, spelt.unknown);
  try {
    for (const whole of [spelt.text, `(${spelt.text})`]) RE2JS.compile(whole);
    return undefined;
  } catch (error) {
    return faultOf(text, error);
  }
}

function compile(text: string): Compiled {
  const spelt = re2jsText(text);
  if ('unknown' in spelt) return { fault: unknownClass(text, spelt.unknown) };
  try {
    return { regex: regexOf(RE2JS.compile(`^(?s:${spelt.text})$`), spelt.names) };
  } catch (error) {
    return { fault: faultOf(text, error) };
  }
}

function unknownClass(text: string, name: string): string {
  return fault(text, `Prometheus knows no class ${quoted(name)}`, 'name a category or a script');
}

function faultOf(text: string, error: unknown): string {
  if (!(error instanceof RE2JSSyntaxException)) return fault(text, 'it is too large', 'make it shorter');
  const description = error.getDescription();
  const place = error.getPattern();
  // Where the place is the whole expression, it is the one that Prometheus has wrapped.
  const what =
    place === null || place === '' || place.length > text.length
      ? description
      : `${description}: ${quoted(place)}`;
  return fault(text, what, REMEDIES[description] ?? 'see the syntax of RE2');
}

function fault(text: string, what: string, remedy: string): string {
  return `${quoted(text)} is no regular expression of RE2: ${what}; ${remedy}`;
}

/** What to do, by re2js' words, which are Go's. */
const REMEDIES: Readonly<Record<string, string>> = {
  'invalid or unsupported Perl syntax':
    'RE2 has no lookaround; match what is to be there, or use the action drop',
  'invalid escape sequence': 'RE2 has no back references, and a backslash is \\\\',
  'trailing backslash at end of expression': 'a backslash is \\\\',
  'missing closing )': 'close it, or write \\( for the character',
  'unexpected )': 'remove it, or write \\) for the character',
  'missing closing ]': 'close it, or write \\[ for the character',
  'missing argument to repetition operator': 'put what is repeated before it, as in .*',
  'invalid nested repetition operator': 'repeat once, or use a group: (?:a*)*',
  'invalid repeat count': 'from small to large, and at most 1000 in all',
  'invalid named capture': 'write (?P<name>…), with letters, digits and _',
  'invalid character class range':
    'a range goes from small to large; a class is as in [[:alpha:]] or \\p{Greek}',
  'expression too large': 'make it shorter',
  'expression nests too deeply': 'use fewer groups',
};

function regexOf(compiled: RE2JS, names: Re2jsText['names']): Regex {
  const re2 = compiled.re2();
  const numbers = compiled.namedGroups();
  const groups = 1 + compiled.groupCount();
  const match = (text: string, from: number): readonly number[] | undefined => {
    const [found, places] = re2.matchWithGroup(text, from, text.length, 0, groups) as [
      boolean,
      number[] | null,
    ];
    return found && places !== null ? places : undefined;
  };
  const matchOf = (text: string, places: readonly number[]): Match => {
    const groupAt = (number: number): string | undefined => {
      const start = places[2 * number] ?? -1;
      return start < 0 ? undefined : text.slice(start, places[2 * number + 1]);
    };
    return {
      group(group) {
        if (typeof group === 'number') return groupAt(group);
        // Of groups with the same name, the first that took part.
        return names
          .get(group)
          ?.map((name) => groupAt(numbers[name] ?? -1))
          .find((found) => found !== undefined);
      },
    };
  };
  return {
    matches: (text) => re2.match(text),
    find(text) {
      const places = match(text, 0);
      return places && matchOf(text, places);
    },
    replaceAll(text, template) {
      let done = '';
      let last = 0;
      for (let from = 0; from <= text.length;) {
        const places = match(text, from);
        if (places === undefined) break;
        const [start = 0, end = 0] = places;
        done += text.slice(last, start);
        // An empty match right after another is none.
        if (end > last || start === 0) done += expand(template, matchOf(text, places));
        last = end;
        // On by one character at least.
        const width = (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
        from = Math.max(end, from + width);
      }
      return done + text.slice(last);
    },
  };
}
