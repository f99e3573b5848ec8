import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { startOtherWebhook } from './other-webhook.ts';
import type { Mutation, OtherWebhook, PatchOperation } from './other-webhook.ts';
import type { PodContainer, PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const WEB = { name: 'web', image: 'example.com/web:1', ports: [{ name: 'http', containerPort: 8080 }] };
const STATUS = 'podscrape.dev/status';
const MESHED = { 'sidecar.istio.io/inject': 'true' };

/** The record as far as these tests read it. */
interface Status {
  readonly outcome: string;
  readonly added?: Readonly<Record<string, readonly string[]>>;
}

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

  for (const reinvocationPolicy of ['Never', 'IfNeeded'] as const) {
    describe(`its injector, reinvocationPolicy ${reinvocationPolicy}`, () => {
      let istio: OtherWebhook;
      before(async () => {
        const [label = ''] = Object.keys(MESHED);
        istio = await startOtherWebhook(
          plane,
          { name: 'istio-sidecar-injector', reinvocationPolicy, label },
          injectIstio,
        );
      });
      after(() => istio.stop());

      const requests: [name: string, annotations: Record<string, string>, scrapes: object][] = [
        [
          'application',
          { 'podscrape.dev/profile': 'spring-boot' },
          { scrape: 'true', path: '/actuator/prometheus', port: '8080' },
        ],
        [
          'exporter',
          { 'podscrape.dev/profile': 'gunicorn' },
          { scrape: 'true', path: '/metrics', port: '9102' },
        ],
        [
          'both',
          { 'podscrape.dev/profile': 'spring-boot, gunicorn' },
          { scrape: 'true', path: '/actuator/prometheus', port: '8080' },
        ],
      ];
      for (const [name, annotations, scrapes] of requests) {
        it(`${name}: Istio sees our annotations, and our second pass changes nothing of its own`, async () => {
          const pod = await create(name, { annotations, labels: MESHED });
          const [seen] = seenOf(istio, name);
          const asSeen = seen?.metadata.annotations ?? {};
          assert.equal(asSeen['prometheus.io/scrape'], 'true');
          assert.notEqual(asSeen['prometheus.io/port'], '15020');
          const { metadata, spec } = pod;
          assert.deepEqual(prometheusOf(pod), {
            'prometheus.io/scrape': 'true',
            'prometheus.io/scheme': 'http',
            'prometheus.io/port': '15020',
            'prometheus.io/path': '/stats/prometheus',
          });
          assert.deepEqual(JSON.parse(variable(pod, 'istio-proxy', 'ISTIO_PROMETHEUS_ANNOTATIONS')), scrapes);
          assert.deepEqual(passes(name), ['injected, patch', 'injected, no patch']);
          // What Istio saw is what is there now, but for what Istio itself does.
          assert.equal(metadata.annotations?.[STATUS], asSeen[STATUS]);
          assert.deepEqual(
            spec.containers.filter((container) => container.name !== 'istio-proxy'),
            seen?.spec.containers,
          );
          assertClaims(pod);
          assert.deepEqual(numbersOf(pod), [...new Set(numbersOf(pod))]);
          assert.equal(numbersOf(pod).includes(15020), false);
        });
      }

      it('merging switched off on the Pod: the annotations stay ours', async () => {
        const annotations = {
          'podscrape.dev/profile': 'spring-boot',
          'prometheus.istio.io/merge-metrics': 'false',
        };
        const pod = await create('unmerged', { annotations, labels: MESHED });
        assert.equal(prometheusOf(pod)['prometheus.io/port'], '8080');
        assert.equal(prometheusOf(pod)['prometheus.io/path'], '/actuator/prometheus');
        assert.deepEqual(passes('unmerged'), ['injected, patch', 'injected, no patch']);
        assertClaims(pod);
      });

      it('several targets: a warning says which one is merged', async () => {
        const { warnings } = await send('told', {
          annotations: { 'podscrape.dev/profile': 'spring-boot, gunicorn' },
          labels: MESHED,
        });
        const said = warnings.filter((text) => text.includes('Istio'));
        const hint = 'istioScrapeTargets (Istio 1.31) merges all';
        assert.deepEqual(said, [
          `prometheus.io/port: Istio merges this port only, not every target; ${hint}`,
        ]);
      });

      it('an application with https, in a namespace of the mesh: merged over http, with a warning', async () => {
        const secure = { 'podscrape.dev/profile': 'http', 'podscrape.dev/scheme': 'https' };
        const { body, warnings } = await send('secure', { annotations: secure, labels: MESHED }, 'mesh');
        assert.equal(prometheusOf(body)['prometheus.io/scheme'], 'http');
        assert.equal(prometheusOf(body)['prometheus.io/port'], '15020');
        const words = 'Istio cannot merge the https of web:8080; set this to "false"';
        assert.deepEqual(warnings, [`prometheus.istio.io/merge-metrics: ${words}`]);
        assertClaims(body);
      });

      it('a Pod that asks for nothing of ours is Istio’s alone', async () => {
        const pod = await create('silent', { labels: MESHED });
        assert.equal(pod.metadata.annotations?.[STATUS], undefined);
        assert.deepEqual(passes('silent'), []);
      });
    });
  }

  const places: [title: string, mutate: Mutation][] = [
    ['at the end', () => [{ op: 'add', path: '/spec/containers/-', value: ADDED }]],
    ['at the front', () => [{ op: 'add', path: '/spec/containers/0', value: ADDED }]],
    [
      'at the front, with ports and the like of its own',
      () => [
        {
          op: 'add',
          path: '/spec/containers/0',
          value: { ...ADDED, ports: [{ name: 'metrics', containerPort: 9999 }] },
        },
      ],
    ],
  ];
  for (const [title, mutate] of places) {
    describe(`a webhook after us adds a container ${title}`, () => {
      let adder: OtherWebhook;
      before(async () => {
        const once: Mutation = (pod) =>
          pod.spec.containers.some(({ name }) => name === ADDED.name) ? [] : mutate(pod);
        const options = { name: 'zz-adder', reinvocationPolicy: 'IfNeeded', label: 'zz' } as const;
        adder = await startOtherWebhook(plane, options, once);
      });
      after(() => adder.stop());

      for (const profile of ['http', 'gunicorn', 'statsd', 'spring-boot, gunicorn']) {
        const name = `${profile.replace(', ', '-')}-${title.replaceAll(/\W+/g, '-')}`;
        it(`${profile}: nothing twice`, async () => {
          const pod = await create(name, {
            annotations: { 'podscrape.dev/profile': profile },
            labels: { zz: 'true' },
          });
          const [seen] = seenOf(adder, name);
          assert.deepEqual(passes(name), ['injected, patch', 'injected, no patch']);
          assert.deepEqual(
            pod.spec.containers.filter((container) => container.name !== ADDED.name),
            seen?.spec.containers,
          );
          assert.deepEqual(pod.metadata.annotations, seen?.metadata.annotations);
          assertOnce(pod);
          assertClaims(pod);
        });
      }
    });
  }

  /** Metadata beside the name. */
  interface Metadata {
    readonly annotations?: Record<string, string>;
    readonly labels: Record<string, string>;
  }

  async function send(name: string, metadata: Metadata, namespace = 'shop') {
    const spec = { automountServiceAccountToken: false, containers: [WEB] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
    const answer = await plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    await plane.request('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
    return answer;
  }

  async function create(name: string, metadata: Metadata): Promise<PodObject> {
    forget = webhook.logLines().length;
    return (await send(name, metadata)).body;
  }

  /** How many lines of the log are older than the Pod at hand: names come again. */
  let forget = 0;

  /** What podscrape did in each of its passes over a Pod. */
  function passes(name: string): readonly string[] {
    return webhook
      .logLines()
      .slice(forget)
      .filter((line) => line['msg'] === 'decision' && line['name'] === name)
      .map((line) => `${String(line['outcome'])}, ${line['patchOps'] === 0 ? 'no patch' : 'patch'}`);
  }
});

const ADDED = { name: 'added', image: 'example.com/added:1' };

/** The Pod as another webhook was sent it first, this time. */
function seenOf({ seen }: OtherWebhook, name: string): readonly PodObject[] {
  return seen.filter(({ metadata }) => metadata.name === name);
}

/**
 * What Istio's injector does as far as it concerns us (istio/istio, pkg/kube/inject): it adds its proxy, hands the
 * scrape annotations to its agent, and points them at the port where the agent serves everything merged.
 */
function injectIstio({ metadata, spec }: PodObject): readonly PatchOperation[] {
  if (spec.containers.some(({ name }) => name === 'istio-proxy')) return [];
  const { annotations = {} } = metadata;
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
    name: 'istio-proxy',
    image: 'docker.io/istio/proxyv2:1.27.0',
    env: merges && Object.keys(told).length > 0 ? [agent] : [],
    ports: [{ name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' }],
  };
  const merged = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '15020',
    'prometheus.io/path': '/stats/prometheus',
  };
  return [
    { op: 'add', path: '/spec/containers/-', value: proxy },
    { op: 'add', path: '/metadata/annotations', value: { ...annotations, ...(merges && merged) } },
  ];
}

function prometheusOf({ metadata }: PodObject): Readonly<Record<string, string>> {
  const { annotations = {} } = metadata;
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith('prometheus.io')));
}

