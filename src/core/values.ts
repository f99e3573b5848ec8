import { parseDuration } from './duration.ts';
import type { Problem } from './problem.ts';
import { memo } from './memo.ts';
import { parseQuantity } from './quantity.ts';
import { checkStatsdMapping } from './statsd-mapping.ts';
import { hasControlCharacters, oneOf, quoted } from './text.ts';

/** The parsers of single values: what is allowed, and what a person reads when it is something else. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string; readonly hint?: string };

/** What is reported of a value that is not allowed. */
export function badValue(path: string, { message, hint }: Extract<Parsed<unknown>, { ok: false }>): Problem {
  return { code: 'bad-value', path, message, ...(hint === undefined ? {} : { hint }) };
}

/** Query parameters in the order asked, decoded. */
export type Params = readonly (readonly [name: string, value: string])[];

/** A port as Kubernetes' IntOrString: a number, or the name of a declared port. */
export type PortReference = number | string;

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const bad = (message: string, hint?: string): Parsed<never> =>
  hint === undefined ? { ok: false, message } : { ok: false, message, hint };

// A mapping is the one value that takes long to check: what an enemy can make of 256 KiB takes a second.
const LIMITS = { path: 1024, params: 1024, value: 65536, mapping: 32768 } as const;

/** Refuses absurd lengths before `parse` sees the text. */
export function limited<T>(parse: (text: string) => Parsed<T>, limit: number) {
  return (text: string): Parsed<T> =>
    text.length > limit
      ? bad(`is ${text.length} characters long, at most ${limit} are allowed`)
      : parse(text);
}

/** Refuses control characters too. */
function guarded<T>(
  parse: (text: string) => Parsed<T>,
  limit: number = LIMITS.value,
  shown: (text: string) => string = quoted,
) {
  return limited(
    (text) =>
      hasControlCharacters(text) ? bad(`${shown(text)} has a control character`, 'remove it') : parse(text),
    limit,
  );
}

/** One of a few words, any case. */
export function choice<const W extends string>(words: readonly W[]) {
  return guarded((text): Parsed<W> => {
    const word = words.find((candidate) => candidate === text.trim().toLowerCase());
    return word === undefined ? bad(`${quoted(text)} is not ${oneOf(words)}`) : ok(word);
  });
}

const SWITCH: Readonly<Record<string, boolean>> = {
  enabled: true,
  true: true,
  disabled: false,
  false: false,
};

/** `enabled`/`true`, `disabled`/`false`. */
export const parseSwitch = guarded((text): Parsed<boolean> => {
  const word = text.trim().toLowerCase();
  const value = Object.hasOwn(SWITCH, word) ? SWITCH[word] : undefined;
  return value === undefined ? bad(`${quoted(text)} is not enabled, true, disabled or false`) : ok(value);
});

/** `true` or `false`, any case. */
export const parseTrueFalse = guarded((text): Parsed<boolean> => {
  const word = text.trim().toLowerCase();
  return word === 'true' || word === 'false'
    ? ok(word === 'true')
    : bad(`${quoted(text)} is not true or false`);
});

