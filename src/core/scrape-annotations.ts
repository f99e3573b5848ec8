import type { CommunityValue } from './community.ts';
import { COMMUNITY_PREFIX, communityParams, communityValue } from './community.ts';
import type { Target } from './decision.ts';
import type { Pod } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import { quoted } from './text.ts';
import { parsePortNumber } from './values.ts';

export interface Annotated {
  readonly pod: Pod;
  /** Keys written just now. */
  readonly added: readonly string[];
  /** Keys that stand there now, written or found. */
  readonly present: readonly string[];
}

/**
 * Writes `prometheus.io/scrape|scheme|path|port|param_*` for the targets. What the owner set is never changed; a
 * conflict is a warning. One exception: a spelling that no scraper reads is made readable, and a warning says so.
 */
export function annotate(
  pod: Pod,
  targets: readonly Target[],
  primary: Target | undefined,
  problems: Problem[],
): Annotated {
  const before = pod.metadata?.annotations ?? {};
  const after: Record<string, string> = { ...before };
  const added: string[] = [];
  const wanted = wantedAnnotations(targets, primary);
  for (const [name, value] of wanted) {
    const current = communityValue(before, name);
    if (current === undefined) {
      after[`${COMMUNITY_PREFIX}/${name}`] = value;
      added.push(`${COMMUNITY_PREFIX}/${name}`);
      continue;
    }
    if (settle(name, value, current, after, problems)) added.push(`${COMMUNITY_PREFIX}/${name}`);
  }
  for (const [name, { key }] of communityParams(before)) {
    if (wanted.has(`param_${name}`) || primary === undefined) continue;
    conflict(key, 'stays', 'the request has no such parameter', problems);
  }
  const present = [...wanted]
    .map(([name]) => `${COMMUNITY_PREFIX}/${name}`)
    .filter((key) => Object.hasOwn(after, key));
  const changed = !sameStrings(before, after);
  return {
    pod: changed ? { ...pod, metadata: { ...pod.metadata, annotations: after } } : pod,
    added,
    present,
  };
}

function sameStrings(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(b);
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key]);
}

/** What the annotations should say. With several targets and no primary one, only what holds for all of them. */
function wantedAnnotations(
  targets: readonly Target[],
  primary: Target | undefined,
): ReadonlyMap<string, string> {
  const wanted = new Map<string, string>([['scrape', 'true']]);
  const [first] = targets;
  const speaks = primary ?? first;
  if (speaks === undefined) return wanted;
  const shared = (of: (target: Target) => string): boolean =>
    primary !== undefined || targets.every((target) => of(target) === of(speaks));
  if (shared((target) => target.scheme)) wanted.set('scheme', speaks.scheme);
  if (shared((target) => target.path)) wanted.set('path', speaks.path);
  if (primary !== undefined) wanted.set('port', String(primary.port));
  if (shared((target) => JSON.stringify(target.params))) {
    for (const [name, value] of speaks.params) wanted.set(`param_${name}`, value);
  }
  return wanted;
}

/** Brings one annotation that is already there in line, as far as it may be; whether the slash form was added. */
function settle(
  name: string,
  value: string,
  current: CommunityValue,
  after: Record<string, string>,
  problems: Problem[],
): boolean {
  const slashKey = `${COMMUNITY_PREFIX}/${name}`;
  const { slash, dotted } = current;
  if (slash === undefined) {
    if (dotted === undefined || dotted === value) return false;
    takeOut(name, dotted, `written as ${slashKey}: ${quoted(value)}`, after, problems);
    after[slashKey] = value;
    return true;
  }
  if (slash !== value) {
    if (isReadable(name, slash) && canonical(name, slash) !== value) {
      conflict(slashKey, `${quoted(slash)} stays`, `the request says ${quoted(value)}`, problems);
    } else {
      after[slashKey] = value;
      const message = `${quoted(slash)} written as ${quoted(value)}, which every scraper reads`;
      problems.push({ code: 'annotation-normalised', path: slashKey, message });
    }
  }
  // Prometheus makes one meta label of both spellings and takes the value of either.
  const stays = after[slashKey] ?? value;
  if (dotted !== undefined && dotted !== stays) {
    takeOut(
      name,
      dotted,
      `taken out: Prometheus cannot tell it from ${slashKey}, ${quoted(stays)}`,
      after,
      problems,
    );
  }
  return false;
}

function takeOut(
  name: string,
  dotted: string,
  why: string,
  after: Record<string, string>,
  problems: Problem[],
): void {
  const key = `${COMMUNITY_PREFIX}.${name}`;
  Reflect.deleteProperty(after, key);
  problems.push({ code: 'annotation-normalised', path: key, message: `${quoted(dotted)} ${why}` });
}

/** Whether any scraper understands the value; what none does is no setting that could be lost. */
function isReadable(name: string, text: string): boolean {
  if (name === 'scrape') return text === 'true' || text === 'false';
  if (name === 'scheme') return text === 'http' || text === 'https';
  if (name === 'port') return /^[0-9]+$/.test(text);
  return name === 'path' ? text !== '' : true;
}

function conflict(path: string, stays: string, request: string, problems: Problem[]): void {
  const hint = 'make them agree or remove one';
  problems.push({ code: 'annotation-conflict', path, message: `${stays}, though ${request}`, hint });
}

/** The readable spelling of a value: what scrapers read as the owner meant it. */
function canonical(name: string, text: string): string {
  return name === 'port' ? String(parsePortNumber(text) ?? text) : text;
}
