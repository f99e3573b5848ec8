import { oneOf } from '../core/text.ts';
import type { PodScrapes } from './explain.ts';
import { placeOf, urlParts } from './explain.ts';
import { META } from './meta-labels.ts';
import type { PodOrigin } from './explain-pod.ts';
import { isPodOf } from './explain-pod.ts';
import { dropWords } from './explain-words.ts';
import type { Cause } from './health.ts';
import { causeOf } from './health.ts';
import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import { findTarget } from './target.ts';
import type { ScrapeTarget } from './target.ts';

/** A target as `/api/v1/targets` tells it. */
export interface ActiveTarget {
  readonly discovered: Labels;
  readonly job: string;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
  /** In seconds. */
  readonly duration: number;
  readonly interval: string;
  readonly timeout: string;
}

export interface DroppedTarget {
  readonly discovered: Labels;
  readonly job: string;
}

/** What a running Prometheus says of its targets. */
export interface RunningTargets {
  readonly active: readonly ActiveTarget[];
  readonly dropped: readonly DroppedTarget[];
  /** How many each job dropped; more than it lists where `keep_dropped_targets` limits that. */
  readonly droppedCounts: Readonly<Record<string, number>>;
}

/** How an explained target fares in the running Prometheus. */
export interface TargetHealth {
  readonly job: string;
  /** Of the Pod; empty where none was found. */
  readonly pod: string;
  readonly place: string;
  /** As it is scraped, or as it was explained where it is missing. */
  readonly url: string;
  readonly state: 'up' | 'down' | 'unknown' | 'missing';
  readonly lastError?: string;
  readonly cause?: Cause;
  /** In words: why it is missing, and what differs from what was explained. */
  readonly notes: readonly string[];
}

/** Compares what was explained with what runs: every explained target, and what runs beside them. */
export function healthOf(
  scrapes: PodScrapes,
  origin: PodOrigin,
  running: RunningTargets,
): readonly TargetHealth[] {
  const isOwn = ({ discovered }: DroppedTarget): boolean =>
    discovered.get(META.namespace) === origin.namespace &&
    isPodOf(origin, {
      name: discovered.get(META.pod) ?? '',
      controllerKind: discovered.get(META.controllerKind) ?? '',
      controllerName: discovered.get(META.controllerName) ?? '',
    });
  const own = running.active.filter(isOwn);
  const dropped = running.dropped.filter(isOwn);
  const told = new Set<ActiveTarget>();
  const explained = scrapes.jobs.flatMap(({ job, found, targets }) =>
    targets.flatMap((target): readonly TargetHealth[] => {
      const same = own.filter((one) => one.job === job.name && isSameUrl(one.url, target.url));
      for (const one of same) told.add(one);
      if (same.length > 0) return same.map((one) => activeHealth(one, differences(one, target)));
      const origins = found.find(({ outcome }) => outcome.state === 'scraped' && outcome.target === target);
      const place = origins?.discovered ?? new Map<string, string>();
      const notes = [missing(job, place, own, dropped, origin, running)];
      return [{ job: job.name, pod: '', place: placeOf(place), url: target.url, state: 'missing', notes }];
    }),
  );
  const names = scrapes.jobs.map(({ job }) => job.name);
  const others = own
    .filter((one) => !told.has(one) && names.includes(one.job))
    .map((one) => activeHealth(one, isUntold(scrapes, one) ? [] : [OTHERWISE]));
  return [...explained, ...others];
}

const OTHERWISE = 'runs, and was not explained: the running configuration or the Pod differs';

/** Whether it could not be told that this is scraped; that it runs tells it. */
function isUntold({ jobs }: PodScrapes, { job: name, discovered }: ActiveTarget): boolean {
  const own = jobs.find(({ job }) => job.name === name);
  if (own?.discovery.state === 'untold') return true;
  const place = placeOf(discovered);
  return (own?.found ?? []).some(
    (one) => one.outcome.state === 'untold' && placeOf(one.discovered) === place,
  );
}

function activeHealth(one: ActiveTarget, notes: readonly string[]): TargetHealth {
  const { job, url, health: state, lastError, discovered } = one;
  const pod = discovered.get(META.pod) ?? '';
  const shared = { job, pod, place: placeOf(discovered), url, state };
  if (state === 'unknown')
    return { ...shared, notes: [`not scraped yet; it is every ${one.interval}`, ...notes] };
  if (state === 'up') return { ...shared, notes };
  const cause = causeOf(lastError);
  const times = `took ${one.duration.toFixed(1)} s; interval ${one.interval}, timeout ${one.timeout}`;
  return { ...shared, lastError, cause, notes: cause.code === 'timeout' ? [times, ...notes] : notes };
}

/** All but the address, which a manifest cannot know. */
function isSameUrl(one: string, other: string): boolean {
  const [a, b] = [urlParts(one), urlParts(other)];
  if (a === undefined || b === undefined) return one === other;
  const queries = [a, b].map(({ params }) => params.toString());
  return a.scheme === b.scheme && a.port === b.port && a.path === b.path && queries[0] === queries[1];
}

function differences(one: ActiveTarget, explained: ScrapeTarget): readonly string[] {
  return (['interval', 'timeout'] as const).flatMap((which) =>
    one[which] === '' || one[which] === explained[which]
      ? []
      : [
          `${which} is ${one[which]}, and ${explained[which]} was explained: the running configuration differs`,
        ],
  );
}

/** Why a target that should be there is not, as far as it can be told from what else is there. */
function missing(
  job: Job,
  place: Labels,
  own: readonly ActiveTarget[],
  dropped: readonly DroppedTarget[],
  { namespace }: PodOrigin,
  running: RunningTargets,
): string {
  const isHere = ({ job: name, discovered }: DroppedTarget): boolean =>
    name === job.name && placeOf(discovered) === placeOf(place);
  const elsewhere = own.find(isHere);
  if (elsewhere !== undefined)
    return `is scraped as ${elsewhere.url} instead: the running configuration or the Pod differs`;
  const gone = dropped.find(isHere);
  if (gone !== undefined) {
    const found = findTarget(gone.discovered, job);
    return found.outcome.state === 'dropped'
      ? `is dropped by ${dropWords(found, job, 60)}`
      : 'is dropped by a rule of the running configuration that the explained one does not have';
  }
  const all = [...running.active, ...running.dropped].filter((one) => one.job === job.name);
  const count = running.droppedCounts[job.name];
  if (all.length === 0 && count === undefined)
    return `there is no job ${job.name} in the running Prometheus; has it loaded the configuration?`;
  if (all.length === 0)
    return count === undefined || count === 0
      ? 'is not discovered, and the job discovers nothing at all: look at the rights of Prometheus’ ServiceAccount (list and watch on pods)'
      : `is not listed: the job dropped ${count} and lists none of them (keep_dropped_targets)`;
  const seen = [...new Set(all.flatMap(({ discovered }) => discovered.get(META.namespace) ?? []))];
  if (seen.length === 0) return `is not discovered: the job ${job.name} discovers no Pods; look at its role`;
  return seen.includes(namespace)
    ? `is not discovered, though others in namespace ${namespace} are: does the Pod run, has it an address, does a selector leave it out?`
    : `is not discovered: the job sees namespace ${oneOf(seen.toSorted())}, not ${namespace}; add it to namespaces.names and give Prometheus list and watch on pods there`;
}
