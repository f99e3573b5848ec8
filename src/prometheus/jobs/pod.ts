import type { RelabelConfig, ScrapeConfig } from '../scrape-config.ts';
import type { DialectKeys } from './keys.ts';
import { dialectKeys } from './keys.ts';
import type { LabelSources } from './labels.ts';
import { labelRules } from './labels.ts';
import { markRule } from './mark.ts';
import { annotation, META, POD_LABELS } from '../meta-labels.ts';
import type { JobOptions, Variant } from './options.ts';
import type { ExplainedJob, Speed } from './parts.ts';
import { forEachVariant, head, jobName, ofVariant, speedsOf } from './parts.ts';
import { selectionRules } from './sources.ts';
import { grafanaTimeRules, slowTimeRules, timeRules } from './times.ts';

/**
 * Jobs of the role `pod`: the annotated port of marked Pods, their named metrics ports, and unmarked Pods as the
 * community's charts scrape them. A rule sees one target, never its siblings: the webhook guarantees that the annotated
 * port of a marked Pod is a number that a container declares for TCP.
 */
export function podJobs(options: JobOptions): readonly ScrapeConfig[] {
  return explainedPodJobs(options).map(({ config }) => config);
}

/** {@link podJobs}, each with its reason. */
export function explainedPodJobs(options: JobOptions): readonly ExplainedJob[] {
  return [
    ...forEachVariant(options, (speed, variant) => [
      annotatedJob(options, speed, variant),
      namedJob(options, speed, variant),
    ]),
    ...speedsOf(options).map((speed) => classicJob(options, speed)),
  ];
}

const LABELS: LabelSources = { pod: META.pod, mapped: POD_LABELS };

function annotatedJob(options: JobOptions, speed: Speed, variant: Variant | undefined): ExplainedJob {
  const keys = dialectKeys(options.dialect);
  const name = jobName(options, 'annotated', variant, speed);
  const port = annotation(keys.port);
  return {
    why: `The port that ${keys.port} of a Pod that ${options.annotationPrefix}/status marks names${ofVariant(variant)}${ofSpeed(speed, keys)}.`,
    config: {
      ...head(options, name, speed, variant),
      relabel_configs: [
        ...ofMarkedPods(options, keys, speed, variant),
        // First, because keepequal lets pass what is empty on both sides.
        { source_labels: [port], regex: '[0-9]+', action: 'keep' },
        // Istio's agent serves 15020, which nobody declares: its proxy's 15090 stands for it.
        {
          source_labels: [port, META.container, '__address__'],
          regex: '15020;istio-proxy;(.+):15090',
          target_label: '__address__',
          replacement: '$1:15020',
        },
        {
          source_labels: [port, META.container, META.portNumber],
          regex: '15020;istio-proxy;15090',
          target_label: META.portNumber,
          replacement: '15020',
        },
        { source_labels: [META.portNumber], action: 'keepequal', target_label: port },
        ...described(keys),
        ...times(options, keys, speed),
        ...labelRules(options, name, { ...LABELS, container: META.container }),
      ],
    },
  };
}

function namedJob(options: JobOptions, speed: Speed, variant: Variant | undefined): ExplainedJob {
  const keys = dialectKeys(options.dialect);
  const name = jobName(options, 'named', variant, speed);
  const port = annotation(keys.port);
  const unlessPort = (key: string, regex: string, target_label: string): RelabelConfig => ({
    source_labels: [port, annotation(key)],
    regex: `;${regex}`,
    target_label,
  });
  return {
    why: `Ports named metrics or *-metrics of a Pod that ${options.annotationPrefix}/status marks, but for the annotated one${ofVariant(variant)}${ofSpeed(speed, keys)}.`,
    config: {
      ...head(options, name, speed, variant),
      relabel_configs: [
        ...ofMarkedPods(options, keys, speed, variant),
        // Istio's agent serves what these ports do.
        { source_labels: [port], regex: '15020', action: 'drop' },
        { source_labels: [META.portName], regex: '(?:.+-)?metrics', action: 'keep' },
        { source_labels: [META.portNumber], action: 'dropequal', target_label: port },
        // Where no port is annotated, the rest describes every target.
        unlessPort(keys.scheme, '(https?)', '__scheme__'),
        unlessPort(keys.path, '(.+)', '__metrics_path__'),
        // What describes the annotated port says nothing of these.
        ...times(options, {}, speed),
        ...labelRules(options, name, { ...LABELS, container: META.container }),
      ],
    },
  };
}

