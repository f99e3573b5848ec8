import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { startOtherWebhook } from './other-webhook.ts';
import type { Mutation, OtherWebhook } from './other-webhook.ts';
import { assertClaims, assertOnce, containersOf, ONCE, pass, variable } from './passes.ts';
import type { Asked } from './passes.ts';
import type { PodContainer, PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const PROXY = 'istio-proxy';
const IN_MESH = 'sidecar.istio.io/inject';

interface Request {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of the Pod's spec. */
  readonly spec?: object;
  /** What Istio's agent is told to scrape. */
  readonly agent: object;
}

const METRICS = { scrape: 'true', path: '/metrics', port: '9102' };
const ACTUATOR = { scrape: 'true', path: '/actuator/prometheus', port: '8080' };

const REQUESTS: readonly Request[] = [
  { name: 'application', annotations: { 'podscrape.dev/profile': 'spring-boot' }, agent: ACTUATOR },
  { name: 'exporter', annotations: { 'podscrape.dev/profile': 'gunicorn' }, agent: METRICS },
  {
    name: 'exporter-of-a-job',
    annotations: { 'podscrape.dev/profile': 'gunicorn' },
    spec: { restartPolicy: 'Never' },
    agent: METRICS,
  },
  { name: 'both', annotations: { 'podscrape.dev/profile': 'spring-boot, gunicorn' }, agent: ACTUATOR },
  // The monitor goes to the merged port, which these annotations tell the agent what to merge for.
  {
    name: 'operated',
    annotations: { 'podscrape.dev/profile': 'spring-boot', 'podscrape.dev/operator-mode': 'true' },
    agent: ACTUATOR,
  },
];

/** The proxy comes last, or as a native sidecar first. */
const INJECTORS = [
  { reinvocationPolicy: 'Never', native: false },
  { reinvocationPolicy: 'IfNeeded', native: false },
  { reinvocationPolicy: 'Never', native: true },
] as const;

describe('with Istio, on a real control plane', await requireCluster('Istio'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('shop');
    await plane.createNamespace('mesh', { 'istio-injection': 'enabled' });
    webhook = await startWebhook({ kubeconfig: plane.kubeconfig });
    await register(plane, webhook);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const { reinvocationPolicy, native } of INJECTORS) {
    describe(`its injector, reinvocationPolicy ${reinvocationPolicy}, native sidecar: ${native}`, () => {
      let istio: OtherWebhook;
      before(async () => {
        const options = { name: 'istio-sidecar-injector', reinvocationPolicy, label: IN_MESH };
        istio = await startOtherWebhook(plane, options, injectIstio(native));
      });
      after(() => istio.stop());

      for (const { name, annotations, spec, agent } of REQUESTS) {
        it(`${name}: Istio sees our annotations, and our second pass changes nothing`, async () => {
          const { pod, passes } = await meshed({ name, annotations, ...(spec !== undefined && { spec }) });
          assert.deepEqual(passes, ONCE);
          const [seen] = istio.seen.filter(({ metadata }) => metadata.name === name);
          assert.ok(seen);
          const asSeen = prometheusOf(seen);
          assert.equal(asSeen['prometheus.io/scrape'], 'true');
          assert.notEqual(asSeen['prometheus.io/port'], '15020');
          assert.deepEqual(prometheusOf(pod), {
            'prometheus.io/scrape': 'true',
            'prometheus.io/scheme': 'http',
            'prometheus.io/port': '15020',
            'prometheus.io/path': '/stats/prometheus',
          });
          assert.deepEqual(JSON.parse(variable(pod, PROXY, 'ISTIO_PROMETHEUS_ANNOTATIONS')), agent);
          // What Istio saw is what is there now, but for what Istio itself does.
          assert.deepEqual(withoutProxy(pod), containersOf(seen));
          const key = 'podscrape.dev/status';
          assert.equal(pod.metadata.annotations?.[key], seen.metadata.annotations?.[key]);
          assertClaims(pod, [PROXY]);
          assertOnce(pod);
          const numbers = containersOf(pod).flatMap(({ ports }) => ports ?? []);
          assert.ok(numbers.every(({ containerPort }) => containerPort !== 15020));
        });
      }

      it('merging switched off on the Pod: the annotations stay ours', async () => {
        const annotations = {
          'podscrape.dev/profile': 'spring-boot',
          'prometheus.istio.io/merge-metrics': 'false',
        };
        const { pod, passes } = await meshed({ name: 'unmerged', annotations });
        assert.equal(prometheusOf(pod)['prometheus.io/port'], '8080');
        assert.equal(prometheusOf(pod)['prometheus.io/path'], '/actuator/prometheus');
        assert.deepEqual(passes, ONCE);
        assertClaims(pod, [PROXY]);
      });

      it('several targets: a warning says that one is merged', async () => {
        const annotations = { 'podscrape.dev/profile': 'spring-boot, gunicorn' };
        const { warnings } = await meshed({ name: 'several', annotations });
        const words = 'Istio merges this port only, not every target';
        assert.deepEqual(
          warnings.filter((text) => text.includes('Istio')),
          [`prometheus.io/port: ${words}; istioScrapeTargets (Istio 1.31) merges all`],
        );
      });

      it('an application with https: the agent’s http is scraped, with a warning', async () => {
        const annotations = { 'podscrape.dev/profile': 'http', 'podscrape.dev/scheme': 'https' };
        const { pod, warnings } = await meshed({ name: 'secure', annotations });
        // Without the annotation every scraper takes http.
        assert.equal(prometheusOf(pod)['prometheus.io/scheme'], undefined);
        assert.equal(prometheusOf(pod)['prometheus.io/port'], '15020');
        const words = 'Istio cannot merge the https of web:8080; set this to "false"';
        assert.deepEqual(warnings, [`prometheus.istio.io/merge-metrics: ${words}`]);
      });

      it('a Pod that asks for nothing of ours is Istio’s alone', async () => {
        const { pod, passes } = await meshed({ name: 'silent' });
        assert.deepEqual(Object.keys(pod.metadata.annotations ?? {}).filter(isOurs), []);
        assert.deepEqual(passes, []);
      });
    });
  }

  it('a namespace of the mesh tells as much as the Pod’s label', async () => {
    const annotations = { 'podscrape.dev/profile': 'http', 'podscrape.dev/scheme': 'https' };
    for (const [namespace, scheme] of [
      ['shop', 'https'],
      ['mesh', undefined],
    ] as const) {
      const { pod } = await pass(plane, webhook, { namespace, name: 'secure', annotations, labels: {} });
      assert.equal(prometheusOf(pod)['prometheus.io/scheme'], scheme);
      assert.equal(prometheusOf(pod)['prometheus.io/port'], '8080');
    }
  });

  /** Sends a Pod that says itself that it is in the mesh. */
  function meshed(asked: Omit<Asked, 'namespace' | 'labels'>) {
    return pass(plane, webhook, { namespace: 'shop', labels: { [IN_MESH]: 'true' }, ...asked });
  }
});