/** Comma-separated names; blanks around them are dropped, repeated ones count once. */
export const parseNames = guarded((text): Parsed<readonly string[]> => {
  const names = [...new Set(text.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  return names.length === 0 ? bad('is empty', 'name a profile, such as http') : ok(names);
});

/** Any case in, lower case out. */
export const parseScheme = choice(['http', 'https']);

export const parsePath = guarded((text): Parsed<string> => {
  if (text === '') return bad('is empty', 'leave it out for /metrics');
  if (!text.startsWith('/'))
    return bad(`${quoted(text)} does not start with /`, `did you mean ${quoted(`/${text}`)}?`);
  if (text.includes('?')) return bad(`${quoted(text)} has a query`, 'put what follows the ? into params');
  if (!/^[\x21-\x7e]+$/.test(text))
    return bad(`${quoted(text)} has a blank or a character outside ASCII`, 'percent-encode it');
  return ok(text);
}, LIMITS.path);

/** IANA service name, as Kubernetes' port names are: ≤ 15 of `[a-z0-9-]`, a letter, no `--`, no dash at the ends. */
export function isPortName(text: string): boolean {
  return /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text);
}

/** ASCII digits only: `"08080"` is 8080; `80;`, `1e3`, `-1` and other scripts' digits are nothing. */
export function parsePortNumber(text: string): number | undefined {
  if (!/^[0-9]{1,9}$/.test(text)) return undefined;
  const number = Number(text);
  return number >= 1 && number <= 65535 ? number : undefined;
}

export const parsePort = guarded((text): Parsed<PortReference> => {
  const trimmed = text.trim();
  const number = parsePortNumber(trimmed);
  if (number !== undefined) return ok(number);
  if (/^[0-9]+$/.test(trimmed)) return bad(`${quoted(text)} is out of range`, 'ports are 1 to 65535');
  if (isPortName(trimmed)) return ok(trimmed);
  return bad(`${quoted(text)} is not a port`, 'use a number from 1 to 65535 or the name of a declared port');
});

export const parseParams = guarded((text): Parsed<Params> => {
  if (text.startsWith('?')) return bad(`${quoted(text)} starts with ?`, 'leave the ? out');
  const params: (readonly [string, string])[] = [];
  for (const part of text.split('&')) {
    const [rawName, ...rest] = part.split('=');
    const name = decode(rawName ?? '');
    const value = decode(rest.join('='));
    if (name === undefined || value === undefined)
      return bad(`${quoted(part)} is not percent-encoded correctly`);
    if (name === '') return bad(`${quoted(text)} is not a query string`, 'write it like format=prometheus');
    // Prometheus turns every other character of the annotation's name into _, which would rename the parameter.
    // The key `param_NAME` has at most 63 characters, and ends in a letter or digit.
    if (!/^[A-Za-z0-9_]{0,56}[A-Za-z0-9]$/.test(name)) {
      return bad(
        `${quoted(name)} cannot be carried by an annotation`,
        'use letters, digits and _, not _ at the end',
      );
    }
    if (params.some(([other]) => other === name))
      return bad(`${quoted(name)} is given twice`, 'an annotation carries one value');
    if (hasControlCharacters(value)) return bad(`${quoted(value)} has a control character`, 'remove it');
    params.push([name, value]);
  }
  return ok(params);
}, LIMITS.params);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** A Prometheus duration above zero, or `inherit`. */
export const parseInterval = guarded((text): Parsed<string> => {
  const word = text.trim();
  if (word === 'inherit') return ok(word);
  const milliseconds = parseDuration(word);
  if (milliseconds === undefined) {
    return bad(`${quoted(text)} is not a Prometheus duration`, 'write it like 15s, 1m30s or 500ms');
  }
  return milliseconds === 0 ? bad(`${quoted(text)} is no time at all`, 'write it like 15s') : ok(word);
});

/** A container's name: an RFC 1123 label. Whether the Pod has it is checked later. */
export const parseContainer = guarded((text): Parsed<string> => {
  const name = text.trim();
  return name === '' ? bad('is empty', 'name a container of the Pod') : ok(name);
});

/** A ConfigMap or Secret and one of its keys. */
export interface KeyReference {
  readonly name: string;
  readonly key: string;
}

/** Names of most objects, and prefixes of annotations and labels: DNS-1123 subdomains. */
export const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** What apimachinery's IsConfigMapKey allows. */
const DATA_KEY = /^(?!\.$|\.\.)[-._a-zA-Z0-9]{1,253}$/;

/**
 * What a message says in the place of a value that connects: quoted only where no password can be in it, since messages
 * come to more eyes than the value is for. A URI, a DSN and whatever has a name before an `@` may have one.
 */
export function shownConnection(text: string): string {
  return /@|=|:\/\//.test(text) ? 'the value' : quoted(text);
}

/** `NAME/KEY`, or `NAME` alone where there is a default key. */
export function parseKeyReference(defaultKey: string | undefined) {
  const parse = (text: string): Parsed<KeyReference> => {
    const [name = '', key = defaultKey, ...more] = text.trim().split('/');
    const form = defaultKey === undefined ? 'NAME/KEY' : 'NAME or NAME/KEY';
    // Whoever writes a DSN here in place of the Secret's name must not find it in every message.
    const shown = (part: string): string =>
      shownConnection(shownConnection(text) === quoted(text) ? part : text);
    if (key === undefined || more.length > 0) return bad(`${shown(text)} is not ${form}`);
    if (!OBJECT_NAME.test(name)) return bad(`${shown(name)} is not the name of an object`, `write ${form}`);
    if (!DATA_KEY.test(key)) return bad(`${shown(key)} is not a key of its data`, `write ${form}`);
    return ok({ name, key });
  };
  return guarded(parse, LIMITS.value, shownConnection);
}

/** What an exporter connects to; handed over in a variable or argument, never to a shell. */
export const parseAddress = guarded(
  (text): Parsed<string> => {
    const address = text.trim();
    const shown = shownConnection(text);
    if (address === '') return bad('is empty', 'write it like 127.0.0.1:6379');
    if (!/^[\x21-\x7e]+$/.test(address))
      return bad(`${shown} has a blank or a character outside ASCII`, 'percent-encode it');
    if (address.startsWith('-'))
      return bad(`${shown} begins with a dash, as a flag does`, 'write HOST:PORT or a URI');
    // Whoever writes $(VAR) means the variable's value, and the address is handed over as it is.
    if (address.includes('$('))
      return bad(`${shown} has $(, and no variable is expanded here`, 'write the value');
    return ok(address);
  },
  2048,
  shownConnection,
);

/** A quantity in its words, or `none`. Whether it is within the administrator's bounds is checked later. */
export const parseQuantityOrNone = guarded((text): Parsed<string> => {
  const word = text.trim();
  if (word === 'none') return ok(word);
  const value = parseQuantity(word);
  if (value === undefined) return bad(`${quoted(text)} is not a quantity`, 'write it like 50m, 64Mi or none');
  return value > 0 ? ok(word) : bad(`${quoted(text)} is nothing`, 'write none for no request or limit');
}, 64);

const LABEL_KEY =
  /^(?:[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/;

/** `key=value,...`, each a valid Kubernetes label. */
export const parseLabels = guarded((text): Parsed<Readonly<Record<string, string>>> => {
  const labels: [string, string][] = [];
  for (const part of text.split(',').map((piece) => piece.trim())) {
    if (part === '') continue;
    const [key = '', value, ...more] = part.split('=');
    if (value === undefined || more.length > 0) return bad(`${quoted(part)} is not KEY=VALUE`);
    if (!LABEL_KEY.test(key)) return bad(`${quoted(key)} is not a label key`);
    if (!LABEL_VALUE.test(value)) return bad(`${quoted(value)} is not a label value`);
    labels.push([key, value]);
  }
  return labels.length === 0
    ? bad('is empty', 'write it like release=prometheus')
    : ok(Object.fromEntries(labels));
});

const checkMapping = memo(checkStatsdMapping);

/** A statsd_exporter mapping, checked as the exporter would check it, so that a broken one never reaches a Pod. */
export function parseStatsdMapping(text: string): Parsed<string> {
  if (text.length > LIMITS.mapping) {
    const message = `is ${text.length} characters long, at most ${LIMITS.mapping} are allowed`;
    return bad(message, 'use statsd-mapping-configmap');
  }
  const [first, ...more] = checkMapping(text);
  if (first === undefined) return ok(text);
  return bad(first, more.length === 0 ? undefined : `and ${more.length} more`);
}