function containerOf({ spec }: PodObject, name: string): PodContainer | undefined {
  return [...spec.containers, ...(spec.initContainers ?? [])].find((container) => container.name === name);
}

function variable(pod: PodObject, container: string, name: string): string {
  return containerOf(pod, container)?.env?.find((entry) => entry.name === name)?.value ?? '';
}

/** Every declared port of the Pod. */
function numbersOf({ spec }: PodObject): readonly number[] {
  return spec.containers.flatMap(({ ports }) => (ports ?? []).map(({ containerPort }) => containerPort));
}

/** Containers, ports, port names and variables: each is there at most once. */
function assertOnce(pod: PodObject): void {
  const { containers } = pod.spec;
  const ports = containers.flatMap((container) => container.ports ?? []);
  const lists = [
    containers.map(({ name }) => name),
    ports.map(({ containerPort }) => containerPort),
    ports.map(({ name }) => name),
    ...containers.map(({ env }) => (env ?? []).map(({ name }) => name)),
  ];
  for (const list of lists) assert.deepEqual(list, [...new Set<unknown>(list)]);
}

/** Everything that `P/status` claims to have been added is in the Pod, and every exporter is claimed. */
function assertClaims(pod: PodObject): void {
  const { annotations = {} } = pod.metadata;
  const { outcome, added = {} } = JSON.parse(annotations[STATUS] ?? '{}') as Status;
  assert.equal(outcome, 'injected');
  for (const entry of added['ports'] ?? []) {
    const [container = '', number] = entry.split('/');
    const declared = containerOf(pod, container)?.ports ?? [];
    assert.ok(
      declared.some(({ containerPort }) => containerPort === Number(number)),
      `port ${entry}`,
    );
  }
  for (const entry of added['env'] ?? []) {
    const [container = '', name = ''] = entry.split('/');
    assert.notEqual(variable(pod, container, name), '', `variable ${entry}`);
  }
  for (const key of added['annotations'] ?? []) assert.ok(Object.hasOwn(annotations, key), key);
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  for (const name of added['volumes'] ?? []) assert.ok(volumes.includes(name), `volume ${name}`);
  const others = [WEB.name, ADDED.name, 'istio-proxy'];
  const exporters = pod.spec.containers.map(({ name }) => name).filter((name) => !others.includes(name));
  assert.deepEqual(added['containers'] ?? [], exporters);
}
