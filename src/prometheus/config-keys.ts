import { didYouMean } from '../core/problem.ts';
import { oneOf } from '../core/text.ts';

/** Discoveries beside `kubernetes` and `static` (prometheus/prometheus `discovery/install`); what is in them is not read. */
export const OTHER_DISCOVERIES = [
  ...['aws', 'azure', 'consul', 'digitalocean', 'dns', 'docker', 'dockerswarm', 'ec2', 'ecs', 'elasticache'],
  ...['eureka', 'file', 'gce', 'hetzner', 'http', 'ionos', 'kuma', 'lightsail', 'linode', 'marathon', 'msk'],
  ...[
    'nerve',
    'nomad',
    'oci',
    'openstack',
    'outscale',
    'ovhcloud',
    'puppetdb',
    'rds',
    'scaleway',
    'serverset',
  ],
  ...['stackit', 'triton', 'uyuni', 'vultr'],
].map((name) => `${name}_sd_configs`);

/** Keys that other software reads and Prometheus refuses. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  [
    'if',
    'is a key of VictoriaMetrics; in Prometheus write source_labels and regex with action: keep or drop',
  ],
  ...[
    ...['relabel_debug', 'metric_relabel_debug', 'stream_parse', 'scrape_align_interval', 'scrape_offset'],
    ...['no_stale_markers', 'disable_compression', 'disable_keepalive', 'series_limit', 'max_scrape_size'],
    ...['headers', 'proxy_headers'],
  ].map((key) => [key, 'is a key of VictoriaMetrics, which Prometheus refuses; leave it out'] as const),
  ...['podMetricsEndpoints', 'endpoints', 'namespaceSelector', 'selector'].map(
    (key) =>
      [key, 'is a key of the Prometheus operator; hand over the prometheus.yml that it makes'] as const,
  ),
  ['extraScrapeConfigs', "is a key of the chart's values; hand over the jobs below it"],
  ['serverFiles', "is a key of the chart's values; hand over what is below prometheus.yml"],
  ['additionalScrapeConfigs', "is a key of the chart's values; hand over the jobs below it"],
  ['static_config', 'unknown key; did you mean static_configs?'],
]);

/** What is told of a key that Prometheus does not know. */
export function unknownKey(key: string, known: readonly string[]): string {
  const foreign = FOREIGN.get(key);
  if (foreign !== undefined) return foreign;
  const words = key.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).toLowerCase();
  if (words !== key && known.includes(words))
    return `is a key of the Prometheus operator; Prometheus itself calls it ${words}`;
  const near = didYouMean(key, known).hint;
  return `unknown key; ${near ?? (known.length < 5 ? `known are ${oneOf(known)}` : 'leave it out')}`;
}