/**
 * What Istio's injector does as far as it concerns us (istio/istio, pkg/kube/inject): it adds its proxy, hands the
 * scrape annotations to its agent, and points them at the port where the agent serves everything merged.
 */
function injectIstio(native: boolean): Mutation {
  return (pod) => {
    if (containersOf(pod).some(({ name }) => name === PROXY)) return [];
    const { annotations = {} } = pod.metadata;
    const merges =
      annotations['prometheus.io/scrape'] !== 'false' &&
      annotations['prometheus.istio.io/merge-metrics'] !== 'false';
    const told = Object.fromEntries(
      ['scrape', 'path', 'port'].flatMap((key) => {
        const value = annotations[`prometheus.io/${key}`];
        return value === undefined ? [] : [[key, value]];
      }),
    );
    const agent = { name: 'ISTIO_PROMETHEUS_ANNOTATIONS', value: JSON.stringify(told) };
    const proxy = {
      name: PROXY,
      image: 'docker.io/istio/proxyv2:1.27.0',
      env: merges && Object.keys(told).length > 0 ? [agent] : [],
      ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
    };
    const merged = {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '15020',
      'prometheus.io/path': '/stats/prometheus',
    };
    const inits = [{ ...proxy, restartPolicy: 'Always' }, ...(pod.spec.initContainers ?? [])];
    return [
      native
        ? { op: 'add', path: '/spec/initContainers', value: inits }
        : { op: 'add', path: '/spec/containers/-', value: proxy },
      { op: 'add', path: '/metadata/annotations', value: { ...annotations, ...(merges && merged) } },
    ];
  };
}

function withoutProxy(pod: PodObject): readonly PodContainer[] {
  return containersOf(pod).filter(({ name }) => name !== PROXY);
}

function prometheusOf({ metadata }: PodObject): Readonly<Record<string, string>> {
  const { annotations = {} } = metadata;
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith('prometheus.io')));
}

function isOurs(key: string): boolean {
  return key.startsWith('podscrape.dev/');
}
