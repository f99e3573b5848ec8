import type { RelabelConfig } from '../scrape-config.ts';

/** Names that the presets share; `annotation('prometheus_io_port')`. */
export const annotation = (name: string): string => `__meta_kubernetes_pod_annotation_${name}`;

export function keep(regex: string, ...source_labels: readonly string[]): RelabelConfig {
  return { source_labels, action: 'keep', regex };
}

export function drop(regex: string, ...source_labels: readonly string[]): RelabelConfig {
  return { source_labels, action: 'drop', regex };
}

/** The value as it is; an empty one takes the target label away. */
export function copy(source: string, target_label: string): RelabelConfig {
  return { source_labels: [source], target_label };
}

/** The value where there is one that matches. */
export function take(source: string, target_label: string, regex = '(.+)'): RelabelConfig {
  return { source_labels: [source], regex, target_label };
}

export function labelmap(regex: string, replacement?: string): RelabelConfig {
  return { action: 'labelmap', regex, ...(replacement === undefined ? {} : { replacement }) };
}

/** The address from an annotated port and the Pod's address; of IPv6 first, as the charts have it. */
export function addressOf(port: string): readonly RelabelConfig[] {
  const source_labels = [port, '__meta_kubernetes_pod_ip'];
  const target_label = '__address__';
  return [
    {
      source_labels,
      regex: '(\\d+);(([A-Fa-f0-9]{1,4}::?){1,7}[A-Fa-f0-9]{1,4})',
      replacement: '[$2]:$1',
      target_label,
    },
    { source_labels, regex: '(\\d+);((([0-9]+?)(\\.|$)){4})', replacement: '$2:$1', target_label },
  ];
}
