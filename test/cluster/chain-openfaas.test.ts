import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { pages, reaching, rows, scrapeConfig, targetsUp, untilRows, withPrometheus } from './chain-stage.ts';
import { ExporterStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import { requirePrometheus } from './prometheus/require.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/openfaas-gateway.yaml');
const NAMESPACE = 'openfaas';

/** Both count requests, so that only the container tells whose they are; the gateway's application port has no metrics. */
const GATEWAY = pages({
  8080: { '/': 'OpenFaaS\n' },
  8082: { '/metrics': '# TYPE http_requests_total counter\nhttp_requests_total{code="200"} 11\n' },
});
const FAAS_NETES = pages({
  8081: { '/metrics': '# TYPE http_requests_total counter\nhttp_requests_total{code="200"} 22\n' },
});

const suite = 'OpenFaaS’ gateway, through to a query';

/**
 * The Pod of OpenFaaS' experiment with Prometheus: two containers, each with metrics of its own. Small servers stand for
 * the programs; all else is real.
 */
describe(suite, await requirePrometheus(suite, { kubelet: true }), () => {
  let stage: ExporterStage;
  let manifest: string;
  let pods: readonly string[];

  before(async () => {
    const program = (script: string) => ({ entrypoint: [process.execPath, '-e', script], user: 65534 });
    stage = await ExporterStage.start(NAMESPACE, [], {
      'ghcr.io/openfaas/gateway': program(GATEWAY),
      'ghcr.io/openfaas/faas-netes': program(FAAS_NETES),
    });
    // The example, scraped every second.
    manifest = readFileSync(EXAMPLE, 'utf8').replace(
      '      annotations:\n',
      '$&        podscrape.dev/interval: 1s\n        podscrape.dev/timeout: 1s\n',
    );
    assert.match(manifest, /interval: 1s/);
    await stage.plane.kubectl(['apply', '-f', '-'], { stdin: manifest });
    pods = await running(1);
  });
  after(() => stage.stop());

  /** The names of the gateway's Pods, once there are so many and all are ready. */
  async function running(count: number): Promise<readonly string[]> {
    const names = await stage.plane.waitFor(`${count} Pods`, async () => {
      const { body } = await stage.plane.request('GET', `${stage.pods}?labelSelector=app%3Dgateway`);
      const found = (body.items ?? []).map(({ metadata }) => metadata?.name ?? '');
      return found.length === count && found.sort();
    });
    await Promise.all(names.map((name) => podAddress(stage.plane, NAMESPACE, name)));
    return names;
  }

  const printed = (...args: readonly string[]): Promise<string> =>
    scrapeConfig([...reaching(stage.plane), ...args]);

  it('has two targets, told apart by their container, and none twice', async () => {
    await withPrometheus(await printed(), async (prometheus) => {
      const active = await targetsUp(prometheus, 2);
      const [pod = ''] = pods;
      const told = active.map(({ labels, scrapeUrl }) => [
        labels['namespace'],
        labels['pod'],
        labels['container'],
        new URL(scrapeUrl).port,
      ]);
      assert.deepEqual(told.sort(), [
        [NAMESPACE, pod, 'faas-netes', '8081'],
        [NAMESPACE, pod, 'gateway', '8082'],
      ]);
      await untilRows(
        prometheus,
        'http_requests_total',
        ['namespace', 'pod', 'container'],
        [`${NAMESPACE} ${pod} gateway 11`, `${NAMESPACE} ${pod} faas-netes 22`],
      );
      // Nothing else is scraped, not even in vain.
      await untilRows(prometheus, 'sum(up)', [], ['2']);
    });
  });

  it('has the labels of the experiment where they are asked for', async () => {
    const names = ['kubernetes_namespace', 'kubernetes_pod_name', 'kubernetes_container_name'] as const;
    const [namespace, pod, container] = names;
    const options = ['--namespace-label', namespace, '--pod-label', pod, '--container-label', container];
    await withPrometheus(await printed(...options), async (prometheus) => {
      const [first = ''] = pods;
      await untilRows(
        prometheus,
        'http_requests_total',
        [...names, 'namespace', 'pod', 'container'],
        [`${NAMESPACE} ${first} gateway - - - 11`, `${NAMESPACE} ${first} faas-netes - - - 22`],
      );
      await targetsUp(prometheus, 2);
    });
  });

  it('has two applications where the container’s name stands for the Pod’s label `app`', async () => {
    const options = ['--labelmap', '(.+)'];
    await withPrometheus(await printed(...options), async (prometheus) => {
      await untilRows(
        prometheus,
        'http_requests_total',
        ['app', 'container'],
        ['gateway gateway 11', 'gateway faas-netes 22'],
      );
    });
    await withPrometheus(await printed('--app-label-from-container', ...options), async (prometheus) => {
      await untilRows(
        prometheus,
        'http_requests_total',
        ['app', 'container'],
        ['gateway gateway 11', 'faas-netes faas-netes 22'],
      );
      // What else the Pod's labels say is mapped all the same.
      const [active] = await targetsUp(prometheus, 2);
      assert.match(active?.labels['pod_template_hash'] ?? '', /^[a-z0-9]+$/);
    });
  });

  describe('with two Pods behind Services made for their metrics', () => {
    const METRICS = ['gateway-faas-netes-metrics', 'gateway-gateway-metrics'];

    before(async () => {
      await stage.plane.kubectl(['-n', NAMESPACE, 'scale', 'deployment/gateway', '--replicas=2']);
      pods = await running(2);
    });

    /** Has the Services of a role applied, in place of those of another: a cluster address cannot be changed. */
    const services = async (role: string): Promise<readonly string[]> => {
      const objects = await scrapeConfig(['--role', role, '--print-services', '-f', '-'], manifest);
      await stage.plane.kubectl(['-n', NAMESPACE, 'delete', 'services', '--all', '--wait']);
      await stage.plane.kubectl(['apply', '-f', '-'], { stdin: objects });
      const { body } = await stage.plane.request('GET', `/api/v1/namespaces/${NAMESPACE}/services`);
      return (body.items ?? []).map(({ metadata }) => metadata?.name ?? '').sort();
    };

    for (const role of ['endpoints', 'endpointslice'])
      it(`role ${role} finds both containers of each, and no other port`, async () => {
        assert.deepEqual(await services(role), METRICS);
        await withPrometheus(await printed('--role', role), async (prometheus) => {
          await untilRows(
            prometheus,
            'http_requests_total',
            ['namespace', 'pod', 'container'],
            pods.flatMap((pod) => [`${NAMESPACE} ${pod} gateway 11`, `${NAMESPACE} ${pod} faas-netes 22`]),
          );
          await targetsUp(prometheus, 4);
          // The application's port was found, as a port of the Pods behind the Services, and left out.
          const { dropped } = await prometheus.targets();
          const ports = dropped.map(({ discoveredLabels: labels }) => {
            const { __address__: address = '' } = labels;
            return address.slice(address.lastIndexOf(':') + 1);
          });
          assert.ok(ports.includes('8080'), ports.join());
        });
      });

    it('role service finds one cluster address for all Pods of a Service, and says so', async () => {
      assert.deepEqual(await services('service'), METRICS);
      const text = await printed('--role', 'service');
      assert.match(text, /cluster address/);
      await withPrometheus(text, async (prometheus) => {
        // Nobody resolves the name here, and no kube-proxy leads its address on: what is found is all there is to see.
        const { active } = await prometheus.untilTargets(
          'the Services',
          ({ active: found }) => found.length === METRICS.length,
        );
        assert.deepEqual(active.map(({ scrapeUrl }) => scrapeUrl).sort(), [
          `http://gateway-faas-netes-metrics.${NAMESPACE}.svc:8081/metrics`,
          `http://gateway-gateway-metrics.${NAMESPACE}.svc:8082/metrics`,
        ]);
        const told = active.map(({ labels }) => ({ labels, value: 0 }));
        assert.deepEqual(rows(told, ['namespace', 'service', 'container', 'pod']), [
          `${NAMESPACE} gateway-faas-netes-metrics faas-netes - 0`,
          `${NAMESPACE} gateway-gateway-metrics gateway - 0`,
        ]);
      });
    });
  });
});
