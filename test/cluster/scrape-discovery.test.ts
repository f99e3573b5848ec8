import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { compileJob } from '../../src/prometheus/job.ts';
import type { Job } from '../../src/prometheus/job.ts';
import { discoverPod } from '../../src/prometheus/pod-discovery.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { findTarget } from '../../src/prometheus/target.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { startKubelet } from './kubelet/kubelet.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { Stage } from './kubelet/stage.ts';
import { clusterAccess, withCluster } from './prometheus/cluster.ts';
import { assertSameTargets } from './prometheus/compare.ts';
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

function compiled(config: ScrapeConfig): Job {
  const made = compileJob(config);
  if ('job' in made) return made.job;
  throw new Error(made.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
}

const suite = 'targets of Pods, discovered by Prometheus and by podscrape';

describe(suite, await requirePrometheus(suite, { kubelet: true }), () => {
  let plane: ControlPlane;
  let kubelets: readonly Kubelet[] = [];
  let prometheus: Prometheus | undefined;
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
    const config = withCluster({ scrape_configs: CONFIGS }, clusterAccess(plane));
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

  for (const config of CONFIGS) {
    const job = compiled(config);
    it(`job ${job.name}: the same labels, the same targets`, async () => {
      await started().waitFor('the same', async () => {
        const found = (await settled()).flatMap((pod) =>
          discoverPod(pod).map((target) => findTarget(target, job)),
        );
        assert.ok(found.length > 12);
        assertSameTargets(await started().targets(), found, job.name);
        return true;
      });
    });
  }

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
