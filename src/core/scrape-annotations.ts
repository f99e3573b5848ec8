import { COMMUNITY_PREFIX, communityParams, communityValue } from './community.ts';
import type { CommunityValue } from './community.ts';
import type { Changed, Target } from './decision.ts';
import type { Family } from './dialects.ts';
import { family } from './dialects.ts';
import { isMerged, SCRAPE_TARGETS } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import { own } from './pod.ts';
import type { Problem } from './problem.ts';
import { quoted } from './text.ts';
import { parsePortNumber } from './values.ts';

export interface Annotated {
  readonly pod: Pod;
  /** Keys written just now. */
  readonly added: readonly string[];
  /** Keys that stand there now, written or found. */
  readonly present: readonly string[];
  /** What the owner's annotations said that were made readable or taken out just now. */
  readonly changed: Changed;
}

export interface Annotating {
  readonly targets: readonly Target[];
  /** The one that the pod-level annotations describe. */
  readonly primary: Target | undefined;
  /** The families to write. */
  readonly prefixes: readonly string[];
  /** Whether Istio merges the Pod's metrics. */
  readonly merging: boolean;
  /** For `prometheus.istio.io/scrape-targets`. */
  readonly scrapeTargets: string | undefined;
}

interface Notes {
  readonly after: Record<string, string>;
  readonly added: string[];
  readonly present: string[];
  readonly changed: Record<string, string>;
  readonly problems: Problem[];
}

/**
 * Writes `PREFIX/scrape|scheme|path|port|param_*` for the targets, in every family asked for. What the owner set is
 * never changed; a conflict is a warning. One exception: a spelling that no scraper reads is made readable, and a
 * warning says so. Where Istio has rewritten `prometheus.io`, that family is Istio's.
 */
export function annotate(pod: Pod, work: Annotating, problems: Problem[]): Annotated {
  const before = pod.metadata?.annotations ?? {};
  const notes: Notes = { after: { ...before }, added: [], present: [], changed: {}, problems };
  for (const prefix of work.prefixes) {
    const said = family(prefix, work.targets, work.primary, work.merging);
    if (prefix === COMMUNITY_PREFIX && isMerged(pod)) checkMerged(before, notes);
    else write(before, said, work.primary !== undefined, notes);
    // A pass that did not know of Istio yet may have written a scheme that this one would not.
    const keys = [...said.wanted.keys(), 'scheme'].map((name) => `${prefix}/${name}`);
    notes.present.push(...keys.filter((key) => Object.hasOwn(notes.after, key)));
  }
  if (work.scrapeTargets !== undefined) writeScrapeTargets(before, work.scrapeTargets, notes);
  const { after, added, present, changed } = notes;
  const same = sameStrings(before, after);
  return {
    pod: same ? pod : { ...pod, metadata: { ...pod.metadata, annotations: after } },
    added,
    present,
    changed,
  };
}

/** The agent serves http only. */
function checkMerged(before: Readonly<Record<string, string>>, { problems }: Notes): void {
  const scheme = communityValue(before, 'scheme', COMMUNITY_PREFIX);
  if (scheme === undefined || scheme.text === 'http') return;
  const message = `${quoted(scheme.text)}, but Istio's merged port 15020 serves http`;
  problems.push({ code: 'istio-merging', path: scheme.key, message, hint: 'remove it' });
}

function write(
  before: Readonly<Record<string, string>>,
  { prefix, wanted }: Family,
  hasPrimary: boolean,
  notes: Notes,
): void {
  for (const [name, value] of wanted) {
    const current = communityValue(before, name, prefix);
    const key = `${prefix}/${name}`;
    if (current === undefined) {
      notes.after[key] = value;
      notes.added.push(key);
    } else if (settle({ prefix, name, value, current }, notes)) {
      notes.added.push(key);
    }
  }
  if (!hasPrimary) return;
  for (const [name, { key }] of communityParams(before, prefix)) {
    if (!wanted.has(`param_${name}`))
      conflict(key, 'stays', 'the request has no such parameter', notes.problems);
  }
}

