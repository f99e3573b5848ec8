import { stringify } from 'yaml';

import { render } from '../chart/helm.ts';
import type { Rendered, Values } from '../chart/helm.ts';
import { NAMESPACE } from './chart-stage.ts';

/** As values may be set; together they make every line of the templates. */
const MATRIX: readonly Values[] = [
  {},
  {
    certificates: { mode: 'secret', secretName: 'mine' },
    webhook: { failurePolicy: 'Fail', clientCA: { configMap: 'ca', names: ['kube-apiserver'] } },
    serviceAccount: { create: false, name: 'given' },
    rbac: { create: false },
    podDisruptionBudget: { maxUnavailable: '50%' },
    networkPolicy: { webhookFrom: ['10.0.0.0/8'], metricsFrom: [{ podSelector: {} }] },
    topologySpreadConstraints: [
      { topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
    ],
  },
  {
    certificates: { mode: 'certManager' },
    webhook: { clientCA: { secret: 'ca' } },
    monitor: { enabled: true, interval: '30s' },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
    affinity: { nodeAffinity: {} },
    tolerations: [{ operator: 'Exists' }],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    priorityClassName: 'system-cluster-critical',
    imagePullSecrets: [{ name: 'registry' }],
    extraArgs: ['--host=::'],
    extraEnv: [{ name: 'A', value: 'b' }],
    labels: { a: 'b' },
    annotations: { a: 'b' },
  },
  {
    fullnameOverride: 'scraper',
    podDisruptionBudget: { enabled: false },
    networkPolicy: { enabled: false },
    topologySpreadConstraints: [],
    monitor: { enabled: true, kind: 'PodMonitor' },
    certificates: { mode: 'certManager', certManager: { issuerRef: { name: 'a', kind: 'ClusterIssuer' } } },
    config: {
      optIn: 'label',
      policies: [
        { name: 'a', namespaceSelector: {}, mode: 'enforce', conventions: { requireRequest: 'deny' } },
      ],
    },
  },
  {
    hostNetwork: true,
    openshift: true,
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', labelSelector: {} }],
      },
    },
    prometheusRule: { enabled: true, runbookURL: 'https://wiki.example.com/runbook' },
  },
];

/** What a Kubernetes does not know by itself, and kubeconform has no schemas of. */
export const FOREIGN = ['Certificate', 'Issuer', 'PodMonitor', 'PrometheusRule', 'ServiceMonitor'];

/** kubectl's arguments to have the API server judge a stream, and refuse what it does not know. */
export const STRICTLY = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];

/** The objects of every row of the matrix. */
export async function matrix(): Promise<readonly Rendered[]> {
  const rows = MATRIX.map((values, index) =>
    render(values, { release: `release-${index}`, namespace: NAMESPACE }),
  );
  return (await Promise.all(rows)).flat();
}

/** Objects as kubectl reads them. */
export function stream(objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}
