import { COMMUNITY_PREFIX, communityParams, communityValue, parseScrape } from './community.ts';
import type { Target } from './decision.ts';
import type { Pod } from './kubernetes.ts';
import { isTcp, places } from './pod.ts';
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
    if (settle(pod, name, value, current, after, problems)) added.push(`${COMMUNITY_PREFIX}/${name}`);
  }
  for (const [name] of communityParams(before)) {
    if (wanted.has(`param_${name}`) || primary === undefined) continue;
    conflict(`${COMMUNITY_PREFIX}/param_${name}`, 'stays', 'the request has no such parameter', problems);
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
  pod: Pod,
  name: string,
  value: string,
  current: NonNullable<ReturnType<typeof communityValue>>,
  after: Record<string, string>,
  problems: Problem[],
): boolean {
  const slashKey = `${COMMUNITY_PREFIX}/${name}`;
  const dottedKey = `${COMMUNITY_PREFIX}.${name}`;
  const { slash, dotted } = current;
  if (dotted !== undefined && dotted !== value) {
    // Prometheus makes the same meta label of both spellings, so the dotted one may not stay beside a right one.
    Reflect.deleteProperty(after, dottedKey);
    const message = `${quoted(dotted)} taken out: Prometheus cannot tell it from ${slashKey}, which says ${quoted(slash ?? value)}`;
    problems.push({ code: 'annotation-normalised', path: dottedKey, message });
    if (slash === undefined) {
      after[slashKey] = value;
      return true;
    }
  }
  if (slash === undefined || slash === value) return false;
  if (canonical(pod, name, slash) === value) {
    after[slashKey] = value;
    problems.push({
      code: 'annotation-normalised',
      path: slashKey,
      message: `${quoted(slash)} written as ${quoted(value)}, which every scraper reads`,
    });
    return false;
  }
  conflict(slashKey, `${quoted(slash)} stays`, `the request says ${quoted(value)}`, problems);
  return false;
}

function conflict(path: string, stays: string, request: string, problems: Problem[]): void {
  const hint = 'make them agree or remove one';
  problems.push({ code: 'annotation-conflict', path, message: `${stays}, though ${request}`, hint });
}

/** The readable spelling of a value: what scrapers read as the owner meant it. */
function canonical(pod: Pod, name: string, text: string): string {
  if (name === 'scrape') return parseScrape(text) === undefined ? text : String(parseScrape(text));
  if (name === 'scheme') return text.trim().toLowerCase();
  if (name === 'port') return String(parsePortNumber(text.trim()) ?? namedPort(pod, text.trim()) ?? text);
  return text;
}

function namedPort(pod: Pod, name: string): number | undefined {
  for (const { container, serves } of places(pod)) {
    const port = serves
      ? (container.ports ?? []).find((candidate) => candidate.name === name && isTcp(candidate))
      : undefined;
    if (port !== undefined) return port.containerPort;
  }
  return undefined;
}
