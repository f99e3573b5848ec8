import type { Component } from './components.ts';
import { KUBE_STATE_RESOURCES } from './kube-state-metrics.ts';
import type { JobOptions } from './options.ts';

/** A ServiceAccount. */
export interface Subject {
  readonly namespace: string;
  readonly name: string;
}

export interface RbacOptions extends Pick<JobOptions, 'role' | 'namespaces'> {
  /** Prometheus'. */
  readonly serviceAccount: Subject;
  readonly components: readonly Component[];
  /** Those of kube-state-metrics, where its rights are to be printed. */
  readonly kubeStateResources: readonly string[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** A name for each ServiceAccount, so that one's rights never replace another's; the API server takes colons here. */
function nameFor({ namespace, name }: Subject): string {
  return `podscrape:${namespace}:${name}`;
}

/**
 * Role and RoleBinding in each namespace, or ClusterRole and ClusterRoleBinding without namespaces: exactly what
 * Prometheus' service discovery lists and watches for the jobs (prometheus/prometheus `discovery/kubernetes`).
 */
export function rbacObjects(options: RbacOptions): readonly object[] {
  const { role, namespaces, serviceAccount, components, kubeStateResources } = options;
  const behindServices = components.some((component) => component !== 'cadvisor');
  const own = rulesOf(behindServices ? [role, 'endpointslice'] : [role]);
  const nodes: readonly Rule[] = components.includes('cadvisor') ? NODES : [];
  const kubeState = { namespace: serviceAccount.namespace, name: 'kube-state-metrics' };
  const kubeStateRules = listed(
    kubeStateResources.map((name) => [KUBE_STATE_RESOURCES.get(name)?.group ?? '', name]),
  );
  if (namespaces.length === 0) {
    return [
      ...granted({ name: nameFor(serviceAccount), rules: [...own, ...nodes] }, serviceAccount),
      ...(kubeStateRules.length === 0
        ? []
        : granted({ name: nameFor(kubeState), rules: kubeStateRules }, kubeState)),
    ];
  }
  const isOutside = behindServices && !namespaces.includes(serviceAccount.namespace);
  return [
    ...namespaces.flatMap((namespace) =>
      granted({ name: nameFor(serviceAccount), namespace, rules: own }, serviceAccount),
    ),
    ...(isOutside
      ? granted(
          {
            name: nameFor(serviceAccount),
            namespace: serviceAccount.namespace,
            rules: rulesOf(['endpointslice']),
          },
          serviceAccount,
        )
      : []),
    // Nodes belong to no namespace.
    ...(nodes.length === 0
      ? []
      : granted({ name: `${nameFor(serviceAccount)}:nodes`, rules: nodes }, serviceAccount)),
    ...(kubeStateRules.length === 0
      ? []
      : namespaces.flatMap((namespace) =>
          granted({ name: nameFor(kubeState), namespace, rules: kubeStateRules }, kubeState),
        )),
  ];
}

const LISTED: Readonly<Record<JobOptions['role'], readonly (readonly [group: string, resource: string])[]>> =
  {
    pod: [['', 'pods']],
    service: [['', 'services']],
    endpoints: [
      ['', 'endpoints'],
      ['', 'pods'],
      ['', 'services'],
    ],
    endpointslice: [
      ['', 'pods'],
      ['', 'services'],
      ['discovery.k8s.io', 'endpointslices'],
    ],
  };

const NODES: readonly Rule[] = [
  ...listed([['', 'nodes']]),
  { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
];

function rulesOf(roles: readonly JobOptions['role'][]): readonly Rule[] {
  return listed(roles.flatMap((role) => LISTED[role]));
}

/** One rule a group, in the order of their names. */
function listed(pairs: readonly (readonly [group: string, resource: string])[]): readonly Rule[] {
  const groups = new Map<string, Set<string>>();
  for (const [group, resource] of pairs) {
    const resources = groups.get(group) ?? new Set();
    groups.set(group, resources.add(resource));
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([group, resources]) => ({
      apiGroups: [group],
      resources: [...resources].sort(),
      verbs: ['list', 'watch'],
    }));
}

interface Grant {
  readonly name: string;
  /** The whole cluster without it. */
  readonly namespace?: string;
  readonly rules: readonly Rule[];
}

function granted({ name, namespace, rules }: Grant, subject: Subject): readonly object[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const kind = namespace === undefined ? 'ClusterRole' : 'Role';
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', ...subject }],
    },
  ];
}
