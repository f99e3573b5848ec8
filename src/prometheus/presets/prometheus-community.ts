import type { RelabelConfig } from '../scrape-config.ts';
import type { Preset } from './preset.ts';
import { addressOf, annotation, copy, drop, keep, labelmap, take } from './rules.ts';

/** What both jobs do once they have chosen their Pods. */
const COMMON: readonly RelabelConfig[] = [
  take(annotation('prometheus_io_scheme'), '__scheme__', '(https?)'),
  take(annotation('prometheus_io_path'), '__metrics_path__'),
  ...addressOf(annotation('prometheus_io_port')),
  labelmap('__meta_kubernetes_pod_annotation_prometheus_io_param_(.+)', '__param_$1'),
  labelmap('__meta_kubernetes_pod_label_(.+)'),
  copy('__meta_kubernetes_namespace', 'namespace'),
  copy('__meta_kubernetes_pod_name', 'pod'),
  drop('Pending|Succeeded|Failed|Completed', '__meta_kubernetes_pod_phase'),
  copy('__meta_kubernetes_pod_node_name', 'node'),
];

const SLOW = annotation('prometheus_io_scrape_slow');

/** The Helm chart `prometheus` 27.46.0 (prometheus-community/helm-charts, charts/prometheus/values.yaml). */
export const PROMETHEUS_COMMUNITY: Preset = {
  name: 'prometheus-community',
  summary: 'kubernetes-pods and kubernetes-pods-slow of the prometheus-community Helm chart',
  config: {
    global: { scrape_interval: '1m', scrape_timeout: '10s' },
    scrape_configs: [
      {
        job_name: 'kubernetes-pods',
        honor_labels: true,
        kubernetes_sd_configs: [{ role: 'pod' }],
        relabel_configs: [keep('true', annotation('prometheus_io_scrape')), drop('true', SLOW), ...COMMON],
      },
      {
        job_name: 'kubernetes-pods-slow',
        honor_labels: true,
        scrape_interval: '5m',
        scrape_timeout: '30s',
        kubernetes_sd_configs: [{ role: 'pod' }],
        relabel_configs: [keep('true', SLOW), ...COMMON],
      },
    ],
  },
};
