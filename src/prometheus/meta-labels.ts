import { sanitiseLabelName } from './sanitise.ts';

/** Names of the meta labels that Kubernetes' service discovery gives (prometheus/prometheus `discovery/kubernetes`). */
export const META = {
  namespace: '__meta_kubernetes_namespace',
  pod: '__meta_kubernetes_pod_name',
  podUid: '__meta_kubernetes_pod_uid',
  podIp: '__meta_kubernetes_pod_ip',
  hostIp: '__meta_kubernetes_pod_host_ip',
  podNode: '__meta_kubernetes_pod_node_name',
  phase: '__meta_kubernetes_pod_phase',
  ready: '__meta_kubernetes_pod_ready',
  controllerKind: '__meta_kubernetes_pod_controller_kind',
  controllerName: '__meta_kubernetes_pod_controller_name',
  container: '__meta_kubernetes_pod_container_name',
  containerId: '__meta_kubernetes_pod_container_id',
  containerImage: '__meta_kubernetes_pod_container_image',
  init: '__meta_kubernetes_pod_container_init',
  portName: '__meta_kubernetes_pod_container_port_name',
  portNumber: '__meta_kubernetes_pod_container_port_number',
  portProtocol: '__meta_kubernetes_pod_container_port_protocol',
  /** By `attach_metadata`. */
  deployment: '__meta_kubernetes_pod_deployment_name',
  job: '__meta_kubernetes_pod_job_name',
  cronJob: '__meta_kubernetes_pod_cronjob_name',
  /** Of the role `node`, and by `attach_metadata`. */
  node: '__meta_kubernetes_node_name',
  service: '__meta_kubernetes_service_name',
  endpointPortName: '__meta_kubernetes_endpoint_port_name',
  endpointSlicePort: '__meta_kubernetes_endpointslice_port',
  endpointSlicePortName: '__meta_kubernetes_endpointslice_port_name',
} as const;

/** What the names of a Pod's labels stand behind. */
export const POD_LABELS = '__meta_kubernetes_pod_label_';

/** What the names of a Service's labels stand behind. */
export const SERVICE_LABELS = '__meta_kubernetes_service_label_';

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
  return `${POD_LABELS}${sanitiseLabelName(key)}`;
}

/** `true` where the Pod has the label `key`. */
export function podLabelPresent(key: string): string {
  return `__meta_kubernetes_pod_labelpresent_${sanitiseLabelName(key)}`;
}

/** The value of the Service's annotation `key`. */
export function serviceAnnotation(key: string): string {
  return `__meta_kubernetes_service_annotation_${sanitiseLabelName(key)}`;
}

/** The value of the Service's label `key`. */
export function serviceLabel(key: string): string {
  return `${SERVICE_LABELS}${sanitiseLabelName(key)}`;
}
