import type { Preset } from './preset.ts';
import { annotation, copy, drop, keep, labelmap, take } from './rules.ts';

const PORT = annotation('prometheus_io_port');

/**
 * The Helm chart victoria-metrics-agent (VictoriaMetrics/helm-charts, charts/victoria-metrics-agent/values.yaml, commit
 * 00573e12). Its `keep_if_equal` of two labels is Prometheus' `keepequal`.
 */
export const VICTORIA_METRICS: Preset = {
  name: 'victoria-metrics',
  summary: 'kubernetes-pods of the VictoriaMetrics agent’s Helm chart; it drops init containers',
  config: {
    global: { scrape_interval: '10s' },
    scrape_configs: [
      {
        job_name: 'kubernetes-pods',
        kubernetes_sd_configs: [{ role: 'pod' }],
        relabel_configs: [
          drop('true', '__meta_kubernetes_pod_container_init'),
          {
            source_labels: [PORT],
            action: 'keepequal',
            target_label: '__meta_kubernetes_pod_container_port_number',
          },
          keep('true', annotation('prometheus_io_scrape')),
          take(annotation('prometheus_io_path'), '__metrics_path__'),
          {
            source_labels: ['__address__', PORT],
            regex: '([^:]+)(?::\\d+)?;(\\d+)',
            replacement: '$1:$2',
            target_label: '__address__',
          },
          labelmap('__meta_kubernetes_pod_label_(.+)'),
          copy('__meta_kubernetes_pod_name', 'pod'),
          copy('__meta_kubernetes_pod_container_name', 'container'),
          copy('__meta_kubernetes_namespace', 'namespace'),
          copy('__meta_kubernetes_pod_node_name', 'node'),
        ],
      },
    ],
  },
};
