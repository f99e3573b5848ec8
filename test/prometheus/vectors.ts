import assert from 'node:assert/strict';

import { effectiveConfig } from '../../src/config/effective.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, ContainerPort } from '../../src/core/kubernetes.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { RelabelConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';

/**
 * Pods, and what becomes of them in three jobs. The table holds for the engine here and for a real Prometheus: Pods are
 * such that an API server takes them, with a status as a kubelet writes it.
 */
export interface Vector {
  readonly name: string;
  readonly pod: RunningPod;
  readonly job: 'chart' | 'experiment' | 'podscrape';
  /** By URL; a container where the job says it. */
  readonly targets: readonly { readonly url: string; readonly container?: string }[];
}

const annotation = (name: string): string => `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;

/** The job `kubernetes-pods` of the chart `prometheus` (prometheus-community/helm-charts, charts/prometheus/values.yaml). */
export const CHART_JOB: ScrapeConfig = {
  job_name: 'kubernetes-pods',
  honor_labels: true,
  kubernetes_sd_configs: [{ role: 'pod' }],
  relabel_configs: [
    { source_labels: [annotation('scrape')], action: 'keep', regex: 'true' },
    { source_labels: [annotation('scrape_slow')], action: 'drop', regex: 'true' },
    { source_labels: [annotation('scheme')], regex: '(https?)', target_label: '__scheme__' },
    { source_labels: [annotation('path')], regex: '(.+)', target_label: '__metrics_path__' },
    {
      source_labels: [annotation('port'), '__meta_kubernetes_pod_ip'],
      regex: String.raw`(\d+);(([A-Fa-f0-9]{1,4}::?){1,7}[A-Fa-f0-9]{1,4})`,
      replacement: '[$2]:$1',
      target_label: '__address__',
    },
    {
      source_labels: [annotation('port'), '__meta_kubernetes_pod_ip'],
      regex: String.raw`(\d+);((([0-9]+?)(\.|$)){4})`,
      replacement: '$2:$1',
      target_label: '__address__',
    },
    { action: 'labelmap', regex: `${annotation('param')}_(.+)`, replacement: '__param_$1' },
    { action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' },
    { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
    { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
    {
      source_labels: ['__meta_kubernetes_pod_phase'],
      action: 'drop',
      regex: 'Pending|Succeeded|Failed|Completed',
    },
  ],
};

const CONTAINER_RULE: RelabelConfig = {
  source_labels: ['__meta_kubernetes_pod_container_name'],
  target_label: 'container',
};

/** The chart's job with the container rule of OpenFaaS' experiment: one target for each discovered one. */
export const EXPERIMENT_JOB: ScrapeConfig = {
  ...CHART_JOB,
  job_name: 'kubernetes-pods-by-container',
  relabel_configs: [...(CHART_JOB.relabel_configs ?? []), CONTAINER_RULE],
};

export const ADDRESS = '10.0.0.7';
export const ADDRESS_V6 = 'fd00:10:244::5';

function container(name: string, ...ports: readonly ContainerPort[]): Container {
  return { name, image: `example.com/${name}:1`, ...(ports.length > 0 ? { ports } : {}) };
}

function port(number: number, name?: string): ContainerPort {
  return { containerPort: number, protocol: 'TCP', ...(name === undefined ? {} : { name }) };
}

interface Parts {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly address?: string;
  readonly phase?: string;
  /** As the webhook leaves a Pod behind. */
  readonly isMarked?: boolean;
}

function pod(parts: Parts): RunningPod {
  const mark = parts.isMarked === true ? { 'podscrape.dev/status': '{}' } : {};
  const init = parts.initContainers === undefined ? {} : { initContainers: parts.initContainers };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'shop',
      labels: { app: 'web' },
      annotations: { 'prometheus.io/scrape': 'true', ...mark, ...parts.annotations },
    },
    spec: { containers: parts.containers, ...init },
    status: { phase: parts.phase ?? 'Running', podIP: parts.address ?? ADDRESS },
  };
}

/** A Pod as podscrape leaves it, which carries out nothing of what it asks: the status alone is added. */
function leftAlone(parts: Parts, outcome: 'refused' | 'skipped', hostNetwork = false): RunningPod {
  const asked = pod(parts);
  const own = hostNetwork ? { ...asked, spec: { ...asked.spec, hostNetwork } } : asked;
  const surroundings = { namespace: 'shop', trigger: 'object' } as const;
  const { decision, pod: left } = inject(own, surroundings, effectiveConfig({}).engine);
  assert.deepEqual([decision.outcome, left.spec], [outcome, own.spec]);
  return { ...own, ...left };
}

const at = (rest: string, named?: string): Vector['targets'][number] => ({
  url: `http://${rest}`,
  ...(named === undefined ? {} : { container: named }),
});

