import { parse as parseYaml } from 'yaml';
import { ANNOTATIONS } from './annotations.ts';
import { memo } from './memo.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from './problem.ts';
import { clip, hasControlCharacters, oneOf, quoted, withoutControlCharacters } from './text.ts';
import type { Params, PortReference } from './values.ts';
import { badValue } from './values.ts';

/** One target as asked for; what is undefined comes from the defaults, what is `bad` has been reported. */
export interface TargetRequest {
  /** Where problems of this target are said to be: the annotation prefix's key, or `P/targets[2]`. */
  readonly place: (attribute: TargetAttribute) => string;
  readonly container?: string;
  readonly port?: PortReference;
  readonly scheme?: 'http' | 'https';
  readonly path?: string;
  readonly params?: Params;
  readonly interval?: string;
  readonly timeout?: string;
  /** Something comes from the owner's `prometheus.io/*`, so that this is the target that those describe. */
  readonly describedByOwner?: boolean;
  /** Attributes with a bad value, so that no default is told about them. */
  readonly bad: ReadonlySet<TargetAttribute>;
}

export const TARGET_ATTRIBUTES = [
  'container',
  'port',
  'path',
  'scheme',
  'params',
  'interval',
  'timeout',
] as const;
export type TargetAttribute = (typeof TARGET_ATTRIBUTES)[number];

/** Far above what one Pod serves; keeps a hostile list from becoming a hostile patch. */
const MOST_TARGETS = 64;

/** Reads `P/targets`. Every problem of every entry is added to `problems`, each with its place. */
export function readTargetList(text: string, key: string, problems: Problem[]): readonly TargetRequest[] {
  const list = parsed(text);
  if (typeof list === 'string') {
    problems.push({
      code: 'bad-value',
      path: key,
      message: list,
      hint: 'write [{container: web, port: 8080}]',
    });
    return [];
  }
  return list.map((entry, index) => readEntry(entry, `${key}[${index}]`, problems));
}

/** A policy's conventions read the request again, and a Deployment's Pods all bring the same list. */
const parsed = memo(parseList);

function parseList(text: string): readonly unknown[] | string {
  let list: unknown;
  try {
    // JSON is a thousand times faster than YAML and covers what tools write.
    list =
      /^\s*\[/.test(text) && isJson(text)
        ? JSON.parse(text)
        : parseYaml(text, { maxAliasCount: 0, logLevel: 'error' });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : '';
    if (/call stack/i.test(reason)) return 'is nested too deeply';
    return `is not YAML: ${clip(withoutControlCharacters(reason), 36)}`;
  }
  if (!Array.isArray(list)) return 'is not a list';
  if (list.length === 0) return 'is an empty list';
  if (list.length > MOST_TARGETS) return `has ${list.length} targets, at most ${MOST_TARGETS} are allowed`;
  return list as readonly unknown[];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readEntry(entry: unknown, place: string, problems: Problem[]): TargetRequest {
  const bad = new Set<TargetAttribute>();
  const values: Record<string, unknown> = {};
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push({
      code: 'bad-value',
      path: place,
      message: 'is not a mapping',
      hint: 'write {container: web, port: 8080}',
    });
    return { place: () => place, bad: new Set(TARGET_ATTRIBUTES) };
  }
  for (const [name, value] of Object.entries(entry)) {
    const attribute = TARGET_ATTRIBUTES.find((candidate) => candidate === name);
    if (attribute === undefined) {
      const hint = didYouMean(name, TARGET_ATTRIBUTES);
      const known = hint.hint === undefined ? { hint: `known are ${oneOf(TARGET_ATTRIBUTES)}` } : hint;
      problems.push({
        code: 'unknown-key',
        path: `${place}.${word(name)}`,
        message: 'unknown key, ignored',
        ...known,
      });
      continue;
    }
    if (value === null || value === undefined) continue;
    const parsed = readValue(attribute, value);
    if (parsed.ok) {
      values[attribute] = parsed.value;
    } else {
      bad.add(attribute);
      problems.push(badValue(`${place}.${attribute}`, parsed));
    }
  }
  return { ...values, place: (attribute) => `${place}.${attribute}`, bad };
}

/** Numbers are text to the parsers, so that `8080` and `"8080"` are the same port. */
function readValue(attribute: TargetAttribute, value: unknown) {
  if (typeof value !== 'string' && typeof value !== 'number') {
    return {
      ok: false as const,
      message: 'is not a string or a number',
      hint: `allowed: ${ANNOTATIONS[attribute].allowed}`,
    };
  }
  return ANNOTATIONS[attribute].parse(String(value));
}

function word(name: string): string {
  return hasControlCharacters(name) || name.length > 32 ? quoted(name) : name;
}
