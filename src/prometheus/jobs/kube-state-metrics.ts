/** One resource that kube-state-metrics can tell of. */
interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly namespaced: boolean;
}

const namespaced = (group: string): Resource => ({ group, namespaced: true });
const clusterWide = (group: string): Resource => ({ group, namespaced: false });

/** What kube-state-metrics knows by default (kubernetes/kube-state-metrics, pkg/options/resource.go). */
export const KUBE_STATE_RESOURCES: ReadonlyMap<string, Resource> = new Map([
  ['certificatesigningrequests', clusterWide('certificates.k8s.io')],
  ['configmaps', namespaced('')],
  ['cronjobs', namespaced('batch')],
  ['daemonsets', namespaced('apps')],
  ['deployments', namespaced('apps')],
  ['endpointslices', namespaced('discovery.k8s.io')],
  ['endpoints', namespaced('')],
  ['horizontalpodautoscalers', namespaced('autoscaling')],
  ['ingresses', namespaced('networking.k8s.io')],
  ['jobs', namespaced('batch')],
  ['leases', namespaced('coordination.k8s.io')],
  ['limitranges', namespaced('')],
  ['mutatingwebhookconfigurations', clusterWide('admissionregistration.k8s.io')],
  ['namespaces', clusterWide('')],
  ['networkpolicies', namespaced('networking.k8s.io')],
  ['nodes', clusterWide('')],
  ['persistentvolumeclaims', namespaced('')],
  ['persistentvolumes', clusterWide('')],
  ['poddisruptionbudgets', namespaced('policy')],
  ['pods', namespaced('')],
  ['replicasets', namespaced('apps')],
  ['replicationcontrollers', namespaced('')],
  ['resourcequotas', namespaced('')],
  ['secrets', namespaced('')],
  ['services', namespaced('')],
  ['statefulsets', namespaced('apps')],
  ['storageclasses', clusterWide('storage.k8s.io')],
  ['validatingwebhookconfigurations', clusterWide('admissionregistration.k8s.io')],
  ['volumeattachments', clusterWide('storage.k8s.io')],
]);

/** What kube-state-metrics tells of where nobody says and its rights end at namespaces: no Secrets, no ConfigMaps. */
export const LIMITED_RESOURCES: readonly string[] = [
  'cronjobs',
  'daemonsets',
  'deployments',
  'jobs',
  'pods',
  'replicasets',
  'statefulsets',
];

/** The arguments that keep kube-state-metrics within its rights; none where it has its default ones. */
export function kubeStateArguments(
  namespaces: readonly string[],
  resources: readonly string[],
): readonly string[] {
  return [
    ...(namespaces.length === 0 ? [] : [`--namespaces=${namespaces.join(',')}`]),
    ...(resources.length === 0 ? [] : [`--resources=${resources.join(',')}`]),
  ];
}
