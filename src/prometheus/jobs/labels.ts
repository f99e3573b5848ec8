import type { RelabelConfig } from '../scrape-config.ts';
import type { POD_LABELS, SERVICE_LABELS } from '../meta-labels.ts';
import { META } from '../meta-labels.ts';
import type { JobOptions } from './options.ts';

/** Label names that Prometheus gives a meaning of its own, so that a Pod's label must not take them. */
export const RESERVED_LABELS: readonly string[] = ['instance', 'job', 'le', 'quantile'];

/** Which labels tell the targets of a job apart, and from where. */
export interface LabelSources {
  /** None where it would tell apart what is one target. */
  readonly container?: string;
  /** None where targets are no Pods. */
  readonly pod?: string;
  readonly service?: string;
  /** What the labels that `labelmap` takes stand behind. */
  readonly mapped: typeof POD_LABELS | typeof SERVICE_LABELS;
}

/** The target's labels: the Pod's own first, so that ours win. */
export function labelRules(
  options: JobOptions,
  job: string,
  { container, pod, service, mapped }: LabelSources,
): readonly RelabelConfig[] {
  const { labels, appLabelFromContainer } = options;
  const rows: readonly (readonly [source: string | undefined, target: string])[] = [
    [META.namespace, labels.namespace],
    [pod, labels.pod],
    [service, 'service'],
    [container, labels.container],
    [appLabelFromContainer ? container : undefined, 'app'],
  ];
  return [
    ...mapRules(options, job, mapped),
    ...rows.flatMap(([source, target_label]) =>
      source === undefined ? [] : [{ source_labels: [source], target_label }],
    ),
  ];
}

function mapRules({ labelmap }: JobOptions, job: string, prefix: string): readonly RelabelConfig[] {
  if (labelmap === undefined) return [];
  const group = /^\([^()?]+\)$/.test(labelmap) ? labelmap : `(${labelmap})`;
  return [
    { action: 'labelmap', regex: `${prefix}${group}` },
    { action: 'labeldrop', regex: RESERVED_LABELS.join('|') },
    { target_label: 'job', replacement: job },
  ];
}