function classicJob(options: JobOptions, speed: Speed): ExplainedJob {
  const keys = dialectKeys(options.dialect);
  const name = jobName(options, 'classic', undefined, speed);
  const port = annotation(keys.port);
  return {
    why: `Pods without ${options.annotationPrefix}/status, or whose status says refused or skipped, as the community's charts scrape them: one target, or each declared port where ${keys.port} is not set${ofSpeed(speed, keys)}.`,
    config: {
      ...head(options, name, speed, undefined),
      relabel_configs: [
        ...common(options, keys, speed),
        markRule(options, 'unmarked'),
        ...grafanaPlace(keys),
        {
          source_labels: [port, META.podIp],
          regex: '([0-9]+);(.*:.*)',
          target_label: '__address__',
          replacement: '[$2]:$1',
        },
        {
          source_labels: [port, META.podIp],
          regex: '([0-9]+);([^:]+)',
          target_label: '__address__',
          replacement: '$2:$1',
        },
        ...described(keys),
        ...grafanaTimeRules(keys),
        // No container: a port that several containers' targets are rewritten to is one target.
        ...labelRules(options, name, LABELS),
      ],
    },
  };
}

function common(options: JobOptions, keys: DialectKeys, speed: Speed): readonly RelabelConfig[] {
  return [
    // Operator-mode Pods have no such annotation, and their monitors scrape them.
    { source_labels: [annotation(keys.scrape)], regex: 'true', action: 'keep' },
    { source_labels: [annotation(keys.slow)], regex: 'true', action: speed === 'slow' ? 'keep' : 'drop' },
    { source_labels: [META.phase], regex: 'Pending|Succeeded|Failed', action: 'drop' },
  ];
}

function ofMarkedPods(
  options: JobOptions,
  keys: DialectKeys,
  speed: Speed,
  variant: Variant | undefined,
): readonly RelabelConfig[] {
  return [
    ...common(options, keys, speed),
    markRule(options, 'marked'),
    // Prometheus makes targets of UDP ports too.
    { source_labels: [META.portProtocol], regex: 'TCP', action: 'keep' },
    ...selectionRules(options, variant),
  ];
}

/** Scheme, path and parameters of the port that the annotations are about. */
function described(keys: DialectKeys): readonly RelabelConfig[] {
  return [
    { source_labels: [annotation(keys.scheme)], regex: '(https?)', target_label: '__scheme__' },
    { source_labels: [annotation(keys.path)], regex: '(.+)', target_label: '__metrics_path__' },
    { action: 'labelmap', regex: `${annotation(keys.param)}(.+)`, replacement: '__param_$1' },
  ];
}

/** `metrics.portName` and `metrics.container` choose among the declared ports of an unmarked Pod, where they are set. */
function grafanaPlace({ grafana }: DialectKeys): readonly RelabelConfig[] {
  if (grafana === undefined) return [];
  const equal = (key: string, label: string, wanted: string): readonly RelabelConfig[] => [
    { source_labels: [annotation(key)], target_label: wanted },
    { source_labels: [wanted, label], regex: ';(.*)', target_label: wanted },
    { source_labels: [label], action: 'keepequal', target_label: wanted },
  ];
  return [
    ...equal(grafana.portName, META.portName, '__tmp_podscrape_port_name'),
    ...equal(grafana.container, META.container, '__tmp_podscrape_container'),
    // They would tell apart targets that are one.
    { action: 'labeldrop', regex: '__tmp_podscrape_.+' },
  ];
}

function times(
  options: JobOptions,
  keys: Pick<DialectKeys, 'grafana'>,
  speed: Speed,
): readonly RelabelConfig[] {
  return speed === 'slow' && options.slow !== undefined
    ? slowTimeRules(options, options.slow)
    : timeRules(options, keys);
}

function ofSpeed(speed: Speed, { slow }: DialectKeys): string {
  return speed === 'slow' ? `; only Pods with ${slow}: "true"` : '';
}
