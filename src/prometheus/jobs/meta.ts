import { sanitiseLabelName } from '../sanitise.ts';

/**
 * Names of the meta labels that Kubernetes' service discovery gives (prometheus/prometheus `discovery/kubernetes`), and
 * patterns over their values.
 */

/** The value of the Pod's annotation `key`. */
export function annotation(key: string): string {
  return `__meta_kubernetes_pod_annotation_${sanitiseLabelName(key)}`;
}

/** `true` where the Pod has the annotation `key`, also an empty one. */
export function annotationPresent(key: string): string {
  return `__meta_kubernetes_pod_annotationpresent_${sanitiseLabelName(key)}`;
}

/** The value of the Pod's label `key`. */
export function podLabel(key: string): string {
  return `__meta_kubernetes_pod_label_${sanitiseLabelName(key)}`;
}

/** The value of the Service's annotation `key`. */
export function serviceAnnotation(key: string): string {
  return `__meta_kubernetes_service_annotation_${sanitiseLabelName(key)}`;
}

/** The value of the Service's label `key`. */
export function serviceLabel(key: string): string {
  return `__meta_kubernetes_service_label_${sanitiseLabelName(key)}`;
}

/** `true` where the Service has the label `key`. */
export function serviceLabelPresent(key: string): string {
  return `__meta_kubernetes_service_labelpresent_${sanitiseLabelName(key)}`;
}

export const META = {
  namespace: '__meta_kubernetes_namespace',
  pod: '__meta_kubernetes_pod_name',
  podIp: '__meta_kubernetes_pod_ip',
  phase: '__meta_kubernetes_pod_phase',
  node: '__meta_kubernetes_node_name',
  container: '__meta_kubernetes_pod_container_name',
  portName: '__meta_kubernetes_pod_container_port_name',
  portNumber: '__meta_kubernetes_pod_container_port_number',
  portProtocol: '__meta_kubernetes_pod_container_port_protocol',
} as const;

/** `text` as a regular expression that matches it alone. */
export function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** One of `texts`, as a regular expression. */
export function anyOf(texts: readonly string[]): string {
  return texts.map(literal).join('|');
}
