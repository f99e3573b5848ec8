import type { Added, Decision } from '../core/decision.ts';
import { isMerged } from '../core/istio.ts';
import type { Container, Pod } from '../core/kubernetes.ts';
import { own, places, tcpPort } from '../core/pod.ts';
import type { Place } from '../core/pod.ts';
import { sameQuantity } from '../core/quantity.ts';
import { isRecord } from '../core/record.ts';
import type { StatusRecord } from '../core/status.ts';
import { said } from './words.ts';

/** One thing that stands in a Pod and that the engine would do otherwise, in words. */
export interface Difference {
  readonly part: 'profiles' | 'container' | 'volume' | 'port' | 'env' | 'annotation';
  readonly words: string;
}

/** What podscrape's part of a live Pod is compared with: the Pod as its owner wrote it, injected again. */
export interface Again {
  readonly decision: Decision;
  readonly pod: Pod;
}

/**
 * Where podscrape's part of a live Pod is not what `again` has. Of an entry that podscrape makes whole (a container, a
 * volume) everything that it says must stand in the live one; what the API server and others added there does not count.
 */
export function differences(live: Pod, again: Again, record: StatusRecord): readonly Difference[] {
  const { added } = again.decision;
  const before: Partial<Added> = record.added ?? {};
  const [were, wouldBe] = [record.profiles ?? [], again.decision.profiles].map((names) => names.join(', '));
  return [
    ...(were === wouldBe
      ? []
      : [
          {
            part: 'profiles' as const,
            words: `the profiles were ${said(were || 'none')}, and would be ${wouldBe || 'none'}`,
          },
        ]),
    ...added.containers.flatMap((name) => containerDifference(live, again.pod, name)),
    ...gone(
      'container',
      before.containers,
      added.containers,
      (name) => placeOf(again.pod, name) !== undefined,
    ),
    ...added.volumes.flatMap((name) => volumeDifference(live, again.pod, name)),
    ...[...added.ports, ...added.named].flatMap((entry) => portDifference(live, again.pod, entry)),
    ...gone('port', before.ports, added.ports, (entry) => portOf(again.pod, entry) !== undefined),
    ...[...added.env, ...added.extended].flatMap((entry) => envDifference(live, again.pod, entry)),
    ...gone('env', before.env, added.env, (entry) => variableOf(again.pod, entry) !== undefined),
    ...annotationDifferences(live, again, before.annotations ?? []),
  ];
}

/** What a record says that podscrape added, and that is not in the Pod. */
export function missingOf(pod: Pod, { added = {} }: StatusRecord): readonly string[] {
  const annotations = pod.metadata?.annotations;
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  const absent = (
    what: string,
    names: readonly string[] | undefined,
    isThere: (name: string) => boolean,
  ): readonly string[] =>
    (names ?? []).filter((name) => !isThere(name)).map((name) => `${what} ${said(name)}`);
  return [
    ...absent('container', added.containers, (name) => placeOf(pod, name) !== undefined),
    ...absent(
      'port',
      [...(added.ports ?? []), ...(added.named ?? [])],
      (entry) => portOf(pod, entry) !== undefined,
    ),
    ...absent(
      'variable',
      [...(added.env ?? []), ...(added.extended ?? [])],
      (entry) => variableOf(pod, entry) !== undefined,
    ),
    ...absent('volume', added.volumes, (name) => volumes.includes(name)),
    ...absent('annotation', added.annotations, (key) => own(annotations, key) !== undefined),
  ];
}

function gone(
  part: Difference['part'],
  before: readonly string[] | undefined,
  now: readonly string[],
  isThere: (name: string) => boolean,
): readonly Difference[] {
  return (before ?? [])
    .filter((name) => !now.includes(name) && !isThere(name))
    .map((name) => ({ part, words: `${WORDS[part]} ${said(name)} would not be there` }));
}

const WORDS = {
  profiles: 'profile',
  container: 'container',
  volume: 'volume',
  port: 'port',
  env: 'variable',
  annotation: 'annotation',
} as const;

function placeOf(pod: Pod, name: string): Place | undefined {
  return places(pod).find(({ container }) => container.name === name);
}

function containerDifference(live: Pod, again: Pod, name: string): readonly Difference[] {
  const wanted = placeOf(again, name);
  const there = placeOf(live, name);
  if (wanted === undefined) return [];
  const differs = (words: string): readonly Difference[] => [{ part: 'container', words }];
  if (there === undefined) return differs(`there is no container ${said(name)}`);
  if (there.list !== wanted.list)
    return differs(
      `container ${name} would be ${wanted.list === 'containers' ? 'a regular one' : 'a native sidecar'}`,
    );
  const { image } = wanted.container;
  if (image !== there.container.image)
    return differs(
      `container ${name} has image ${said(there.container.image)}, and would have ${said(image)}`,
    );
  const fields = Object.keys(wanted.container) as (keyof Container)[];
  const other = fields.filter((field) => !holds(wanted.container[field], there.container[field], field));
  return other.length === 0 ? [] : differs(`container ${name} would have other ${other.join(', ')}`);
}

