import { GRAFANA_K8S_MONITORING } from './grafana-k8s-monitoring.ts';
import { OPENFAAS, OPENFAAS_CHART } from './openfaas.ts';
import type { Preset } from './preset.ts';
import { PROMETHEUS_COMMUNITY } from './prometheus-community.ts';
import { VICTORIA_METRICS } from './victoria-metrics.ts';

export type { Preset } from './preset.ts';

/** The presets beside podscrape's own jobs, which follow its configuration. A new one is a file and a line here. */
export const PRESETS: readonly Preset[] = [
  PROMETHEUS_COMMUNITY,
  OPENFAAS,
  OPENFAAS_CHART,
  VICTORIA_METRICS,
  GRAFANA_K8S_MONITORING,
];
