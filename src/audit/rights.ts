import { LIMIT_RESOURCES } from '../core/namespace-limits.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { WEBHOOK_CONFIGURATION_NAME } from '../core/webhook-configuration.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What an audit of the whole cluster may do: it reads, and nothing else. */
export function auditRole(kinds: readonly WorkloadKind[]): object {
  const groups = [...new Set(['', ...kinds.map(({ group }) => group)])];
  const listed = groups.map((group): Rule => {
    const resources = kinds.filter((kind) => kind.group === group).map(({ resource }) => resource);
    const all = group === '' ? ['namespaces', 'pods', ...LIMIT_RESOURCES, ...resources] : resources;
    return { apiGroups: [group], resources: [...new Set(all)].sort(), verbs: ['list'] };
  });
  const rules: readonly Rule[] = [
    ...listed,
    // For whom only one namespace is readable: with a RoleBinding there this is about that one.
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
    {
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['mutatingwebhookconfigurations'],
      resourceNames: [WEBHOOK_CONFIGURATION_NAME],
      verbs: ['get'],
    },
  ];
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'podscrape-audit' },
    rules,
  };
}
