import type { Labels } from './labels.ts';
import { compareNames } from './labels.ts';

/** Which ASCII characters Go's net/url leaves as they are; all else is written as `%XX`, byte by byte. */
const PLAIN = {
  host: /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/,
  path: /[A-Za-z0-9\-_.~$&+,/:;=@]/,
  query: /[A-Za-z0-9\-_.~]/,
} as const;

/**
 * The URL that a target is scraped at, in Go's spelling (prometheus/prometheus `scrape/target.go`, Target.URL; Go
 * `net/url`, URL.String). The label of a parameter is its first value.
 */
export function targetUrl(labels: Labels, params: Readonly<Record<string, readonly string[]>>): string {
  const host = labels.get('__address__') ?? '';
  const path = labels.get('__metrics_path__') ?? '';
  const scheme = labels.get('__scheme__');
  const query = encodedParams(labels, params);
  return [
    scheme === undefined ? '//' : `${scheme}://`,
    escaped(host, PLAIN.host),
    path === '' || path.startsWith('/') ? '' : '/',
    path === '*' ? path : escaped(path, PLAIN.path),
    query === '' ? '' : `?${query}`,
  ].join('');
}

/** Sorted by name, each name's values in their order. */
function encodedParams(labels: Labels, params: Readonly<Record<string, readonly string[]>>): string {
  const values = new Map<string, readonly string[]>(Object.entries(params));
  for (const [label, value] of labels) {
    if (!label.startsWith('__param_')) continue;
    const name = label.slice('__param_'.length);
    values.set(name, [value, ...(values.get(name) ?? []).slice(1)]);
  }
  return [...values]
    .sort(([one], [other]) => compareNames(one, other))
    .flatMap(([name, all]) => all.map((value) => `${queryPart(name)}=${queryPart(value)}`))
    .join('&');
}

function queryPart(text: string): string {
  return escaped(text, PLAIN.query).replaceAll('%20', '+');
}

function escaped(text: string, plain: RegExp): string {
  let result = '';
  for (const byte of new TextEncoder().encode(text)) {
    const letter = String.fromCharCode(byte);
    result += plain.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return result;
}
