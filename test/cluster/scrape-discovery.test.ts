import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { explainPod } from '../../src/prometheus/explain.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { startKubelet } from './kubelet/kubelet.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { Stage } from './kubelet/stage.ts';
import { readJobs } from './prometheus/agree-jobs.ts';
import { untilAgreed } from './prometheus/agree.ts';
import { clusterAccess, withCluster } from './prometheus/cluster.ts';
import { DISCOVERY_IMAGES, DISCOVERY_PODS, METRICS, V4, V6, serve } from './prometheus/discovery-pods.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';

const NAMESPACE = 'discovery';

const discovery = { kubernetes_sd_configs: [{ role: 'pod', namespaces: { names: [NAMESPACE] } }] } as const;

/** Jobs without rules, and one that keeps some. */
const CONFIGS: readonly ScrapeConfig[] = [
  { job_name: 'plain', scrape_interval: '1s', ...discovery },
  {
    job_name: 'other words',
    scrape_interval: '90s',
    scrape_timeout: '7s',
    metrics_path: '/actuator/prometheus',
    scheme: 'https',
    params: { format: ['prometheus', 'second'], 'match[]': ['{a="b"}'] },
    ...discovery,
  },
  {
    job_name: 'kept',
    scrape_interval: '1s',
    ...discovery,
    relabel_configs: [
      { source_labels: ['__meta_kubernetes_pod_container_port_name'], regex: 'metrics', action: 'keep' },
      { source_labels: ['__meta_kubernetes_pod_container_name'], target_label: 'container' },
    ],
  },
];

const suite = 'targets of Pods, discovered by Prometheus and by podscrape';

describe(suite, await requirePrometheus(suite, { kubelet: true }), () => {
  let plane: ControlPlane;
  let kubelets: readonly Kubelet[] = [];
  let prometheus: Prometheus | undefined;
  let config: string;
  const started = (): Prometheus => prometheus ?? assert.fail('it has not started');

  before(async () => {
    plane = await startControlPlane();
    kubelets = await Promise.all([
      startKubelet(plane, { images: DISCOVERY_IMAGES, nodeName: V4 }),
      startKubelet(plane, { images: DISCOVERY_IMAGES, nodeName: V6, primaryFamily: 6 }),
    ]);
    await plane.createNamespace(NAMESPACE);
    const stage = new Stage(plane, NAMESPACE);
    for (const [name, { spec, metadata }] of Object.entries(DISCOVERY_PODS))
      await stage.pod(name, spec, metadata);
    const labels = { app: 'owned' };
    await stage.create('/apis/apps/v1/{}/deployments', {
      metadata: { name: 'owned' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { nodeName: V4, containers: [serve('app', [METRICS])] } },
      },
    });
    config = withCluster({ scrape_configs: CONFIGS }, clusterAccess(plane));
    prometheus = await startPrometheus({ config });
  });
  after(async () => {
    await prometheus?.stop();
    await Promise.all(kubelets.map((kubelet) => kubelet.stop()));
    await plane.stop();
  });

  /** Every Pod of the namespace as it is now, once all are as they are meant to be. */
  const settled = (): Promise<readonly RunningPod[]> =>
    plane.waitFor(
      'every Pod to be ready or over',
      async () => {
        const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
        const { items } = (await plane.request<{ items: RunningPod[] }>('GET', path)).body;
        const waiting = items.filter(({ metadata, status }) => {
          const phase = DISCOVERY_PODS[metadata?.name ?? '']?.phase;
          if (phase !== undefined) return status?.phase !== phase;
          return !status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
        });
        if (waiting.length > 0)
          throw new Error(`${waiting.map(({ metadata }) => metadata?.name).join()} not yet`);
        return items.length === Object.keys(DISCOVERY_PODS).length + 1 && items;
      },
      { timeoutMs: 60_000 },
    );

  it('the same labels, the same targets, of every Pod and job', async () => {
    const { jobs } = readJobs(config);
    const agreed = await untilAgreed(started(), settled, (pod) => explainPod(pod, jobs));
    assert.equal(agreed.pods, Object.keys(DISCOVERY_PODS).length + 1);
    assert.ok(agreed.active > 24 && agreed.dropped > 4, JSON.stringify(agreed));
  });

  it('the jobs find what is meant: every kind of container, addresses of both families', async () => {
    const { active } = await started().targets();
    const of = (pod: string, pool: string) =>
      active
        .filter(
          (one) => one.discoveredLabels['__meta_kubernetes_pod_name'] === pod && one.scrapePool === pool,
        )
        .map((one) =>
          one.scrapeUrl.replace(/^\w+:\/\/(\[.*\]|[\d.]+)/, (_, ip: string) => (ip[0] === '[' ? 'v6' : 'v4')),
        )
        .sort();
    assert.deepEqual(of('app', 'plain'), ['v4:8080/metrics', 'v4:9102/metrics']);
    assert.deepEqual(of('udp', 'plain'), ['v4:9102/metrics', 'v4:9125/metrics']);
    assert.deepEqual(of('portless', 'plain'), ['v4/metrics', 'v4:8080/metrics']);
    assert.deepEqual(of('init', 'plain'), ['v4:8080/metrics', 'v4:9000/metrics']);
    assert.deepEqual(of('sidecar', 'kept'), ['v4:9102/metrics']);
    assert.deepEqual(of('six', 'kept'), ['v6:9102/metrics']);
    assert.deepEqual(of('gated', 'plain'), []);
  });

  it('and they answer, over both families', async () => {
    await started().waitFor('both to be up', async () => {
      const up = await started().query('up{job="kept"} == 1');
      const instances = up.map(({ labels }) => labels['instance'] ?? '');
      return (
        instances.some((one) => one.startsWith('[fd00:')) && instances.some((one) => one.startsWith('10.'))
      );
    });
  });
});
