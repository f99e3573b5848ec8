import type { Job } from './job.ts';
import { LabelBuilder } from './label-builder.ts';
import type { Labels } from './labels.ts';
import { makeLabels } from './labels.ts';
import { META } from './meta-labels.ts';
import type { HistogramConfig } from './scrape-config.ts';

/**
 * How histograms are scraped, as labels that every discovered target has, and that rules may change. Prometheus has them
 * since 3.13 (`scrape/target.go`, PopulateDiscoveredLabels).
 */
export const HISTOGRAM_LABELS: ReadonlyMap<string, keyof HistogramConfig> = new Map([
  ['__convert_classic_histograms_to_nhcb__', 'convert_classic_histograms_to_nhcb'],
  ['__always_scrape_classic_histograms__', 'always_scrape_classic_histograms'],
  ['__scrape_native_histograms__', 'scrape_native_histograms'],
]);

/** In Prometheus' order. */
const OF_JOB = [
  ...['job', '__scrape_interval__', '__scrape_timeout__', '__metrics_path__', '__scheme__'],
  ...HISTOGRAM_LABELS.keys(),
];

/** What one container and port have of their own; all else is the same for the whole Pod. */
const OF_TARGET: readonly string[] = [
  ...['__address__', META.container, META.containerId, META.containerImage, META.init],
  ...[META.portName, META.portNumber, META.portProtocol],
];

/** The job's settings become labels where discovery has not set them, so that rules can change them. */
export function withJob(discovered: Labels, job: Job): Labels {
  const own: (readonly [string, string])[] = [
    ['job', job.name],
    ['__scrape_interval__', job.interval],
    ['__scrape_timeout__', job.timeout],
    ['__metrics_path__', job.metricsPath],
    ['__scheme__', job.scheme],
    ...[...HISTOGRAM_LABELS].map(([name, key]) => [name, String(job.histograms[key])] as const),
  ];
  for (const [name, [value]] of Object.entries(job.params)) {
    if (value !== undefined) own.push([`__param_${name}`, value]);
  }
  return makeLabels([...own.filter(([name]) => !discovered.has(name)), ...discovered]);
}

/** With which group of labels Prometheus sets one that a target is discovered with; a group comes after another. */
export function setWith(name: string): number {
  if (OF_TARGET.includes(name)) return 0;
  if (OF_JOB.includes(name)) return 2;
  return name.startsWith('__param_') ? 3 : 1;
}

/** Whether the order within a group is that of a Go map, which is any. */
export function isByChance(group: number): boolean {
  return group !== 2;
}

/**
 * The labels in the order in which Prometheus sets them, which is the order in which labelmap goes through them. Where
 * that is any, they are sorted by name.
 */
export function builderOf(labels: Labels): LabelBuilder {
  const builder = new LabelBuilder(new Map());
  const groups = Map.groupBy(labels, ([name]) => setWith(name));
  const ofJob = (groups.get(2) ?? []).sort(([one], [other]) => OF_JOB.indexOf(one) - OF_JOB.indexOf(other));
  for (const group of [groups.get(0), groups.get(1), ofJob, groups.get(3)])
    for (const [name, value] of group ?? []) builder.set(name, value);
  return builder;
}
