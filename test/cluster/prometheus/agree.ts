import { isDeepStrictEqual } from 'node:util';

import { META } from '../../../src/prometheus/meta-labels.ts';
import type { JobScrapes, PodScrapes } from '../../../src/prometheus/explain.ts';
import { nameCollisions } from '../../../src/prometheus/pod-discovery.ts';
import type { RunningPod } from '../../../src/prometheus/pod-discovery.ts';
import type { FoundTarget, ScrapeTarget } from '../../../src/prometheus/target.ts';
import type { ActiveTarget, DroppedTarget, LabelObject, Targets } from './answers.ts';
import type { Prometheus } from './server.ts';

/** What is told of a scraped target, by Prometheus and by explain alike. */
export interface AgreedTarget {
  readonly url: string;
  readonly labels: LabelObject;
  readonly interval: string;
  readonly timeout: string;
}

/** What explain says of one job, as its JSON has it; more than this stands there. */
export interface SaidJob {
  readonly job: string;
  readonly found: readonly {
    readonly discovered: LabelObject;
    readonly outcome: { readonly state: FoundTarget['outcome']['state']; readonly target?: AgreedTarget };
  }[];
  readonly targets: readonly AgreedTarget[];
}

/** A Pod, and what explain says of it. */
export interface SaidPod {
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  /** More than one where Prometheus reads the Pod one way or the other. */
  readonly readings: readonly (readonly SaidJob[])[];
}

/** Of targets that are the same to Prometheus it keeps one, whichever. */
interface SaidTarget extends AgreedTarget {
  readonly discovered: readonly LabelObject[];
}

interface SeenTarget extends AgreedTarget {
  readonly discovered: LabelObject;
}

/** What one job makes of one Pod. */
interface Side<Active> {
  readonly active: readonly Active[];
  readonly dropped: readonly LabelObject[];
}

/** What was compared, to see that there was anything. */
export interface Agreement {
  readonly pods: number;
  readonly active: number;
  readonly dropped: number;
  /** Pods of which Prometheus sees one of several by chance. */
  readonly byChance: number;
}

interface Versioned {
  readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string } | null;
}

/** Explains one Pod; what explain does with it. */
export type Explain = (pod: RunningPod) => PodScrapes;

/**
 * Waits until the Prometheus has exactly the targets, active and dropped, that explain says of the Pods as they are now,
 * and none of others. Errors: with the first differences.
 */
export function untilAgreed(
  prometheus: Prometheus,
  pods: () => Promise<readonly RunningPod[]>,
  explain: Explain,
): Promise<Agreement> {
  const said = new Map<string, SaidPod>();
  // Each version of a Pod is explained once, however often Prometheus is asked.
  const sayOf = (pod: RunningPod): SaidPod => {
    const { uid = '', resourceVersion = '' } = (pod as Versioned).metadata ?? {};
    const key = `${uid} ${resourceVersion}`;
    const known = said.get(key) ?? {
      name: nameOf(pod),
      readings: readingsOf(pod).map((reading) => explain(reading).jobs.map(saidJob)),
    };
    said.set(key, known);
    return known;
  };
  return prometheus.waitFor(
    'Prometheus and explain to agree',
    async () => {
      const targets = await prometheus.targets();
      return agreement(targets, (await pods()).map(sayOf));
    },
    { timeoutMs: 45_000, intervalMs: 500 },
  );
}

/** What there is of both. Errors: they differ, or one has a target of a Pod or job that the other has not. */
export function agreement(targets: Targets, said: readonly SaidPod[]): Agreement {
  const seen = seenOf(targets);
  const differences: string[] = [];
  const count = { pods: said.length, active: 0, dropped: 0, byChance: 0 };
  for (const { name, readings } of said) {
    if (readings.length > 1) count.byChance += 1;
    for (const [index, { job }] of (readings[0] ?? []).entries()) {
      const key = `${job} ${name}`;
      const { active, dropped } = seen.get(key) ?? { active: [], dropped: [] };
      seen.delete(key);
      count.active += active.length;
      count.dropped += dropped.length;
      const sides = readings.flatMap((jobs) => jobs[index] ?? []).map(saidOf);
      const left = sides.map((side) => unmatched(side, { active, dropped }));
      if (left.every((lines) => lines.length > 0)) differences.push([key, ...(left[0] ?? [])].join('\n    '));
    }
  }
  differences.push(...[...seen.keys()].map((key) => `${key}: of no Pod that was explained`));
  if (differences.length > 0)
    throw new Error(`${differences.length} differ:\n  ${differences.slice(0, 5).join('\n  ')}`);
  return count;
}

/** The part of what Prometheus has that is of one Pod. */
export function targetsOf({ active, dropped }: Targets, name: string): Targets {
  const isOf = ({ discoveredLabels: labels }: DroppedTarget): boolean => podOf(labels) === name;
  return { active: active.filter(isOf), dropped: dropped.filter(isOf) };
}

