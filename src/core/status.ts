import { communityPrefixes, GRAFANA_PREFIX } from './community.ts';
import type { Added, Changed, Decision } from './decision.ts';
import { NOTHING_ADDED } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Container, Pod } from './kubernetes.ts';
import { own, places, tcpPort } from './pod.ts';
import { problemText } from './problem.ts';
import { SCRAPE_TARGETS } from './istio.ts';
import { hasSidecarShape, isOurVolume } from './sidecar-shape.ts';
import { clip, withoutControlCharacters } from './text.ts';

/**
 * `P/status`: podscrape's record on the Pod, for people, for later passes and for taking things out again. No
 * verdict rests on it: it is read for bookkeeping only, and a forged one can claim no more than what podscrape
 * itself would have written.
 */
export interface StatusRecord {
  /** podscrape's version. */
  readonly version: string;
  /** The configuration's hash. */
  readonly config: string;
  readonly outcome: string;
  readonly reason: string;
  readonly profiles?: readonly string[];
  readonly added?: Partial<Added>;
  /** What the owner's annotations said before they were made readable or taken out. */
  readonly changed?: Changed;
  readonly problems?: readonly string[];
}

const MOST_PROBLEMS = 20;

/** The record's own annotation. */
export function statusKey({ annotationPrefix }: Pick<EngineConfig, 'annotationPrefix'>): string {
  return `${annotationPrefix}/status`;
}

/** The record, what people look for first; empty lists are left out. */
function recordOf(decision: Decision, config: EngineConfig): StatusRecord {
  const added = Object.fromEntries(
    Object.entries(decision.added).filter(([, names]: [string, readonly string[]]) => names.length > 0),
  );
  const problems = decision.problems
    .slice(0, MOST_PROBLEMS)
    .map((p) => clip(withoutControlCharacters(problemText(p)), 300));
  return {
    outcome: decision.outcome,
    reason: decision.reason,
    ...(decision.profiles.length === 0 ? {} : { profiles: decision.profiles }),
    ...(problems.length === 0 ? {} : { problems }),
    ...(Object.keys(added).length === 0 ? {} : { added }),
    ...(Object.keys(decision.changed).length === 0 ? {} : { changed: decision.changed }),
    version: config.version,
    config: config.hash,
  };
}

/** What an earlier pass recorded; empty for anything that is no record. */
export interface Recorded {
  readonly added: Partial<Added>;
  readonly changed: Changed;
}

/** The whole record as it stands on the Pod, true or not; undefined for what is none. */
export function statusRecord(pod: Pod, config: EngineConfig): StatusRecord | undefined {
  return parse(own(pod.metadata?.annotations, statusKey(config)));
}

/** What an earlier pass wrote down of itself, true or not; empty without a record. */
export function recorded(pod: Pod, config: EngineConfig): Recorded {
  const record = parse(own(pod.metadata?.annotations, statusKey(config)));
  return { added: record?.added ?? {}, changed: record?.changed ?? {} };
}

/** Whether an earlier pass says that it added the container, true or not. */
export function isRecorded(pod: Pod, { name }: Container, config: EngineConfig): boolean {
  return recorded(pod, config).added.containers?.includes(name) === true;
}

/** The part of a record that can be true of the Pod: things that podscrape writes and that are there. */
export interface StillThere {
  readonly added: Added;
  readonly changed: Changed;
}

/**
 * The part of an earlier record that can be true. A pass that refuses keeps it, because what the earlier pass put into
 * the Pod is still to be told from the owner's.
 */
export function stillThere(pod: Pod, config: EngineConfig): StillThere {
  return possible(pod, recorded(pod, config), config);
}

/** The one filter for records: anybody may have written one. */
export function possible(pod: Pod, { added, changed }: Recorded, config: EngineConfig): StillThere {
  return { added: addedStillThere(pod, added, config), changed: changedStillThere(pod, changed, config) };
}

/** A normalised key is there, a dotted twin is not; neither is ever anything but a scraper's. */
export function changedStillThere(pod: Pod, changed: Changed, config: EngineConfig): Changed {
  const annotations = pod.metadata?.annotations;
  const families = [...communityPrefixes(config), GRAFANA_PREFIX];
  const entries = Object.entries(changed).filter(([key]) => {
    const there = own(annotations, key) !== undefined;
    return families.some(
      (prefix) => (key.startsWith(`${prefix}/`) && there) || (key.startsWith(`${prefix}.`) && !there),
    );
  });
  return Object.fromEntries(entries);
}

const SCRAPE_KEY = /^[^/]+\/(?:scrape|scheme|path|port|param_[^/]+)$/;

