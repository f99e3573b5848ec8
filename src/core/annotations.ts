import type { Parsed } from './values.ts';
import {
  choice,
  limited,
  parseContainer,
  parseInterval,
  parseNames,
  parseParams,
  parsePath,
  parsePort,
  parseScheme,
  parseSwitch,
} from './values.ts';

/** One key that people may set, as an annotation or as a label. */
export interface AnnotationRow<T> {
  readonly summary: string;
  /** The allowed values, in words. */
  readonly allowed: string;
  readonly default: string;
  readonly parse: (text: string) => Parsed<T>;
}

const row = <T>(
  summary: string,
  allowed: string,
  defaultValue: string,
  parse: (text: string) => Parsed<T>,
): AnnotationRow<T> => ({ summary, allowed, default: defaultValue, parse });

/** The list is parsed where its places can be named (`target-list.ts`); it is kept short because YAML is slow. */
const TARGETS_LIMIT = 16_384;
const rawTargets = limited((text): Parsed<string> => ({ ok: true, value: text }), TARGETS_LIMIT);

/**
 * The one table of keys under the annotation prefix. Parsing, the hints for misspelt keys and the documentation
 * derive from it; a new key is a row.
 */
export const ANNOTATIONS = {
  inject: row(
    'Whether podscrape may touch the Pod.',
    'enabled, true, disabled or false',
    'none',
    parseSwitch,
  ),
  profile: row(
    'What the application is.',
    'profile names, comma-separated',
    'http when any other attribute is set',
    parseNames,
  ),
  scheme: row('How to scrape the application.', 'http or https', 'http', parseScheme),
  path: row(
    'Where the application serves metrics.',
    'absolute path, printable ASCII, at most 1024',
    '/metrics',
    parsePath,
  ),
  port: row(
    'The port that serves metrics.',
    'a number from 1 to 65535 or the name of a declared port',
    'a declared port named metrics or *-metrics, else the profile’s, else 8080',
    parsePort,
  ),
  params: row(
    'Query parameters of the scrape.',
    'a query string, such as format=prometheus',
    'none',
    parseParams,
  ),
  interval: row('How often to scrape.', 'a Prometheus duration or inherit', '15s', parseInterval),
  timeout: row(
    'When to give up a scrape.',
    'a Prometheus duration, at most the interval, or inherit',
    '5s',
    parseInterval,
  ),
  container: row(
    'The container that the attributes describe.',
    'the name of a container',
    'the one that declares the port, else kubectl’s default container, else the first application container',
    parseContainer,
  ),
  targets: row(
    'Several targets.',
    'a YAML or JSON list of {container, port, path, scheme, params, interval, timeout}',
    'none',
    rawTargets,
  ),
  'native-sidecar': row(
    'Whether the exporter is a native sidecar (an init container that keeps running).',
    'auto, true or false',
    'auto: only where the Pod is to end',
    choice(['auto', 'true', 'false']),
  ),
  'app-env': row(
    'Whether podscrape may set the application’s variables.',
    'auto or off',
    'auto',
    choice(['auto', 'off']),
  ),
} as const;

export type AnnotationName = keyof typeof ANNOTATIONS;
export const ANNOTATION_NAMES = Object.keys(ANNOTATIONS) as readonly AnnotationName[];

/** The parsed type of a key's value. */
export type ValueOf<N extends AnnotationName> =
  (typeof ANNOTATIONS)[N] extends AnnotationRow<infer T> ? T : never;

/** Keys under the prefix that podscrape writes itself; never a request. */
export function isWrittenByPodscrape(name: string): boolean {
  return name === 'status' || name === 'hoisted' || name === 'mapping' || name.startsWith('mapping-');
}

/** `inject` says who is in; the others ask for something. */
export function isAttribute(name: AnnotationName): boolean {
  return name !== 'inject';
}
