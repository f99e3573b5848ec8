import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { explainPod } from '../../src/prometheus/explain.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import { PRESETS } from '../../src/prometheus/presets/index.ts';
import { VECTORS } from './vectors.ts';

interface PodSketch {
  readonly annotations: Readonly<Record<string, string>>;
  /** `web: 8080, 9125/UDP`. */
  readonly containers: Readonly<Record<string, readonly (number | `${number}/UDP`)[]>>;
  readonly init?: Readonly<Record<string, readonly number[]>>;
  readonly phase?: string;
  readonly ip?: string;
}

function podOf({
  annotations,
  containers,
  init = {},
  phase = 'Running',
  ip = '10.0.0.7',
}: PodSketch): RunningPod {
  const list = (of: PodSketch['containers']): RunningPod['spec']['containers'] =>
    Object.entries(of).map(([name, ports]) => ({
      name,
      ports: ports.map((port) => ({
        containerPort: parseInt(String(port)),
        protocol: String(port).endsWith('/UDP') ? 'UDP' : 'TCP',
      })),
    }));
  return {
    metadata: { name: 'web-0', namespace: 'shop', labels: { app: 'web' }, annotations },
    spec: { containers: list(containers), initContainers: list(init) },
    status: { phase, podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function scraped(preset: string, pod: RunningPod): readonly string[] {
  const { config } = PRESETS.find(({ name }) => name === preset)!;
  const jobs = config.scrape_configs.map((each) => {
    const compiled = compileJob(each, config.global);
    assert.ok('job' in compiled, `${each.job_name} is sound`);
    return compiled.job;
  });
  return explainPod(pod, jobs).jobs.flatMap(({ targets }) =>
    targets.map(({ url, labels }) => {
      const container = labels.get('container') ?? labels.get('kubernetes_container_name');
      return container === undefined ? url : `${url} ${container}`;
    }),
  );
}

const yes = { 'prometheus.io/scrape': 'true' };
const gateway = { gateway: [8080], 'faas-netes': [8081] };

/** What a real Prometheus was seen to make of such Pods. */
const CASES: readonly (readonly [
  what: string,
  preset: string,
  sketch: PodSketch,
  urls: readonly string[],
])[] = [
  [
    'two containers and one annotated port are one target',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io/port': '8082' }, containers: gateway },
    ['http://10.0.0.7:8082/metrics'],
  ],
  [
    'with the container as a label they are two of one URL',
    'openfaas',
    { annotations: { ...yes, 'prometheus.io/port': '8082' }, containers: gateway },
    ['http://10.0.0.7:8082/metrics gateway', 'http://10.0.0.7:8082/metrics faas-netes'],
  ],
  [
    'without it they are one',
    'openfaas-chart',
    { annotations: { ...yes, 'prometheus.io/port': '8082' }, containers: gateway },
    ['http://10.0.0.7:8082/metrics'],
  ],
  [
    'without a port, every one that is declared and a bare address',
    'prometheus-community',
    { annotations: yes, containers: { app: [8080], statsd: [9102, '9125/UDP'], helper: [] } },
    [8080, 9102, 9125].map((port) => `http://10.0.0.7:${port}/metrics`).concat('http://10.0.0.7/metrics'),
  ],
  [
    'a port by name is none',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io/port': 'web' }, containers: { web: [8080], grpc: [9000] } },
    ['http://10.0.0.7:8080/metrics', 'http://10.0.0.7:9000/metrics'],
  ],
  [
    'a scheme in capitals is none',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io/scheme': 'HTTPS' }, containers: { web: [8443] } },
    ['http://10.0.0.7:8443/metrics'],
  ],
  [
    'nor is scrape',
    'prometheus-community',
    { annotations: { 'prometheus.io/scrape': 'True' }, containers: { web: [8080] } },
    [],
  ],
  [
    'a dot for a slash is the same label',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io.scheme': 'https' }, containers: { web: [8443] } },
    ['https://10.0.0.7:8443/metrics'],
  ],
  [
    'Pending',
    'prometheus-community',
    { annotations: yes, containers: { web: [8080] }, phase: 'Pending' },
    [],
  ],
  [
    'slowly, by the slow job alone',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io/scrape-slow': 'true' }, containers: { web: [8080] } },
    ['http://10.0.0.7:8080/metrics'],
  ],
  [
    'a parameter',
    'prometheus-community',
    { annotations: { ...yes, 'prometheus.io/param_format': 'prometheus' }, containers: { web: [8080] } },
    ['http://10.0.0.7:8080/metrics?format=prometheus'],
  ],
  [
    'IPv6',
    'prometheus-community',
    {
      annotations: { ...yes, 'prometheus.io/port': '8080' },
      containers: { web: [8080] },
      ip: 'fd00:10:244::5',
    },
    ['http://[fd00:10:244::5]:8080/metrics'],
  ],
  [
    'an init container’s port, and one that is not the annotated one',
    'victoria-metrics',
    {
      annotations: { ...yes, 'prometheus.io/port': '8080' },
      containers: { web: [8080, 9000] },
      init: { migrate: [8080] },
    },
    ['http://10.0.0.7:8080/metrics web'],
  ],
  [
    'Grafana’s container and port, https in the other job',
    'grafana-k8s-monitoring',
    {
      annotations: {
        'k8s.grafana.com/scrape': 'true',
        'k8s.grafana.com/metrics.container': 'web',
        'k8s.grafana.com/metrics.portNumber': '8443',
        'k8s.grafana.com/metrics.scheme': 'https',
        'k8s.grafana.com/metrics.path': '/m',
      },
      containers: { web: [8443], proxy: [15090] },
      init: { migrate: [] },
    },
    ['https://10.0.0.7:8443/m web'],
  ],
];

suite('presets', () => {
  for (const [what, preset, sketch, urls] of CASES)
    test(`${preset}: ${what}`, () => assert.deepEqual(scraped(preset, podOf(sketch)), urls));

  // The same Pods as a real Prometheus is asked about.
  for (const { name, pod, job, targets } of VECTORS) {
    // The chart's other job takes what this one leaves to it.
    const isSlow = pod.metadata?.annotations?.['prometheus.io/scrape-slow'] === 'true';
    if (job !== 'chart' || isSlow) continue;
    const expected = targets.map(({ url }) => url);
    test(`prometheus-community: ${name}`, () =>
      assert.deepEqual(scraped('prometheus-community', pod).toSorted(), expected.toSorted()));
  }
});
