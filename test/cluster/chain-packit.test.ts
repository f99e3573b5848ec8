import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { build, startBroker, worker } from './chain-packit-worker.ts';
import { FAST, pages, reaching, scrapeConfig, targetsUp, untilRows, withPrometheus } from './chain-stage.ts';
import { createComponent, createComponentService, createPod, everySecond, forbidden } from './chain-tools.ts';
import { ExporterStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import type { Targets } from './prometheus/answers.ts';
import { serviceAccountToken } from './prometheus/cluster.ts';
import { requirePrometheus } from './prometheus/require.ts';

const WORKERS = 'packit-workers';
const LISTED = ['packit-prod', 'packit-stg'] as const;
const NAMESPACES = ['--namespaces', LISTED.join()];
const API = { name: 'api', image: 'example.test/packit-service', ports: [{ containerPort: 8080 }] };
const PUSHED = ['job', 'instance', 'exported_job', 'exported_instance', 'state'] as const;

const suite = 'Packit, through to a query';
const needs = { kubelet: true, python: true, debian: ['redis-server', 'pushgateway'] } as const;

/** Packit's service in namespaces that are its own, a Prometheus with few rights, and workers that push. */
describe(suite, await requirePrometheus(suite, needs), () => {
  let stage: ExporterStage;

  before(async () => {
    const script = pages({
      8080: { '/metrics': '# TYPE packit_api_requests_total counter\npackit_api_requests_total 7\n' },
    });
    stage = await ExporterStage.start(WORKERS, ['celery', 'redis', 'pushgateway'], {
      [API.image]: { entrypoint: [process.execPath, '-e', script], user: 65534 },
    });
    const { plane } = stage;
    const asked = [...LISTED, 'sandbox'];
    await Promise.all(['monitoring', ...asked].map((name) => plane.createNamespace(name)));
    const annotations = { ...FAST, 'podscrape.dev/profile': 'http' };
    for (const namespace of asked) {
      await createPod(plane, { namespace, name: 'api', annotations }, { containers: [API] });
      await podAddress(plane, namespace, 'api');
    }
  });
  after(() => stage.stop());

  const apis = (...namespaces: readonly string[]): readonly string[] =>
    namespaces.map((namespace) => `${namespace} api api 7`);
  const WHERE = ['namespace', 'pod', 'container'] as const;

  it('scrapes the namespaces that are listed, and no other', async () => {
    const config = await scrapeConfig([...NAMESPACES, ...reaching(stage.plane)]);
    await withPrometheus(config, async (prometheus) => {
      await targetsUp(prometheus, LISTED.length);
      await untilRows(prometheus, 'packit_api_requests_total', WHERE, apis(...LISTED));
      // Others are not even looked at.
      const namespaces = ({ dropped }: Targets): readonly string[] => [
        ...new Set(
          dropped.map(({ discoveredLabels: labels }) => labels['__meta_kubernetes_namespace'] ?? ''),
        ),
      ];
      const targets = await prometheus.untilTargets('the Pods of both', (all) =>
        LISTED.every((namespace) => namespaces(all).includes(namespace)),
      );
      assert.deepEqual([...namespaces(targets)].sort(), LISTED);
    });
  });

  describe('with a ServiceAccount for Prometheus', () => {
    /** A token of a new ServiceAccount. */
    const account = async (name: string): Promise<string> => {
      const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
      const path = '/api/v1/namespaces/monitoring/serviceaccounts';
      assert.equal((await stage.plane.request('POST', path, body)).status, 201);
      return serviceAccountToken(stage.plane, 'monitoring', name);
    };
    /** Applies what is printed for it; the API server learns of rights through a watch, so that they count a little later. */
    const grant = async (name: string, args: readonly string[], token: string): Promise<void> => {
      const rights = ['--print-rbac', '--service-account', `monitoring/${name}`];
      const stdin = await scrapeConfig([...rights, ...args]);
      await stage.plane.kubectl(['apply', '-f', '-'], { stdin });
      for (const namespace of LISTED) await may(namespace, token);
    };
    const may = (namespace: string, token: string): Promise<boolean> =>
      stage.plane.waitFor(`rights in ${namespace}`, async () => {
        const pods = `/api/v1/namespaces/${namespace}/pods`;
        return (await stage.plane.request('GET', pods, undefined, { token })).status === 200;
      });

    it('finds nothing before the printed rights are given, then its namespaces only', async () => {
      const token = await account('prometheus');
      const access = reaching(stage.plane, token);
      const listed = await scrapeConfig([...NAMESPACES, ...access]);
      const user = 'system:serviceaccount:monitoring:prometheus';
      await withPrometheus(listed, (prometheus) => forbidden(prometheus, user));
      await grant('prometheus', NAMESPACES, token);
      await withPrometheus(listed, async (prometheus) => {
        await targetsUp(prometheus, LISTED.length);
        await untilRows(prometheus, 'packit_api_requests_total', WHERE, apis(...LISTED));
        assert.doesNotMatch(prometheus.logs(), /forbidden/);
      });
      await withPrometheus(await scrapeConfig(access), (prometheus) => forbidden(prometheus, user));
      await withPrometheus(await scrapeConfig(['--namespaces', 'sandbox', ...access]), (prometheus) =>
        forbidden(prometheus, user),
      );
    });

    it('finds the whole cluster with the rights that are printed for it', async () => {
      const token = await account('everywhere');
      const config = await scrapeConfig(reaching(stage.plane, token));
      await withPrometheus(config, (prometheus) =>
        forbidden(prometheus, 'system:serviceaccount:monitoring:everywhere'),
      );
      await grant('everywhere', [], token);
      await withPrometheus(config, async (prometheus) => {
        await untilRows(prometheus, 'packit_api_requests_total', WHERE, apis(...LISTED, 'sandbox'));
        assert.doesNotMatch(prometheus.logs(), /forbidden/);
      });
    });
  });

  describe('with workers that push', () => {
    let broker: string;
    let gateway: string;
    let config: string;

    before(async () => {
      broker = await startBroker(stage);
      const { image } = BUILT_IN_EXPORTERS.find(({ name }) => name === 'pushgateway')!;
      const container = { name: 'pushgateway', image, ports: [{ name: 'http', containerPort: 9091 }] };
      gateway = await createComponent(stage.plane, WORKERS, 'pushgateway', container, { http: 9091 });
      const options = ['--namespaces', WORKERS, '--with', 'pushgateway'];
      config = everySecond(await scrapeConfig([...options, ...reaching(stage.plane)]));
    });

    /** A Pod whose worker has built one package and failed to build another. */
    const worked = async (name: string, annotations: Readonly<Record<string, string>>): Promise<void> => {
      const metadata = { namespace: WORKERS, name, labels: { app: name } };
      const all = { ...FAST, 'podscrape.dev/profile': 'pushgateway', ...annotations };
      const containers = [worker(name, broker)];
      await createPod(stage.plane, { ...metadata, annotations: all }, { containers });
      await podAddress(stage.plane, WORKERS, name);
      await build(stage, name, 'podman');
      await build(stage, name, 'broken');
    };
    const tasks = (instance: string): readonly string[] =>
      ['SUCCESS', 'FAILURE'].map((state) => `packit-worker ${instance} - - ${state} 1`);

    it('has what they push to the cluster’s Pushgateway under their own job and instance', async () => {
      await worked('away', { 'podscrape.dev/exporter-address': `${gateway}:9091` });
      await withPrometheus(config, async (prometheus) => {
        await untilRows(prometheus, 'packit_tasks_total', PUSHED, tasks('away'));
        // The worker has nothing to scrape, and no other job scrapes the Pushgateway.
        const [target] = await targetsUp(prometheus, 1);
        assert.equal(target?.scrapePool, 'podscrape-pushgateway');
        assert.equal(target.scrapeUrl, `http://${gateway}:9091/metrics`);
      });
    });

    it('scrapes a Pushgateway that is injected once, though a Service has it for a component', async () => {
      await worked('beside', {});
      const service = { namespace: WORKERS, name: 'beside' };
      await createComponentService(stage.plane, service, 'pushgateway', { app: 'beside' }, { http: 9091 });
      await withPrometheus(config, async (prometheus) => {
        await prometheus.untilTargets('the endpoint of the injected one', ({ active, dropped }) =>
          [...active, ...dropped].some(
            ({ scrapePool, discoveredLabels: labels }) =>
              scrapePool === 'podscrape-pushgateway' &&
              labels['__meta_kubernetes_service_name'] === 'beside' &&
              labels['__meta_kubernetes_endpointslice_port'] === '9091',
          ),
        );
        const own = 'packit_tasks_total{instance="beside"}';
        await untilRows(prometheus, own, PUSHED, tasks('beside'));
        const where = `${WORKERS} beside pushgateway 1`;
        await untilRows(prometheus, own, WHERE, [where, where]);
        const pools = (await targetsUp(prometheus, 2)).map(({ scrapePool }) => scrapePool);
        assert.deepEqual(pools.sort(), ['podscrape-annotated-pushgateway', 'podscrape-pushgateway']);
      });
    });
  });
});
