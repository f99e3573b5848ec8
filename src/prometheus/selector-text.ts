import type { StringMap } from '../core/kubernetes.ts';
import { own } from '../core/pod.ts';
import { clip, quoted } from '../core/text.ts';

/** One requirement of a label selector as text. */
export interface LabelTerm {
  /** As it was written, without spaces around it. */
  readonly text: string;
  readonly key: string;
  readonly operator: 'exists' | '!' | 'in' | 'notin' | '>' | '<';
  readonly values: readonly string[];
}

/** One requirement of a field selector as text. */
export interface FieldTerm {
  readonly text: string;
  readonly field: string;
  readonly isEqual: boolean;
  readonly value: string;
}

/** What is wrong with a selector; the message goes behind its text. */
export interface SelectorFault {
  readonly fault: string;
}

/** A label selector as `kubectl get -l` takes it (apimachinery, `labels.Parse`). */
export function parseLabelSelector(text: string): readonly LabelTerm[] | SelectorFault {
  try {
    return new LabelParser(text).parse();
  } catch (error) {
    if (error instanceof SelectorError) return { fault: error.message };
    throw error;
  }
}

/** A field selector as `kubectl get --field-selector` takes it (apimachinery, `fields.ParseSelector`). */
export function parseFieldSelector(text: string): readonly FieldTerm[] | SelectorFault {
  const terms: FieldTerm[] = [];
  // A comma behind a backslash is one of the value; text behind the last comma counts, be it empty.
  for (const [part] of text.matchAll(/(?:\\[^]|[^\\,]|\\$)+/g)) {
    const [, field, sign, written = ''] = /^(.*?)(!=|==|=)([^]*)$/s.exec(part) ?? [];
    if (field === undefined)
      return { fault: `${quoted(clip(part, 60))} is no requirement; write field=value or field!=value` };
    if (!/^(?:[^\\,=]|\\[\\,=])*$/.test(written))
      return { fault: `the value ${quoted(clip(written, 60))} has a bare = or \\; write \\= or \\\\` };
    const value = written.replace(/\\([\\,=])/g, '$1');
    terms.push({ text: part, field, isEqual: sign !== '!=', value });
  }
  return terms;
}

/** Whether a Pod's labels meet a requirement (apimachinery, `Requirement.Matches`). */
export function meets({ key, operator, values }: LabelTerm, labels: StringMap | null | undefined): boolean {
  const value = own(labels, key);
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
    case '<': {
      const [one, other] = [integer(value), integer(values[0])];
      if (one === undefined || other === undefined) return false;
      return operator === '>' ? one > other : one < other;
    }
  }
}

/** Go's strconv.ParseInt of 64 bits. */
function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?[0-9]+$/.test(text)) return undefined;
  const number = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, number) === number ? number : undefined;
}

class SelectorError extends Error {}

type Token = 'word' | 'end' | '!' | '==' | '=' | '!=' | '>' | '<' | '(' | ')' | ',' | 'in' | 'notin' | 'none';

interface Item {
  readonly token: Token;
  readonly text: string;
  /** Where it begins and ends. */
  readonly from: number;
  readonly to: number;
}

const SIGNS = ['==', '!=', '!', '=', '>', '<', '(', ')', ','] as const;
const KEY =
  /^(?:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)\/)?([A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?)$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)?$/;

