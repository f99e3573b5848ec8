import type { RelabelConfig, ScrapeConfig } from '../scrape-config.ts';
import type { Preset } from './preset.ts';
import { annotation, copy, keep, labelmap, take } from './rules.ts';

const CONTAINER = '__meta_kubernetes_pod_container_name';

/** The chart's job; it reads no scheme, and its address rule breaks on IPv6. */
const CHART: readonly RelabelConfig[] = [
  labelmap('__meta_kubernetes_pod_label_(.+)'),
  copy('__meta_kubernetes_namespace', 'kubernetes_namespace'),
  copy('__meta_kubernetes_pod_name', 'kubernetes_pod_name'),
  keep('true', annotation('prometheus_io_scrape')),
  {
    source_labels: ['__address__', annotation('prometheus_io_port')],
    regex: '([^:]+)(?::\\d+)?;(\\d+)',
    replacement: '$1:$2',
    target_label: '__address__',
  },
  take(annotation('prometheus_io_path'), '__metrics_path__'),
];

function job(relabel_configs: readonly RelabelConfig[]): ScrapeConfig {
  return {
    job_name: 'kubernetes-pods',
    scrape_interval: '5s',
    scrape_timeout: '5s',
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs,
  };
}

/**
 * OpenFaaS' experiment to collect the metrics of a second container: the job of its chart (openfaas/faas-netes,
 * chart/openfaas/templates/prometheus-cfg.yaml), with the container's name as a label and as `app`.
 */
export const OPENFAAS: Preset = {
  name: 'openfaas',
  summary: 'OpenFaaS’ experiment: its chart’s job with the container rule, and app from the container',
  config: {
    scrape_configs: [
      job([
        copy(CONTAINER, 'app'),
        { regex: '__meta_kubernetes_pod_label_app$', action: 'labeldrop' },
        ...CHART,
        copy(CONTAINER, 'kubernetes_container_name'),
      ]),
    ],
  },
};

/** The same chart's job as it comes. */
export const OPENFAAS_CHART: Preset = {
  name: 'openfaas-chart',
  summary: 'kubernetes-pods of the OpenFaaS Helm chart, as it comes',
  config: { scrape_configs: [job(CHART)] },
};
