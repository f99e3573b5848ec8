import type { Target } from '../core/decision.ts';
import { isMerged } from '../core/istio.ts';
import type { Job } from './job.ts';
import type { JobScrapes, PodScrapes } from './explain.ts';
import { placeOf, urlParts } from './explain.ts';
import { META } from './meta-labels.ts';
import { dropWords } from './explain-words.ts';
import type { Labels } from './labels.ts';
import type { FoundTarget, ScrapeTarget } from './target.ts';

/** A target that was asked for, and what becomes of it. */
export interface Requested {
  readonly target: Target;
  /** None where it would not be scraped. */
  readonly by: readonly RequestedScrape[];
  /** Why not, for each job that could have; in words. */
  readonly why: readonly Why[];
  /** Jobs of which it cannot be told whether they scrape it, and why; none where another does for certain. */
  readonly untold: readonly Why[];
}

/** How a requested target is scraped. */
export interface RequestedScrape {
  readonly job: string;
  readonly scrape: ScrapeTarget;
  /** By Istio's agent, which carries it among others. */
  readonly merged: boolean;
}

export interface Why {
  readonly job: string;
  readonly words: string;
}

/** Istio's agent serves what it merged there (istio/istio, `pkg/kube/inject/webhook.go`). */
const MERGED = { port: 15020, path: '/stats/prometheus' } as const;

/**
 * What becomes of each target that was asked for. A Pod with a monitor is scraped by the monitor's jobs, which are none
 * of these: its targets do not count.
 *
 * @param length how much of a value the words show, in characters
 */
export function requestedTargets(
  targets: readonly Target[],
  scrapes: PodScrapes,
  length?: number,
): readonly Requested[] {
  const merging = isMerged(scrapes.pod);
  return targets.map((target) => {
    const by = scrapes.jobs.flatMap(({ job, targets: scraped }) =>
      scraped.flatMap((scrape): readonly RequestedScrape[] => {
        if (isSameTarget(target, scrape.url)) return [{ job: job.name, scrape, merged: false }];
        const merged = merging && target.scheme === 'http' && isMergedUrl(scrape.url);
        return merged ? [{ job: job.name, scrape, merged: true }] : [];
      }),
    );
    if (by.length > 0) return { target, by, why: [], untold: [] };
    const untold = scrapes.jobs.flatMap((one) => whyUntold(target, one));
    const others = scrapes.jobs.filter(({ job }) => !untold.some((one) => one.job === job.name));
    return { target, by, why: others.flatMap((one) => whyNot(target, one, scrapes, length)), untold };
  });
}

/** Whether a URL is the target's: scheme, port, path, and every parameter. */
export function isSameTarget({ scheme, port, path, params }: Target, url: string): boolean {
  const parts = urlParts(url);
  if (parts === undefined) return false;
  return (
    parts.scheme === scheme &&
    parts.port === port &&
    parts.path === path &&
    params.every(([name, value]) => parts.params.getAll(name).includes(value))
  );
}

function isMergedUrl(url: string): boolean {
  const parts = urlParts(url);
  return parts?.scheme === 'http' && parts.port === MERGED.port && parts.path === MERGED.path;
}

/** Why it cannot be told whether a job scrapes a target; what is untold of other places may be rewritten to it. */
function whyUntold(target: Target, { job, discovery, found }: JobScrapes): readonly Why[] {
  if (discovery.state === 'untold') return [{ job: job.name, words: discovery.reason }];
  const own = found.filter(({ discovered }) => isPlace(target, discovered));
  const [first] = (own.length > 0 ? own : found).flatMap(({ outcome }) =>
    outcome.state === 'untold' ? [outcome.reason] : [],
  );
  return first === undefined ? [] : [{ job: job.name, words: `cannot be told: ${first}` }];
}

function whyNot(target: Target, one: JobScrapes, scrapes: PodScrapes, length?: number): readonly Why[] {
  const { job, discovery, found, targets } = one;
  const why = (words: string): readonly Why[] => [{ job: job.name, words }];
  if (discovery.state === 'not-explained' || discovery.state === 'untold') return [];
  if (discovery.state === 'not-discovered') return why(`does not discover the Pod: ${discovery.reason}`);
  const own = found.filter(({ discovered }) => isPlace(target, discovered));
  const near = targets.filter(({ url }) => urlParts(url)?.port === target.port);
  if (near.length > 0) return why(`scrapes ${near.map(({ url }) => url).join(' and ')} instead`);
  if (own.length === 0) {
    // Any of the Pod's targets could have been rewritten to the port by an annotation; the first tells why it was not.
    const first = found.find(({ outcome }) => outcome.state === 'dropped');
    const undeclared = `no container declares ${target.container}:${target.port}, and only declared ports are discovered`;
    const isAll = first !== undefined && found.every(({ outcome }) => outcome.state !== 'scraped');
    return why(isAll ? `${undeclared}; ${lost(first, job, length)}` : undeclared);
  }
  return own.flatMap((each) => why(lost(each, job, length)));
}

function isPlace({ container, port }: Target, discovered: Labels): boolean {
  return discovered.get(META.container) === container && discovered.get(META.portNumber) === String(port);
}

function lost(found: FoundTarget, job: Job, length?: number): string {
  const place = placeOf(found.discovered);
  const { outcome } = found;
  switch (outcome.state) {
    case 'dropped':
      return `${place} dropped by ${dropWords(found, job, length)}`;
    case 'untold':
      return `${place} cannot be told: ${outcome.reason}`;
    case 'invalid':
      return `${place} given up by Prometheus: ${outcome.reason}`;
    case 'scraped':
      return `${place} scraped as ${outcome.target.url} instead`;
  }
}
