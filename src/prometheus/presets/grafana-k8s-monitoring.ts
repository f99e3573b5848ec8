import type { RelabelConfig, ScrapeConfig } from '../scrape-config.ts';
import type { Preset } from './preset.ts';
import { addressOf, annotation, copy, drop, keep, labelmap, take } from './rules.ts';

const key = (name: string): string => annotation(`k8s_grafana_com_${name}`);
const PORT_NAME = '__meta_kubernetes_pod_container_port_name';

/** The first of what comes before it and `source`. */
const otherwise = (source: string): RelabelConfig => ({
  source_labels: ['job', source],
  regex: ';(.+)',
  target_label: 'job',
});

/** Keeps what is the annotation's, where there is the annotation. */
const chosen = (label: string, said: string, temporary: string): readonly RelabelConfig[] => [
  copy(label, temporary),
  take(said, temporary),
  { source_labels: [label], action: 'keepequal', target_label: temporary },
  { action: 'labeldrop', regex: temporary },
];

const COMMON: readonly RelabelConfig[] = [
  keep('true', key('scrape')),
  keep(
    'Running;true;false',
    '__meta_kubernetes_pod_phase',
    '__meta_kubernetes_pod_ready',
    '__meta_kubernetes_pod_container_init',
  ),
  copy('__meta_kubernetes_pod_name', 'pod'),
  copy('__meta_kubernetes_pod_container_name', 'container'),
  copy('__meta_kubernetes_namespace', 'namespace'),
  copy(key('job'), 'job'),
  otherwise('__meta_kubernetes_pod_label_app_kubernetes_io_name'),
  otherwise('__meta_kubernetes_pod_label_app'),
  otherwise('container'),
  copy(key('instance'), 'instance'),
  ...chosen('container', key('metrics_container'), '__tmp_container'),
  take(key('metrics_path'), '__metrics_path__'),
  labelmap('__meta_kubernetes_pod_annotation_k8s_grafana_com_metrics_param_(.+)', '__param_$1'),
  ...chosen(PORT_NAME, key('metrics_portName'), '__tmp_port'),
  ...addressOf(key('metrics_portNumber')),
  take(key('metrics_scheme'), '__scheme__'),
  take(key('metrics_scrapeInterval'), '__scrape_interval__'),
  take(key('metrics_scrapeTimeout'), '__scrape_timeout__'),
];

const job = (scheme: 'http' | 'https', last: RelabelConfig): ScrapeConfig => ({
  job_name: `annotation_autodiscovery_${scheme}`,
  honor_labels: true,
  kubernetes_sd_configs: [{ role: 'pod' }],
  ...(scheme === 'https' ? { tls_config: { insecure_skip_verify: true } } : {}),
  relabel_configs: [...COMMON, last],
});

/**
 * The annotation autodiscovery of Grafana's k8s-monitoring chart with its defaults (grafana/k8s-monitoring-helm,
 * charts/k8s-monitoring/charts/feature-annotation-autodiscovery/templates/_pods.alloy.tpl and _module.alloy.tpl, commit
 * 0b71db6a): Alloy's rules in Prometheus' words. Alloy sets a time that nobody asked for by a rule, Prometheus by the
 * job; the result is the same.
 */
export const GRAFANA_K8S_MONITORING: Preset = {
  name: 'grafana-k8s-monitoring',
  summary: 'annotation autodiscovery of Grafana’s k8s-monitoring Helm chart (k8s.grafana.com)',
  config: {
    global: { scrape_interval: '60s', scrape_timeout: '10s' },
    scrape_configs: [job('http', drop('https', '__scheme__')), job('https', keep('https', '__scheme__'))],
  },
};