const V4 = ADDRESS;
const V6 = `[${ADDRESS_V6}]`;
const io = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`prometheus.io/${name}`, value]));

const twoServers = {
  annotations: io({ port: '8082' }),
  containers: [container('gateway', port(8080)), container('faas-netes', port(8081))],
};
const withStatsd = {
  containers: [
    container('app', port(8080)),
    container('statsd', port(9102), { containerPort: 9125, protocol: 'UDP' }),
    container('cron'),
  ],
};
const nativeSidecar = {
  annotations: io({ port: '9102' }),
  containers: [container('app', port(8080))],
  initContainers: [
    { ...container('statsd', port(9102, 'statsd-metrics')), restartPolicy: 'Always' },
    container('migrate'),
  ],
  isMarked: true,
};

export const VECTORS: readonly Vector[] = [
  {
    name: '1: an annotated port that nobody declares is one target',
    pod: pod(twoServers),
    job: 'chart',
    targets: [at(`${V4}:8082/metrics`)],
  },
  {
    name: '2: with the container rule it is scraped once for each container',
    pod: pod(twoServers),
    job: 'experiment',
    targets: [at(`${V4}:8082/metrics`, 'faas-netes'), at(`${V4}:8082/metrics`, 'gateway')],
  },
  {
    name: '3: of a marked Pod it must be declared',
    pod: pod({ ...twoServers, isMarked: true }),
    job: 'podscrape',
    targets: [],
  },
  {
    name: '4: without an annotated port, every port and the bare address',
    pod: pod(withStatsd),
    job: 'chart',
    targets: [`${V4}/metrics`, `${V4}:8080/metrics`, `${V4}:9102/metrics`, `${V4}:9125/metrics`].map((url) =>
      at(url),
    ),
  },
  {
    name: '5: of a marked Pod the named metrics port only',
    pod: pod({
      containers: [
        container('app', port(8080)),
        container('statsd', port(9102, 'statsd-metrics'), { containerPort: 9125, protocol: 'UDP' }),
        container('cron'),
      ],
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V4}:9102/metrics`, 'statsd')],
  },
  {
    name: "6: the annotated path is the annotated port's alone",
    pod: pod({
      annotations: io({ port: '8080', path: '/actuator/prometheus' }),
      containers: [container('app', port(8080)), container('statsd', port(9102, 'statsd-metrics'))],
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V4}:8080/actuator/prometheus`, 'app'), at(`${V4}:9102/metrics`, 'statsd')],
  },
  {
    name: '7: a native sidecar beside an init container',
    pod: pod(nativeSidecar),
    job: 'podscrape',
    targets: [at(`${V4}:9102/metrics`, 'statsd')],
  },
  {
    name: '7: and three times with the container rule',
    pod: pod(nativeSidecar),
    job: 'experiment',
    targets: ['app', 'migrate', 'statsd'].map((named) => at(`${V4}:9102/metrics`, named)),
  },
  {
    name: '8: IPv6',
    pod: pod({
      annotations: io({ port: '8080' }),
      containers: [container('app', port(8080), port(9102, 'app-metrics'))],
      address: ADDRESS_V6,
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V6}:8080/metrics`, 'app'), at(`${V6}:9102/metrics`, 'app')],
  },
  {
    name: '8: the chart rewrites an IPv6 address too',
    pod: pod({
      annotations: io({ port: '8080' }),
      containers: [container('app', port(8080), port(9102, 'app-metrics'))],
      address: ADDRESS_V6,
    }),
    job: 'chart',
    targets: [at(`${V6}:8080/metrics`)],
  },
  {
    name: '9: the chart reads no names of ports',
    pod: pod({
      annotations: io({ port: 'web' }),
      containers: [container('app', port(8080, 'web'), port(9000, 'grpc'))],
    }),
    job: 'chart',
    targets: [at(`${V4}:8080/metrics`), at(`${V4}:9000/metrics`)],
  },
  {
    name: '10: nor a scheme in capitals',
    pod: pod({
      annotations: io({ port: '8080', scheme: 'HTTPS' }),
      containers: [container('app', port(8080))],
    }),
    job: 'chart',
    targets: [at(`${V4}:8080/metrics`)],
  },
  {
    name: '10: nor True',
    pod: pod({
      annotations: io({ port: '8080', scrape: 'True' }),
      containers: [container('app', port(8080))],
    }),
    job: 'chart',
    targets: [],
  },
  {
    name: '11: but the name of an annotation with a dot for the slash',
    pod: pod({
      annotations: { ...io({ port: '8443' }), 'prometheus.io.scheme': 'https' },
      containers: [container('app', port(8443))],
    }),
    job: 'chart',
    targets: [{ url: `https://${V4}:8443/metrics` }],
  },
  ...(['chart', 'experiment', 'podscrape'] as const).flatMap((job): readonly Vector[] => [
    {
      name: `12: a Pod that is pending, in the job ${job}`,
      pod: pod({
        annotations: io({ port: '8080' }),
        containers: [container('app', port(8080))],
        phase: 'Pending',
        isMarked: job === 'podscrape',
      }),
      job,
      targets: [],
    },
    {
      name: `13: a Pod for the slow jobs, in the job ${job}`,
      pod: pod({
        annotations: io({ port: '8080', 'scrape-slow': 'true' }),
        containers: [container('app', port(8080))],
        isMarked: job === 'podscrape',
      }),
      job,
      targets: [],
    },
  ]),
  {
    name: '14: a parameter',
    pod: pod({
      annotations: io({ port: '8080', param_format: 'prometheus' }),
      containers: [container('app', port(8080))],
    }),
    job: 'chart',
    targets: [at(`${V4}:8080/metrics?format=prometheus`)],
  },
  {
    name: '14: a parameter of a marked Pod',
    pod: pod({
      annotations: io({ port: '8080', param_format: 'prometheus' }),
      containers: [container('app', port(8080))],
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V4}:8080/metrics?format=prometheus`, 'app')],
  },
  {
    name: '15: names of ports that end in metrics',
    pod: pod({
      containers: [
        container(
          'app',
          ...['notmetrics', 'metrics', 'a-metrics', 'metrics-a'].map((name, index) =>
            port(9001 + index, name),
          ),
        ),
      ],
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V4}:9002/metrics`, 'app'), at(`${V4}:9003/metrics`, 'app')],
  },
  {
    name: "16: Istio's agent answers for the whole Pod",
    pod: pod({
      annotations: io({ port: '15020', path: '/stats/prometheus' }),
      containers: [
        container('app', port(8080), port(9102, 'statsd-metrics')),
        container('istio-proxy', port(15090, 'http-envoy-prom')),
      ],
      isMarked: true,
    }),
    job: 'podscrape',
    targets: [at(`${V4}:15020/stats/prometheus`, 'istio-proxy')],
  },
  {
    name: '17: a Pod that was refused keeps what its own annotations say',
    pod: leftAlone(
      {
        annotations: { ...io({ port: '8080' }), 'podscrape.dev/profile': 'htp', 'podscrape.dev/path': 'm' },
        containers: [container('app', port(8080), port(9102, 'app-metrics')), container('cron')],
      },
      'refused',
    ),
    job: 'podscrape',
    targets: [at(`${V4}:8080/metrics`)],
  },
  {
    name: '17: also where it names no port',
    pod: leftAlone(
      {
        annotations: { 'podscrape.dev/profile': 'htp' },
        containers: [container('app', port(8080), port(9102, 'metrics'))],
      },
      'refused',
    ),
    job: 'podscrape',
    targets: [at(`${V4}:8080/metrics`), at(`${V4}:9102/metrics`)],
  },
  {
    name: '17: and one that was skipped',
    pod: leftAlone(
      {
        annotations: { ...io({ path: '/own' }), 'podscrape.dev/port': '9000' },
        containers: [container('app', { containerPort: 8080, hostPort: 8080, protocol: 'TCP' })],
      },
      'skipped',
      true,
    ),
    job: 'podscrape',
    targets: [at(`${V4}:8080/own`)],
  },
];