/** The library's own parser, so that what it takes by the way is taken here too. */
class LabelParser {
  readonly #text: string;
  readonly #items: readonly Item[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#items = itemsOf(text);
  }

  parse(): readonly LabelTerm[] {
    const terms: LabelTerm[] = [];
    if (this.#ahead(true).token === 'end') return terms;
    for (;;) {
      terms.push(this.#requirement());
      const { token, text } = this.#take(true);
      if (token === 'end') return terms;
      if (token !== ',') throw unexpected(text, 'a comma or the end');
    }
  }

  #requirement(): LabelTerm {
    const first = this.#take(true);
    const isNot = first.token === '!';
    const { token, text: key } = isNot ? this.#take(true) : first;
    if (token !== 'word') throw unexpected(key, 'the name of a label');
    checkKey(key);
    const { token: ahead } = this.#ahead(true);
    const isAlone = ahead === 'end' || ahead === ',';
    if (isAlone || isNot) return this.#term(first, key, isNot ? '!' : 'exists', []);
    const operator = this.#take(false);
    switch (operator.token) {
      case 'in':
      case 'notin':
        return this.#term(first, key, operator.token, this.#list());
      case '=':
      case '==':
        return this.#term(first, key, 'in', [this.#value()]);
      case '!=':
        return this.#term(first, key, 'notin', [this.#value()]);
      case '>':
      case '<': {
        const value = this.#value();
        if (integer(value) === undefined)
          throw new SelectorError(
            `${operator.token} compares with a whole number, not with ${quoted(value)}`,
          );
        return this.#term(first, key, operator.token, [value]);
      }
      default:
        throw unexpected(operator.text, 'in, notin, =, ==, !=, > or <');
    }
  }

  #term({ from }: Item, key: string, operator: LabelTerm['operator'], values: readonly string[]): LabelTerm {
    for (const value of values) {
      if (!VALUE.test(value)) throw new SelectorError(`${quoted(clip(value, 70))} is no value of a label`);
    }
    const text = this.#text.slice(from, this.#items[this.#next - 1]?.to);
    return { text, key, operator, values };
  }

  /** Nothing is the empty value. */
  #value(): string {
    const { token } = this.#ahead(true);
    if (token === 'end' || token === ',') return '';
    const { token: taken, text } = this.#take(true);
    if (taken !== 'word') throw unexpected(text, 'a value');
    return text;
  }

  #list(): readonly string[] {
    const open = this.#take(true);
    if (open.token !== '(') throw unexpected(open.text, '(');
    const values = new Set<string>();
    let isOpen = true;
    for (let last: Token = ','; isOpen;) {
      const { token, text } = this.#take(true);
      if (token === 'word' && last === ',') values.add(text);
      else if (token === ',' || token === ')') {
        if (last === ',') values.add('');
        isOpen = token === ',';
      } else throw unexpected(text, last === ',' ? 'a value or )' : 'a comma or )');
      last = token;
    }
    return [...values];
  }

  #ahead(isValue: boolean): Item {
    const item = this.#items[this.#next] ?? { token: 'end', text: '', from: 0, to: 0 };
    // In and notin are values and names as well.
    return isValue && (item.token === 'in' || item.token === 'notin') ? { ...item, token: 'word' } : item;
  }

  #take(isValue: boolean): Item {
    const item = this.#ahead(isValue);
    this.#next += 1;
    return item;
  }
}

function itemsOf(text: string): readonly Item[] {
  return [...text.matchAll(/[^ \t\r\n=!(),<>]+|[=!(),<>]+/g)].flatMap(
    ({ 0: part, index }): readonly Item[] => {
      if (!/^[=!(),<>]/.test(part)) {
        const token = part === 'in' || part === 'notin' ? part : 'word';
        return [{ token, text: part, from: index, to: index + part.length }];
      }
      const items: Item[] = [];
      for (let at = 0; at < part.length;) {
        const sign = SIGNS.find((one) => part.startsWith(one, at)) ?? '=';
        items.push({ token: sign, text: sign, from: index + at, to: index + at + sign.length });
        at += sign.length;
      }
      return items;
    },
  );
}

function unexpected(found: string, wanted: string): SelectorError {
  const what = found === '' ? 'it ends' : `there is ${quoted(clip(found, 40))}`;
  return new SelectorError(`${what} where ${wanted} is to be`);
}

function checkKey(key: string): void {
  const [, prefix = '', name] = KEY.exec(key) ?? [];
  if (name === undefined || name.length > 63 || prefix.length > 253)
    throw new SelectorError(`${quoted(clip(key, 70))} is no name of a label`);
}
