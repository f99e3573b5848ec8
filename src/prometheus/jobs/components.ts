import type { RelabelConfig } from '../scrape-config.ts';
import { markRule } from './mark.ts';
import { META, serviceLabel } from '../meta-labels.ts';
import type { JobOptions } from './options.ts';
import type { ExplainedJob } from './parts.ts';
import { discovery } from './parts.ts';

/** Software of the cluster that is no workload of a team's, with a job of its own each. */
export const COMPONENTS = ['kube-state-metrics', 'cadvisor', 'node-exporter', 'pushgateway'] as const;

export type Component = (typeof COMPONENTS)[number];

/** Where a ServiceAccount's token and the cluster's CA stand in every Pod. */
export const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface ComponentOptions extends Pick<
  JobOptions,
  'annotationPrefix' | 'namespaces' | 'cluster' | 'jobPrefix'
> {
  /** Where Prometheus may look for the components' Services when it may not look everywhere. */
  readonly ownNamespace: string;
}

/** The job of a component; those behind Services are found by the label `app.kubernetes.io/name`. */
export function componentJob(component: Component, options: ComponentOptions): ExplainedJob {
  return component === 'cadvisor' ? cadvisorJob(options) : serviceJob(BY_SERVICE[component], options);
}

interface Row {
  readonly name: string;
  readonly why: string;
  /** Of the label `app.kubernetes.io/name`: the name in the project's own manifests, and in its chart. */
  readonly services: string;
  readonly ports: string;
  readonly honorLabels: boolean;
}

const BY_SERVICE: Readonly<Record<Exclude<Component, 'cadvisor'>, Row>> = {
  'kube-state-metrics': {
    name: 'kube-state-metrics',
    why: 'Kubernetes’ objects as kube-state-metrics tells them; namespace, pod and container are those of the objects.',
    services: 'kube-state-metrics',
    // The other port tells of kube-state-metrics itself.
    ports: 'http|http-metrics',
    honorLabels: true,
  },
  'node-exporter': {
    name: 'node-exporter',
    why: 'The nodes themselves, by their node_exporter.',
    services: 'node-exporter|prometheus-node-exporter',
    ports: 'metrics|http-metrics',
    honorLabels: false,
  },
  pushgateway: {
    name: 'pushgateway',
    why: 'What was pushed to the cluster’s Pushgateway; job and instance are those that were pushed.',
    services: 'pushgateway|prometheus-pushgateway',
    ports: '.*',
    honorLabels: true,
  },
};

function serviceJob(
  { name, why, services, ports, honorLabels }: Row,
  options: ComponentOptions,
): ExplainedJob {
  const { namespaces, ownNamespace, jobPrefix = 'podscrape' } = options;
  const where = namespaces.length === 0 ? [] : [...new Set([ownNamespace, ...namespaces])];
  return {
    why,
    config: {
      job_name: `${jobPrefix}-${name}`,
      ...(honorLabels ? { honor_labels: true } : {}),
      kubernetes_sd_configs: [discovery({ ...options, namespaces: where }, 'endpointslice')],
      relabel_configs: [
        { source_labels: [serviceLabel('app.kubernetes.io/name')], regex: services, action: 'keep' },
        // Prometheus makes targets of all other container ports too; these have no port of an endpoint.
        { source_labels: [META.endpointSlicePort], regex: '.+', action: 'keep' },
        { source_labels: [META.endpointSlicePortName], regex: ports, action: 'keep' },
        { source_labels: [META.phase], regex: 'Pending|Succeeded|Failed', action: 'drop' },
        // The other jobs scrape these Pods, with their exporter's settings.
        markRule(options, 'unmarked'),
        ...(name === 'node-exporter' ? NODE_OF_POD : []),
      ],
    },
  };
}

const NODE_OF_POD: readonly RelabelConfig[] = [{ source_labels: [META.podNode], target_label: 'node' }];

function cadvisorJob(options: ComponentOptions): ExplainedJob {
  const { cluster, jobPrefix = 'podscrape' } = options;
  // Another cluster's kubelets trust what its API server trusts.
  const access =
    cluster === undefined
      ? {
          tls_config: { ca_file: `${SERVICE_ACCOUNT_DIRECTORY}/ca.crt` },
          authorization: { credentials_file: `${SERVICE_ACCOUNT_DIRECTORY}/token` },
        }
      : {
          ...(cluster.tls_config === undefined ? {} : { tls_config: cluster.tls_config }),
          ...(cluster.authorization === undefined ? {} : { authorization: cluster.authorization }),
        };
  return {
    why:
      'Containers as each kubelet’s cAdvisor sees them; nodes are the whole cluster’s, whatever the namespaces. ' +
      'Kubelets that sign their own certificates need insecure_skip_verify: true under tls_config.',
    config: {
      job_name: `${jobPrefix}-cadvisor`,
      scheme: 'https',
      metrics_path: '/metrics/cadvisor',
      ...access,
      kubernetes_sd_configs: [discovery({ ...options, namespaces: [] }, 'node')],
      relabel_configs: [{ source_labels: [META.node], target_label: 'node' }],
    },
  };
}