function podOf(labels: LabelObject): string {
  return `${labels[META.namespace] ?? ''}/${labels[META.pod] ?? ''}`;
}

/** By job, namespace and name. */
function seenOf({ active, dropped }: Targets): Map<string, Side<SeenTarget>> {
  const sides = new Map<string, { readonly active: SeenTarget[]; readonly dropped: LabelObject[] }>();
  const sideOf = ({ scrapePool, discoveredLabels: labels }: DroppedTarget) => {
    const key = `${scrapePool} ${podOf(labels)}`;
    const side = sides.get(key) ?? { active: [], dropped: [] };
    sides.set(key, side);
    return side;
  };
  for (const target of active)
    sideOf(target).active.push({ ...agreedOf(target), discovered: target.discoveredLabels });
  for (const target of dropped) sideOf(target).dropped.push(target.discoveredLabels);
  return sides;
}

/** As Prometheus tells an active target. */
export function agreedOf(target: ActiveTarget): AgreedTarget {
  const { scrapeUrl: url, labels, scrapeInterval: interval, scrapeTimeout: timeout } = target;
  return { url, labels, interval, timeout };
}

/** What explain says, as its JSON has it. */
export function saidJob({ job, found, targets }: JobScrapes): SaidJob {
  return {
    job: job.name,
    found: found.map(({ discovered, outcome }) => ({
      discovered: Object.fromEntries(discovered),
      outcome:
        outcome.state === 'scraped'
          ? { state: outcome.state, target: targetOf(outcome.target) }
          : { state: outcome.state },
    })),
    targets: targets.map(targetOf),
  };
}

function targetOf({ url, labels, interval, timeout }: ScrapeTarget): AgreedTarget {
  return { url, labels: Object.fromEntries(labels), interval, timeout };
}

function saidOf({ found, targets }: SaidJob): Side<SaidTarget> {
  const active = targets.map((target) => ({
    ...target,
    discovered: found
      .filter(({ outcome }) => isDeepStrictEqual(outcome.target, target))
      .map(({ discovered }) => discovered),
  }));
  const dropped = found
    .filter(({ outcome }) => outcome.state === 'dropped')
    .map(({ discovered }) => discovered);
  return { active, dropped };
}

/** What only one of the two has. */
function unmatched(said: Side<SaidTarget>, seen: Side<SeenTarget>): readonly string[] {
  const isFound = ({ discovered: any, ...one }: SaidTarget, { discovered, ...other }: SeenTarget): boolean =>
    isDeepStrictEqual(one, other) && any.some((labels) => isDeepStrictEqual(labels, discovered));
  const active = unpaired(said.active, seen.active, isFound);
  const dropped = unpaired(said.dropped, seen.dropped, isDeepStrictEqual);
  return [
    ...active.ones.map(({ discovered: [labels], ...target }) => `explain scrapes ${textOf(target, labels)}`),
    ...active.others.map(({ discovered, ...target }) => `Prometheus scrapes ${textOf(target, discovered)}`),
    ...dropped.ones.map((labels) => `explain drops ${textOf(labels)}`),
    ...dropped.others.map((labels) => `Prometheus drops ${textOf(labels)}`),
  ];
}

/** What is left when each has taken one of the others for itself. */
function unpaired<A, B>(
  ones: readonly A[],
  others: readonly B[],
  isPair: (one: A, other: B) => boolean,
): { readonly ones: readonly A[]; readonly others: readonly B[] } {
  const left = [...others];
  const alone = ones.filter((one) => {
    const index = left.findIndex((other) => isPair(one, other));
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
  return { ones: alone, others: left };
}

function textOf(...parts: readonly unknown[]): string {
  return parts.map((part) => JSON.stringify(part)).join('\n      found as ');
}

/** `NAMESPACE/NAME`. */
export function nameOf({ metadata }: RunningPod): string {
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
}

/** The Pod as Prometheus may read it: of names that become one label it takes any. */
function readingsOf(pod: RunningPod): readonly RunningPod[] {
  return nameCollisions(pod).reduce<readonly RunningPod[]>(
    (readings, { of, names }) =>
      names.flatMap((kept) => {
        const others = names.filter((name) => name !== kept);
        return readings.map((one) => without(one, of === 'label' ? 'labels' : 'annotations', others));
      }),
    [pod],
  );
}

function without(pod: RunningPod, map: 'labels' | 'annotations', names: readonly string[]): RunningPod {
  const entries = Object.entries(pod.metadata?.[map] ?? {}).filter(([name]) => !names.includes(name));
  return { ...pod, metadata: { ...pod.metadata, [map]: Object.fromEntries(entries) } };
}
