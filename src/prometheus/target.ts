import { parseDuration } from '../core/duration.ts';
import { quoted } from '../core/text.ts';
import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import { makeLabels } from './labels.ts';
import { relabel } from './relabel.ts';
import type { Step } from './relabel.ts';
import { targetUrl } from './target-url.ts';

/** What becomes of one discovered target in one job (prometheus/prometheus `scrape/target.go`, PopulateLabels). */
export type TargetOutcome =
  | { readonly state: 'scraped'; readonly target: ScrapeTarget }
  /** By the rule of the last step. */
  | { readonly state: 'dropped'; readonly rule: number }
  /** Prometheus lists it nowhere and logs the reason. */
  | { readonly state: 'invalid'; readonly reason: string };

/** As `/api/v1/targets` tells an active target. */
export interface ScrapeTarget {
  readonly url: string;
  /** Without those that begin with `__`. */
  readonly labels: Labels;
  readonly interval: string;
  readonly timeout: string;
  /** With `__address__`, `__param_*`, `__tmp_*`: what tells targets apart that look the same. */
  readonly internal: Labels;
}

export interface FoundTarget {
  readonly job: string;
  /** With the job's own: `job`, `__scheme__`, `__metrics_path__`, `__scrape_interval__`, `__param_*`. */
  readonly discovered: Labels;
  readonly steps: readonly Step[];
  readonly outcome: TargetOutcome;
}

/**
 * Prometheus 3 gives these to every discovered target as well. They say how histograms are scraped, differ between its
 * versions, and are left out here.
 */
export const HISTOGRAM_LABELS: ReadonlyMap<string, string> = new Map([
  ['__convert_classic_histograms_to_nhcb__', 'convert classic histograms to nhcb'],
  ['__always_scrape_classic_histograms__', 'always scrape classic histograms'],
  ['__scrape_native_histograms__', 'scrape native histograms'],
]);

/** Carries a discovered target through a job. */
export function findTarget(discovered: Labels, job: Job): FoundTarget {
  const labels = withJob(discovered, job);
  const { labels: relabelled, steps } = relabel(labels, job.rules);
  return { job: job.name, discovered: labels, steps, outcome: outcomeOf(relabelled, steps, job) };
}

/** Targets of one job that Prometheus scrapes once: it counts those with the same labels and the same URL as one. */
export function distinctTargets(found: readonly FoundTarget[]): readonly ScrapeTarget[] {
  const targets = new Map<string, ScrapeTarget>();
  for (const { job, outcome } of found) {
    if (outcome.state !== 'scraped') continue;
    const { internal, url } = outcome.target;
    const identity = JSON.stringify([job, url, ...internal]);
    if (!targets.has(identity)) targets.set(identity, outcome.target);
  }
  return [...targets.values()];
}

/** The job's settings become labels where discovery has not set them, so that rules can change them. */
function withJob(discovered: Labels, job: Job): Labels {
  const own: (readonly [string, string])[] = [
    ['job', job.name],
    ['__scrape_interval__', job.interval],
    ['__scrape_timeout__', job.timeout],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
  ];
  for (const [name, [value]] of Object.entries(job.params)) {
    if (value !== undefined) own.push([`__param_${name}`, value]);
  }
  return makeLabels([...own.filter(([name]) => !discovered.has(name)), ...discovered]);
}

function outcomeOf(labels: Labels | undefined, steps: readonly Step[], job: Job): TargetOutcome {
  if (labels === undefined) return { state: 'dropped', rule: steps.at(-1)?.rule ?? 0 };
  const reason = faultOf(labels);
  if (reason !== undefined) return { state: 'invalid', reason };
  const address = labels.get('__address__') ?? '';
  const internal = makeLabels([
    ['instance', address],
    ...[...labels].filter(([name]) => !name.startsWith('__meta_')),
  ]);
  return {
    state: 'scraped',
    target: {
      url: targetUrl(internal, job.params),
      labels: makeLabels([...internal].filter(([name]) => !name.startsWith('__'))),
      interval: internal.get('__scrape_interval__') ?? '',
      timeout: internal.get('__scrape_timeout__') ?? '',
      internal,
    },
  };
}

/** Why Prometheus gives a target up after relabelling. */
function faultOf(labels: Labels): string | undefined {
  const address = labels.get('__address__');
  if (address === undefined) return '__address__ is empty; a rule took the address away';
  if (address.includes('/')) return `__address__ ${quoted(address)} has a /; write HOST:PORT`;
  const times = { interval: 0, timeout: 0 };
  for (const which of ['interval', 'timeout'] as const) {
    const name = `__scrape_${which}__`;
    const text = labels.get(name);
    if (text === undefined) return `${name} is empty; write it like 30s`;
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined)
      return `${name} ${quoted(text)} is no Prometheus duration; write it like 30s or 1m30s`;
    if (milliseconds === 0) return `${name} ${quoted(text)} is no time at all; write it like 30s`;
    times[which] = milliseconds;
  }
  if (times.timeout > times.interval) {
    const [timeout, interval] = ['timeout', 'interval'].map((which) => labels.get(`__scrape_${which}__`));
    return `__scrape_timeout__ ${timeout ?? ''} is longer than __scrape_interval__ ${interval ?? ''}`;
  }
  for (const name of HISTOGRAM_LABELS.keys()) {
    const text = labels.get(name);
    if (text !== undefined && !/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text))
      return `${name} ${quoted(text)} is not true or false`;
  }
  return undefined;
}
