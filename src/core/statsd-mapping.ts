import {
  Reading,
  UNREADABLE,
  choice,
  count,
  duration,
  flag,
  labels,
  listOf,
  number,
} from './go-yaml-decode.ts';
import { onlyNull, record as struct, text, unknownKey } from './go-yaml-decode.ts';
import type { Fields, Type } from './go-yaml-decode.ts';
import { regexChecker } from './statsd-mapping-regex.ts';
import { readMappingYaml } from './statsd-mapping-yaml.ts';
import { clip, quoted, withoutControlCharacters } from './text.ts';

/** An annotation cannot be longer either. */
const MOST_BYTES = 256 * 1024;
/** Of each message, so that it fits a kubectl warning together with the annotation's name. */
const MESSAGE_LENGTH = 90;
const MOST_MESSAGES = 20;

const OBSERVERS = ['histogram', 'summary'];
const METRIC_TYPES = ['counter', 'gauge', 'observer'];

/** Keys that statsd_exporter 0.31 took away, and where their values go now. */
const FORMER_KEYS: ReadonlyMap<string, string> = new Map([
  ['timer_type', 'observer_type'],
  ['buckets', 'histogram_options: {buckets}'],
  ['quantiles', 'summary_options: {quantiles}'],
]);

function record(types: Readonly<Record<string, Type>>, hidden: readonly string[] = []): Type {
  return struct(types, hidden, (key, known) => {
    const former = FORMER_KEYS.get(key);
    return former === undefined ? unknownKey(key, known) : `no key any more; write ${former}`;
  });
}

const observerType = choice(OBSERVERS, 'summary');
const matchType = choice(['glob', 'regex'], 'glob');
const summaryOptions = record({
  quantiles: listOf(record({ quantile: number, error: number })),
  max_age: duration,
  age_buckets: count,
  buf_cap: count,
});
const histogramOptions = record({
  buckets: listOf(number),
  native_histogram_bucket_factor: number,
  native_histogram_max_buckets: count,
});
const mapping = record({
  match: text,
  match_type: matchType,
  match_metric_type: choice(METRIC_TYPES),
  name: text,
  labels,
  help: text,
  action: choice(['map', 'drop'], 'map'),
  observer_type: observerType,
  summary_options: summaryOptions,
  histogram_options: histogramOptions,
  ttl: duration,
  scale: number,
  honor_labels: flag,
});
const defaults = record({
  observer_type: observerType,
  match_type: matchType,
  glob_disable_ordering: flag,
  ttl: duration,
  summary_options: summaryOptions,
  histogram_options: histogramOptions,
});
/** The exporter reads the file into its own working state, whose other fields are keys too. */
const internal = {
  fsm: record({ backtrackingneeded: flag, orderingdisabled: flag }),
  logger: record({}),
  registerer: onlyNull,
  mappingscount: onlyNull,
};
const configuration = record({ defaults, mappings: listOf(mapping), ...internal }, Object.keys(internal));

/**
 * What statsd_exporter 0.31 would refuse of a mapping configuration with `--check-config`: its YAML, its keys and
 * types, then the rules of its pkg/mapper. Empty when it starts with it. Each message is at most 90 characters, names
 * the place and what to do; at most 20 of them and one that counts the rest. Never an exception, and bounded work: at
 * most 256 KiB, limits for nesting, aliases and regular expressions (there it refuses what the exporter might take).
 */
export function checkStatsdMapping(yaml: string): readonly string[] {
  if (yaml.length > MOST_BYTES)
    return [`is ${yaml.length} characters long, at most ${MOST_BYTES} are allowed`];
  const root = readMappingYaml(yaml);
  const messages: string[] = [];
  let untold = 0;
  const report = (place: string, what: string): void => {
    const message = clip(withoutControlCharacters(place === '' ? what : `${place}: ${what}`), MESSAGE_LENGTH);
    if (messages.length < MOST_MESSAGES) messages.push(message);
    else untold++;
  };
  if (typeof root === 'string') {
    report('', root);
    return messages;
  }
  const config = new Reading(report).read(configuration, root, '');
  if (config instanceof Map) checkMappings(config as Fields, report);
  return untold === 0 ? messages : [...messages, `${untold} more`];
}

