import type { RelabelConfig, ScrapeConfig } from '../scrape-config.ts';
import { labelRules } from './labels.ts';
import { META, POD_LABELS, SERVICE_LABELS, serviceAnnotation, serviceLabel } from '../meta-labels.ts';
import type { JobOptions, Variant } from './options.ts';
import type { ExplainedJob, Speed } from './parts.ts';
import { forEachVariant, head, jobName, ofVariant } from './parts.ts';
import { containerLabel, selectionRules } from './sources.ts';
import { serviceTimeRules } from './times.ts';

/** Jobs of the roles `endpoints`, `endpointslice` and `service`, for the Services that `metricsServices` makes. */
export function serviceJobs(options: JobOptions): readonly ScrapeConfig[] {
  return explainedServiceJobs(options).map(({ config }) => config);
}

/** {@link serviceJobs}, each with its reason. */
export function explainedServiceJobs(options: JobOptions): readonly ExplainedJob[] {
  return forEachVariant(options, (speed, variant) => [serviceJob(options, speed, variant)]);
}

function serviceJob(options: JobOptions, speed: Speed, variant: Variant | undefined): ExplainedJob {
  const { annotationPrefix: prefix } = options;
  const name = jobName(options, 'services', variant, speed);
  const own = (key: string): string => serviceAnnotation(`${prefix}/${key}`);
  const what =
    options.role === 'service'
      ? 'The cluster address of each Service'
      : 'Every Pod behind each Service, at the Service’s own port,';
  const slow = speed === 'slow' ? `; only Services with ${prefix}/scrape-slow: "true"` : '';
  return {
    why: `${what} with the label ${prefix}/metrics: "true"${ofVariant(variant)}${slow}.`,
    config: {
      ...head(options, name, speed, variant),
      relabel_configs: [
        { source_labels: [serviceLabel(`${prefix}/metrics`)], regex: 'true', action: 'keep' },
        { source_labels: [own('scrape-slow')], regex: 'true', action: speed === 'slow' ? 'keep' : 'drop' },
        ...ownPortOfRunningPods(options),
        ...selectionRules(options, variant),
        { source_labels: [own('scheme')], regex: '(https?)', target_label: '__scheme__' },
        { source_labels: [own('path')], regex: '(.+)', target_label: '__metrics_path__' },
        { action: 'labelmap', regex: `${own('param_')}(.+)`, replacement: '__param_$1' },
        ...serviceTimeRules(options),
        ...labels(options, name),
      ],
    },
  };
}

/** Prometheus makes targets of all other container ports of the Pods too; these have no port of an endpoint. */
function ownPortOfRunningPods({ role }: JobOptions): readonly RelabelConfig[] {
  if (role === 'service') return [];
  const port = role === 'endpoints' ? META.endpointPortName : META.endpointSlicePortName;
  return [
    { source_labels: [port], regex: '.+', action: 'keep' },
    { source_labels: [META.phase], regex: 'Pending|Succeeded|Failed', action: 'drop' },
  ];
}

function labels(options: JobOptions, job: string): readonly RelabelConfig[] {
  const container = containerLabel(options);
  if (options.role === 'service') {
    return labelRules(options, job, { container, service: META.service, mapped: SERVICE_LABELS });
  }
  return labelRules(options, job, { container, pod: META.pod, mapped: POD_LABELS });
}
