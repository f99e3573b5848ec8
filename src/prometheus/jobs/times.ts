import type { RelabelConfig } from '../scrape-config.ts';
import { atLeast, DURATION_OR_INHERIT } from './durations.ts';
import type { DialectKeys } from './keys.ts';
import { annotation, podLabel, serviceAnnotation } from '../meta-labels.ts';
import type { JobOptions } from './options.ts';
import { sourceLabels, sourcePattern } from './sources.ts';

const INTERVAL = '__tmp_podscrape_interval';
const TIMEOUT = '__tmp_podscrape_timeout';

/**
 * `P/interval` and `P/timeout` of marked Pods, as the engine decides them (`core/scrape-times.ts`): the Pod's word, else
 * its profile's, else podscrape's defaults; `inherit` writes nothing, so that the job's own times hold.
 */
export function timeRules(
  options: JobOptions,
  { grafana }: Pick<DialectKeys, 'grafana'>,
): readonly RelabelConfig[] {
  return [...intervalRules(options, grafana?.interval), ...timeoutRules(options, grafana?.timeout)];
}

/** Of Pods that ask to be scraped slowly: the Pod's word, else the job's times. */
export function slowTimeRules(
  options: JobOptions,
  slow: { readonly timeout: string },
): readonly RelabelConfig[] {
  return [
    ...said(options, 'interval', INTERVAL),
    written(INTERVAL, '__scrape_interval__'),
    ...defaultTimeout([], slow.timeout),
    ...said(options, 'timeout', TIMEOUT),
    written(TIMEOUT, '__scrape_timeout__'),
  ];
}

/** What a printed Service says: its times are decided. */
export function serviceTimeRules({ annotationPrefix }: JobOptions): readonly RelabelConfig[] {
  return [
    { ...fromDuration, source_labels: [serviceAnnotation(`${annotationPrefix}/interval`)] },
    {
      ...fromDuration,
      source_labels: [serviceAnnotation(`${annotationPrefix}/timeout`)],
      target_label: '__scrape_timeout__',
    },
  ];
}

const fromDuration = { regex: '([0-9].*)', target_label: '__scrape_interval__' } as const;

/** The times that `k8s.grafana.com` has annotations for, on Pods that are not marked. */
export function grafanaTimeRules({ grafana }: DialectKeys): readonly RelabelConfig[] {
  if (grafana === undefined) return [];
  return [
    from(annotation(grafana.interval), '__scrape_interval__'),
    from(annotation(grafana.timeout), '__scrape_timeout__'),
  ];
}

function intervalRules(options: JobOptions, grafana: string | undefined): readonly RelabelConfig[] {
  return [
    { target_label: INTERVAL, replacement: options.interval },
    ...options.times.flatMap((times): readonly RelabelConfig[] => {
      const { interval } = times;
      if (interval === undefined) return [];
      const source = { source_labels: sourceLabels(options), regex: sourcePattern(options, times) };
      return [{ ...source, target_label: INTERVAL, replacement: interval }];
    }),
    // Written from what was decided for the target that it describes.
    ...(grafana === undefined ? [] : [from(annotation(grafana), INTERVAL)]),
    ...said(options, 'interval', INTERVAL),
    written(INTERVAL, '__scrape_interval__'),
  ];
}

function timeoutRules(options: JobOptions, grafana: string | undefined): readonly RelabelConfig[] {
  return [
    ...defaultTimeout([], options.timeout),
    ...options.times.flatMap((times) => {
      if (times.timeout === undefined) return [];
      return defaultTimeout(sourceLabels(options), times.timeout, `;${sourcePattern(options, times)}`);
    }),
    ...(grafana === undefined ? [] : [from(annotation(grafana), TIMEOUT)]),
    ...said(options, 'timeout', TIMEOUT),
    written(TIMEOUT, '__scrape_timeout__'),
  ];
}

/**
 * A timeout that nobody asked for is lowered to the interval in force, which by now stands in `__scrape_interval__`:
 * Prometheus refuses a target whose timeout is longer.
 */
function defaultTimeout(sources: readonly string[], timeout: string, pattern = ''): readonly RelabelConfig[] {
  const source_labels = ['__scrape_interval__', ...sources];
  if (timeout === 'inherit')
    return [{ source_labels, regex: `[^;]+${pattern}`, target_label: TIMEOUT, replacement: timeout }];
  return [
    { source_labels, regex: `([^;]+)${pattern}`, target_label: TIMEOUT },
    { source_labels, regex: `${atLeast(timeout)}${pattern}`, target_label: TIMEOUT, replacement: timeout },
  ];
}

/** The Pod's own word, its annotation above its label. */
function said(
  { annotationPrefix }: JobOptions,
  attribute: 'interval' | 'timeout',
  target: string,
): readonly RelabelConfig[] {
  const key = `${annotationPrefix}/${attribute}`;
  return [from(podLabel(key), target), from(annotation(key), target)];
}

function from(source: string, target: string): RelabelConfig {
  return { source_labels: [source], regex: DURATION_OR_INHERIT, target_label: target };
}

/** `inherit` begins with no digit. */
function written(source: string, target: string): RelabelConfig {
  return { source_labels: [source], regex: '([0-9].*)', target_label: target };
}
