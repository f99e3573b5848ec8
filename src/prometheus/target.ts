import { parseDuration } from '../core/duration.ts';
import { quoted } from '../core/text.ts';
import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import { makeLabels } from './labels.ts';
import { MAY_DROP, relabel } from './relabel.ts';
import type { Step } from './relabel.ts';
import { builderOf, HISTOGRAM_LABELS, withJob } from './target-labels.ts';
import { targetUrl } from './target-url.ts';
import { UnknownLabels } from './unknown-labels.ts';
import type { Unknown, UnknownName } from './unknown-labels.ts';

/** What becomes of one discovered target in one job (prometheus/prometheus `scrape/target.go`, PopulateLabels). */
export type TargetOutcome =
  | { readonly state: 'scraped'; readonly target: ScrapeTarget }
  /** By the rule of the last step. */
  | { readonly state: 'dropped'; readonly rule: number }
  /** Prometheus lists it nowhere and logs the reason. */
  | { readonly state: 'invalid'; readonly reason: string }
  /** It depends on metadata of other objects, which are not known. */
  | { readonly state: 'untold'; readonly reason: string };

/** As `/api/v1/targets` tells an active target. */
export interface ScrapeTarget {
  readonly url: string;
  /** Without those that begin with `__`. */
  readonly labels: Labels;
  readonly interval: string;
  readonly timeout: string;
  /** With `__address__`, `__param_*`, `__tmp_*`: what tells targets apart that look the same. */
  readonly internal: Labels;
  /** Why labels may be missing here, or be others. */
  readonly unknown?: Unknown;
}

export interface FoundTarget {
  readonly job: string;
  /** With the job's own: `job`, `__scheme__`, `__metrics_path__`, `__scrape_interval__`, `__param_*`. */
  readonly discovered: Labels;
  readonly steps: readonly Step[];
  readonly outcome: TargetOutcome;
}

/**
 * Carries a discovered target through a job.
 *
 * @param names labels that it may have as well, and that are not known
 */
export function findTarget(discovered: Labels, job: Job, names: readonly UnknownName[] = []): FoundTarget {
  const labels = withJob(discovered, job);
  const unknown = new UnknownLabels(names, labels.keys());
  const { labels: relabelled, steps } = relabel(labels, job.rules, { builder: builderOf(labels), unknown });
  const outcome = untold(relabelled, steps, job, unknown) ?? outcomeOf(relabelled, steps, job);
  if (outcome.state !== 'scraped') return { job: job.name, discovered: labels, steps, outcome };
  const partly = unknownLabel(outcome.target, unknown);
  const target = partly === undefined ? outcome.target : { ...outcome.target, unknown: partly };
  return { job: job.name, discovered: labels, steps, outcome: { state: 'scraped', target } };
}

/** What a target is scraped by. */
const DECISIVE = [
  ...['__address__', '__scheme__', '__metrics_path__', '__scrape_interval__', '__scrape_timeout__'],
  ...HISTOGRAM_LABELS.keys(),
];

/** Whether and how it is scraped cannot be told; what a later rule drops is dropped all the same. */
function untold(
  labels: Labels | undefined,
  steps: readonly Step[],
  job: Job,
  unknown: UnknownLabels,
): TargetOutcome | undefined {
  if (labels === undefined) return undefined;
  for (const { rule, effect, reads } of steps) {
    const action = job.rules[rule]?.action ?? 'replace';
    if (effect === 'untold' && reads !== undefined && MAY_DROP.has(action))
      return { state: 'untold', reason: `rule ${rule + 1} (${action}) reads ${unknownWords(reads)}` };
  }
  for (const name of [...DECISIVE, '__param_']) {
    const found = name === '__param_' ? unknown.findBelow(name) : unknown.find(name);
    if (found === undefined) continue;
    const which = name === '__param_' ? 'a parameter' : name;
    return {
      state: 'untold',
      reason: `${ruleText(found, job)} may write ${which} from ${unknownWords(found)}`,
    };
  }
  return undefined;
}

/** Why not all of its labels are known. */
function unknownLabel({ labels }: ScrapeTarget, unknown: UnknownLabels): Unknown | undefined {
  const shown = [...labels.keys()].map((name) => unknown.find(name)).find((found) => found !== undefined);
  return shown ?? unknown.findPublic();
}

/** `rule 3 (labelmap)`: what has made a label unknown. */
export function ruleText({ rule = 0 }: Unknown, job: Job): string {
  return `rule ${rule + 1} (${job.rules[rule]?.action ?? 'replace'})`;
}

/** What is not known, and where one could know it from. */
export function unknownWords({ label, of }: Unknown): string {
  return `${label}, which is metadata of the ${of} and not known here`;
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
