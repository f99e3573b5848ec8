/** A kind that carries a pod template: one row here, or one entry of the configuration. */
export interface WorkloadKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Lower-case plural, as the apiserver's rules name it. */
  readonly resource: string;
  /** Where the pod template stands below the object: `spec.template`. */
  readonly template: string;
  /** Where else, below the object, metadata stands whose keys are a request too; the object's own always is one. */
  readonly metadata: readonly string[];
  /** The template can never change after creation, so that an update is never patched. */
  readonly immutableTemplate: boolean;
}

const row = (group: string, kind: string, resource: string): WorkloadKind => ({
  group,
  version: 'v1',
  kind,
  resource,
  template: 'spec.template',
  metadata: [],
  immutableTemplate: false,
});

export const WORKLOAD_KINDS: readonly WorkloadKind[] = [
  row('apps', 'Deployment', 'deployments'),
  row('apps', 'StatefulSet', 'statefulsets'),
  row('apps', 'DaemonSet', 'daemonsets'),
  row('apps', 'ReplicaSet', 'replicasets'),
  row('', 'ReplicationController', 'replicationcontrollers'),
  { ...row('batch', 'Job', 'jobs'), immutableTemplate: true },
  {
    ...row('batch', 'CronJob', 'cronjobs'),
    template: 'spec.jobTemplate.spec.template',
    metadata: ['spec.jobTemplate.metadata'],
  },
];

/** Every place below an object of the kind whose metadata may carry a request, the object's own first. */
export function requestMetadata({ metadata, template }: WorkloadKind): readonly string[] {
  return ['metadata', ...metadata, `${template}.metadata`];
}