function volumeDifference(live: Pod, again: Pod, name: string): readonly Difference[] {
  const of = (pod: Pod): unknown => (pod.spec.volumes ?? []).find((volume) => volume.name === name);
  const [wanted, there] = [of(again), of(live)];
  if (wanted === undefined || holds(wanted, there, 'volumes')) return [];
  return [
    {
      part: 'volume',
      words: `volume ${said(name)} ${there === undefined ? 'is not there' : 'would be another'}`,
    },
  ];
}

/** `container/8080` or `container/VARIABLE`. */
function entryOf(pod: Pod, entry: string): readonly [Container | undefined, string] {
  const [name = '', what = ''] = entry.split('/');
  return [placeOf(pod, name)?.container, what];
}

function portOf(pod: Pod, entry: string): ReturnType<typeof tcpPort> {
  const [container, number] = entryOf(pod, entry);
  return container === undefined ? undefined : tcpPort(container, Number(number));
}

function portDifference(live: Pod, again: Pod, entry: string): readonly Difference[] {
  const [wanted, there] = [portOf(again, entry), portOf(live, entry)];
  if (wanted === undefined || (there !== undefined && (wanted.name ?? '') === (there.name ?? ''))) return [];
  const words =
    there === undefined
      ? `port ${said(entry)} is not declared`
      : `port ${said(entry)} has the name ${said(there.name ?? '""')}, and would have ${said(wanted.name ?? '""')}`;
  return [{ part: 'port', words }];
}

function variableOf(pod: Pod, entry: string): unknown {
  const [container, name] = entryOf(pod, entry);
  return (container?.env ?? []).findLast((variable) => variable.name === name);
}

function envDifference(live: Pod, again: Pod, entry: string): readonly Difference[] {
  const [wanted, there] = [variableOf(again, entry), variableOf(live, entry)];
  if (wanted === undefined || holds(wanted, there, 'env')) return [];
  // Never its value, which may be a password.
  const how = there === undefined ? 'is not set' : 'would have another value';
  return [{ part: 'env', words: `variable ${said(entry)} ${how}` }];
}

/** Those that Istio writes over when it merges. */
const REWRITTEN = /^prometheus\.io[/.](?:port|path)$/;

function annotationDifferences(
  live: Pod,
  { decision, pod }: Again,
  before: readonly string[],
): readonly Difference[] {
  const [there, wanted] = [live, pod].map(({ metadata }) => metadata?.annotations);
  const merged = isMerged(live);
  const { annotations: now } = decision.added;
  return [...new Set([...now, ...before])].flatMap((key): readonly Difference[] => {
    if (merged && REWRITTEN.test(key)) return [];
    const [has, would] = [own(there, key), own(wanted, key)];
    if (has === would) return [];
    const is = has === undefined ? 'is not there' : `is "${said(has)}"`;
    const ends = would === undefined ? 'would not be there' : `would be "${said(would)}"`;
    return [{ part: 'annotation', words: `${said(key)} ${is}, and ${ends}` }];
  });
}

/** Whether everything that is wanted is there: lists of named things by name, others by place, quantities by amount. */
function holds(wanted: unknown, there: unknown, field: string): boolean {
  if (wanted === undefined || wanted === null) return true;
  if (Array.isArray(wanted)) {
    const list: readonly unknown[] = Array.isArray(there) ? there : [];
    const inNamed = (name: string): unknown => list.filter(isNamed).find((one) => one.name === name);
    if (wanted.every(isNamed)) return wanted.every((entry) => holds(entry, inNamed(entry.name), field));
    return wanted.length === list.length && wanted.every((entry, at) => holds(entry, list[at], field));
  }
  if (isRecord(wanted)) {
    const other = isRecord(there) ? there : {};
    return Object.entries(wanted).every(([key, value]) => holds(value, other[key], key));
  }
  if (QUANTITIES.includes(field)) return wanted === there || sameQuantity(amount(wanted), amount(there));
  // The API server leaves out what is false, zero or empty.
  return wanted === there || (there === undefined && (wanted === false || wanted === 0 || wanted === ''));
}

/** The API server writes `1000m` as `1`. */
const QUANTITIES: readonly string[] = ['cpu', 'memory', 'ephemeral-storage'];

function amount(quantity: unknown): string {
  return typeof quantity === 'string' || typeof quantity === 'number' ? String(quantity) : '';
}

function isNamed(entry: unknown): entry is { readonly name: string } {
  return isRecord(entry) && typeof entry['name'] === 'string';
}