function addedStillThere(pod: Pod, record: Partial<Added>, config: EngineConfig): Added {
  const {
    containers = [],
    ports = [],
    named = [],
    annotations = [],
    volumes = [],
    env = [],
    extended = [],
  } = record;
  const families = [...communityPrefixes(config), GRAFANA_PREFIX];
  const all = places(pod).map(({ container }) => container);
  const of = (entry: string): readonly [Container | undefined, string] => {
    const [name = '', what = ''] = entry.split('/');
    return [all.find((container) => container.name === name), what];
  };
  const isSet = ([container, name]: readonly [Container | undefined, string]): boolean =>
    isAppEnv(name, config) && (container?.env ?? []).some((variable) => variable.name === name);
  return {
    // An exporter that is no longer configured is told from the owner's by its shape.
    containers: containers.filter((name) =>
      all.some(
        (container) => container.name === name && (config.exporters.has(name) || hasSidecarShape(container)),
      ),
    ),
    ports: ports.filter((entry) => isDeclared(of(entry))),
    named: named.filter((entry) => isDeclared(of(entry))),
    annotations: annotations.filter(
      (key) =>
        families.some((prefix) => key.startsWith(`${prefix}/`)) ||
        // Of a dialect that is no longer configured; under podscrape's own prefix they are the owner's request.
        (SCRAPE_KEY.test(key) && !key.startsWith(`${config.annotationPrefix}/`)) ||
        key === 'kubectl.kubernetes.io/default-container' ||
        key === SCRAPE_TARGETS ||
        key.startsWith(`${config.annotationPrefix}/mapping`),
    ),
    volumes: volumes.filter(
      (name) => isOurVolume(name) && (pod.spec.volumes ?? []).some((volume) => volume.name === name),
    ),
    env: env.filter((entry) => isSet(of(entry))),
    extended: extended.filter((entry) => isSet(of(entry))),
  };
}

function isDeclared([container, number]: readonly [Container | undefined, string]): boolean {
  return container !== undefined && tcpPort(container, Number(number)) !== undefined;
}

function isAppEnv(name: string, { profiles }: EngineConfig): boolean {
  return [...profiles.values()].some(({ exporter }) =>
    exporter?.appEnv.some((variable) => variable.name === name),
  );
}

/**
 * The Pod with its record. An earlier record that says the same but for its problems is kept to the letter: warnings
 * of the first pass (a port that nobody declared) are gone in the second, which has to be an empty patch.
 */
export function withStatus(pod: Pod, decision: Decision, config: EngineConfig): Pod {
  const key = statusKey(config);
  const record = recordOf(decision, config);
  const text = textOf(record);
  const current = own(pod.metadata?.annotations, key);
  if (current === text || saysTheSame(parse(current), record)) return pod;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [key]: text } },
  };
}

/** Whether a record on the Pod tells this decision, made by whatever version and configuration. */
export function tells(pod: Pod, decision: Decision, config: EngineConfig): boolean {
  const current = parse(own(pod.metadata?.annotations, statusKey(config)));
  const record = recordOf(decision, config);
  const { version, config: hash } = record;
  return current !== undefined && saysTheSame({ ...current, version, config: hash }, record);
}

/** JSON, each problem on a line of its own: `kubectl describe` cuts every line of an annotation at 138 characters. */
function textOf(record: StatusRecord): string {
  const text = JSON.stringify(record);
  const { problems } = record;
  if (problems === undefined) return text;
  const lines = problems.map((problem) => JSON.stringify(problem)).join(',\n');
  return text.replace(JSON.stringify(problems), () => `[\n${lines}\n]`);
}

/** A Pod that podscrape's work was taken out of, with as much of its earlier record as tells what stays. */
export function withRemains(bare: Pod, earlier: Pod, added: Partial<Added>, config: EngineConfig): Pod {
  const key = statusKey(config);
  const record = parse(own(earlier.metadata?.annotations, key));
  const lists = Object.entries(added).filter(([, names]) => names.length > 0);
  if (record === undefined || lists.length === 0) return bare;
  const { outcome, reason, profiles, version, config: hash } = record;
  const about = { outcome, reason, ...(profiles === undefined ? {} : { profiles }) };
  const text = textOf({ ...about, added: Object.fromEntries(lists), version, config: hash });
  return {
    ...bare,
    metadata: { ...bare.metadata, annotations: { ...bare.metadata?.annotations, [key]: text } },
  };
}

/** Fields that are none of the record's (`podscrape inject` keeps some of its own there) do not count. */
function saysTheSame(a: StatusRecord | undefined, b: StatusRecord): boolean {
  const counted = (record: StatusRecord): string =>
    JSON.stringify(record.outcome === 'injected' ? { ...record, problems: undefined } : record);
  return a !== undefined && counted(a) === counted(b);
}

const LONGEST_RECORD = 65_536;
/** Of one list; podscrape adds far fewer, and a forged record is not worth the time. */
const MOST_NAMES = 500;

/** The known fields of a record, in their order; anybody may have written it, so nothing else of it is looked at. */
function parse(text: string | undefined): StatusRecord | undefined {
  if (text === undefined || text.length > LONGEST_RECORD) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { outcome, reason, profiles, problems, added, changed, version, config } = value as Readonly<
    Record<string, unknown>
  >;
  if (![outcome, reason, version, config].every((field) => typeof field === 'string')) return undefined;
  return {
    outcome: outcome as string,
    reason: reason as string,
    ...(isNames(profiles) ? { profiles } : {}),
    ...(isNames(problems) ? { problems } : {}),
    ...(typeof added === 'object' && added !== null ? { added: namesOf(added) } : {}),
    ...(typeof changed === 'object' && changed !== null ? { changed: stringsOf(changed) } : {}),
    version: version as string,
    config: config as string,
  };
}

function namesOf(added: object): Partial<Added> {
  return Object.fromEntries(
    Object.entries(added as Record<string, unknown>).flatMap(([list, names]) =>
      Object.hasOwn(NOTHING_ADDED, list) && isNames(names) ? [[list, names.slice(0, MOST_NAMES)]] : [],
    ),
  );
}

function stringsOf(changed: object): Changed {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(changed);
  return Object.fromEntries(
    entries.flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  );
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