function writeScrapeTargets(
  before: Readonly<Record<string, string>>,
  value: string,
  { after, added, present, problems }: Notes,
): void {
  const current = own(before, SCRAPE_TARGETS);
  if (current === undefined) {
    after[SCRAPE_TARGETS] = value;
    added.push(SCRAPE_TARGETS);
  } else if (current !== value) {
    conflict(SCRAPE_TARGETS, `${quoted(current)} stays`, 'the request has other targets', problems);
    return;
  }
  present.push(SCRAPE_TARGETS);
}

function sameStrings(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(b);
  return keys.length === Object.keys(a).length && keys.every((key) => a[key] === b[key]);
}

interface Setting {
  readonly prefix: string;
  readonly name: string;
  readonly value: string;
  readonly current: CommunityValue;
}

/** Brings one annotation that is already there in line, as far as it may be; whether the slash form was added. */
function settle({ prefix, name, value, current }: Setting, notes: Notes): boolean {
  const { after, changed, problems } = notes;
  const slashKey = `${prefix}/${name}`;
  const dottedKey = `${prefix}.${name}`;
  const { slash, dotted } = current;
  if (slash === undefined) {
    if (dotted === undefined || dotted === value) return false;
    takeOut(dottedKey, dotted, `written as ${slashKey}: ${quoted(value)}`, notes);
    after[slashKey] = value;
    return true;
  }
  if (slash !== value) {
    if (isReadable(name, slash) && canonical(name, slash) !== value) {
      conflict(slashKey, `${quoted(slash)} stays`, `the request says ${quoted(value)}`, problems);
    } else {
      after[slashKey] = value;
      remember(changed, slashKey, slash);
      const message = `${quoted(slash)} written as ${quoted(value)}, which every scraper reads`;
      problems.push({ code: 'annotation-normalised', path: slashKey, message });
    }
  }
  // Prometheus makes one meta label of both spellings and takes the value of either.
  const stays = after[slashKey] ?? value;
  if (dotted !== undefined && dotted !== stays) {
    takeOut(
      dottedKey,
      dotted,
      `taken out: Prometheus cannot tell it from ${slashKey}, ${quoted(stays)}`,
      notes,
    );
  }
  return false;
}

function takeOut(key: string, dotted: string, why: string, { after, changed, problems }: Notes): void {
  Reflect.deleteProperty(after, key);
  remember(changed, key, dotted);
  problems.push({ code: 'annotation-normalised', path: key, message: `${quoted(dotted)} ${why}` });
}

/** Long nonsense is not worth its place on the Pod. */
const LONGEST_REMEMBERED = 1024;

function remember(changed: Record<string, string>, key: string, text: string): void {
  if (text.length <= LONGEST_REMEMBERED) changed[key] = text;
}

/** `metrics.scheme` is to Grafana what `scheme` is to the others. */
function attributeOf(name: string): string {
  return name.replace(/^metrics\./, '').replace(/^portNumber$/, 'port');
}

/** Whether any scraper understands the value; what none does is no setting that could be lost. */
function isReadable(name: string, text: string): boolean {
  const attribute = attributeOf(name);
  if (attribute === 'scrape') return text === 'true' || text === 'false';
  if (attribute === 'scheme') return text === 'http' || text === 'https';
  if (attribute === 'port') return /^[0-9]+$/.test(text);
  return attribute === 'path' ? text !== '' : true;
}

function conflict(path: string, stays: string, request: string, problems: Problem[]): void {
  const hint = 'make them agree or remove one';
  problems.push({ code: 'annotation-conflict', path, message: `${stays}, though ${request}`, hint });
}

/** The readable spelling of a value: what scrapers read as the owner meant it. */
function canonical(name: string, text: string): string {
  return attributeOf(name) === 'port' ? String(parsePortNumber(text) ?? text) : text;
}