type Report = (place: string, what: string) => void;

function checkMappings(config: Fields, report: Report): void {
  const mappings = config.get('mappings');
  if (!Array.isArray(mappings)) return;
  const found = config.get('defaults');
  const layer = found instanceof Map ? (found as Fields) : new Map<string, unknown>();
  const regexFault = regexChecker();
  for (const [index, entry] of (mappings as readonly unknown[]).entries()) {
    if (entry === UNREADABLE) continue;
    const fields = entry instanceof Map ? (entry as Fields) : new Map<string, unknown>();
    const place = `mappings[${index}]`;
    checkLabels(fields.get('labels'), `${place}.labels`, report);
    checkName(fields.get('name'), `${place}.name`, report);
    checkMatch(fields, layer, place, regexFault, report);
    checkObserver(fields, layer, place, report);
  }
}

/** The exporter's rule, which asks for two characters. */
function checkLabels(value: unknown, place: string, report: Report): void {
  if (!(value instanceof Map)) return;
  for (const key of (value as Fields).keys()) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]+$/.test(key))
      report(place, `${quoted(key)} is no label name; use two or more of a-z, 0-9 and _`);
  }
}

/** A Prometheus name in which `$1` or `${1}` stands for what was captured. */
function checkName(value: unknown, place: string, report: Report): void {
  if (value === undefined || value === '') return report(place, 'is not set; name the metric');
  if (typeof value !== 'string') return;
  // Written so that no text matches in two ways: digits behind `$1` are plain characters unless a brace closes them.
  if (!/^(?![0-9])(?:[a-zA-Z0-9_]|\$\{?[0-9](?:[0-9]*\})?)+$/.test(value))
    report(place, `${quoted(value)} is no metric name; use letters, digits, _ and $1`);
}

/** The field's value, else that of the defaults, else `otherwise`; UNREADABLE when what counts is. */
function effective(fields: Fields, layer: Fields, key: string, otherwise: string): unknown {
  return fields.get(key) || layer.get(key) || otherwise;
}

function checkMatch(
  fields: Fields,
  layer: Fields,
  place: string,
  regexFault: (pattern: string) => string | undefined,
  report: Report,
): void {
  const type = effective(fields, layer, 'match_type', 'glob');
  const match = fields.get('match') ?? '';
  if (type === UNREADABLE || typeof match !== 'string') return;
  if (type !== 'glob') {
    const fault = regexFault(match);
    if (fault !== undefined) report(`${place}.match`, fault);
    return;
  }
  if (!isGlob(match)) {
    const what = match === '' ? 'is not set' : `${quoted(match)} is no glob`;
    report(`${place}.match`, `${what}; write a.*.b, or set match_type: regex`);
  }
  const metricType = fields.get('match_metric_type');
  // A quoted "null": the exporter takes it for a type and crashes.
  if (typeof metricType === 'string' && metricType !== '' && !METRIC_TYPES.includes(metricType))
    report(`${place}.match_metric_type`, `${quoted(metricType)} is no type; leave it out`);
}

/** Dot-separated segments, each `*` or letters, digits, `_` and `-`; the first starts with no digit. */
function isGlob(match: string): boolean {
  return match
    .split('.')
    .every((part, index) => part === '*' || (index === 0 ? /^[a-zA-Z_][\w-]*$/ : /^\w[\w-]*$/).test(part));
}

function checkObserver(fields: Fields, layer: Fields, place: string, report: Report): void {
  const type = effective(fields, layer, 'observer_type', '');
  const other =
    type === 'histogram' ? 'summary_options' : type === 'summary' ? 'histogram_options' : undefined;
  if (other !== undefined && fields.get(other) instanceof Map)
    report(`${place}.${other}`, `the observer_type is ${String(type)}; leave ${other} out`);
}
