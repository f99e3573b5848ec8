import { didYouMean } from '../core/problem.ts';
import type { Parsed } from '../core/values.ts';
import type { Entry } from './data.ts';
import { entriesOf, repeated, textsOf } from './data.ts';
import type { Finding } from './finding.ts';
import { shown, wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

/** What is replaced in arguments and variables; `${NAME}` and `{{name}}` are others' and left alone. */
const PLACEHOLDER = /(?<![{$])\{([A-Za-z][-A-Za-z0-9_]*)\}(?!\})/g;

/** What may stand in a text, and why a placeholder may not, where there is more to say than that it is unknown. */
export interface Placeholders {
  readonly known: readonly string[];
  readonly because?: Readonly<Record<string, string>>;
}

/** That every placeholder of a text is one. */
export function placeholders(text: string, path: Path, { known, because = {} }: Placeholders): Finding[] {
  const used = new Set([...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name));
  return [...used].flatMap((name): Finding[] => {
    const reason = Object.hasOwn(because, name) ? because[name] : undefined;
    if (reason !== undefined) return [wrongValue(path, `{${name}} ${reason}`)];
    if (known.includes(name)) return [];
    const list = known.map((word) => `{${word}}`);
    const { hint } = didYouMean(`{${name}}`, list);
    return [wrongValue(path, `unknown placeholder {${name}}; known here are ${list.join(', ')}`, hint)];
  });
}

/** Arguments; one that begins with what a Pod says could be any flag. */
export function args(list: unknown, path: Path, allowed: Placeholders): Finding[] {
  return textsOf(list, path).flatMap(({ text, path: place }) => {
    const found = placeholders(text, place, allowed);
    if (!/^-*\{address\}/.test(text) || found.length > 0) return found;
    const message = 'begins with {address}, so that a Pod could choose a flag';
    return [wrongValue(place, message, 'put it behind one, such as --address={address}')];
  });
}

/** Variables: names that there can be, each once, and none of those that are taken. */
export function variables(
  list: unknown,
  path: Path,
  one: (entry: Entry) => Finding[],
  taken: readonly string[] = [],
): Finding[] {
  const rows = entriesOf(list, path);
  const again = new Set(repeated(rows, ({ data }) => String(data['name'])));
  return rows.flatMap((row) => {
    const { name } = row.data;
    const place = [...row.path, 'name'];
    if (typeof name !== 'string') return one(row);
    const message = !/^[A-Za-z_][-._A-Za-z0-9]*$/.test(name)
      ? `${shown(name)} is no name of a variable: letters, digits, _, - and ., a letter or _ first`
      : again.has(row)
        ? `${shown(name)} is there twice`
        : taken.includes(name)
          ? `${shown(name)} is set already, in env or by podscrape`
          : undefined;
    return [...(message === undefined ? [] : [wrongValue(place, message)]), ...one(row)];
  });
}

/** The names of a list of variables. */
export function namesOf(list: unknown): readonly string[] {
  return entriesOf(list, []).flatMap(({ data: { name } }) => (typeof name === 'string' ? [name] : []));
}

/** What the engine would say of a text as the value of an annotation. */
export function parsed(parse: (text: string) => Parsed<unknown>, value: unknown, path: Path): Finding[] {
  if (typeof value !== 'string') return [];
  const result = parse(value);
  return result.ok ? [] : [wrongValue(path, result.message, result.hint)];
}
