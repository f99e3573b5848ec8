import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Target } from '../../src/core/decision.ts';
import type { JobOptions } from '../../src/prometheus/jobs/options.ts';
import { metricsServices } from '../../src/prometheus/jobs/services.ts';
import type { MetricsService, ScrapedWorkload } from '../../src/prometheus/jobs/services.ts';
import { sanitiseLabelName } from '../../src/prometheus/sanitise.ts';
import { discovered, optionsOf, scraped } from './jobs-tools.ts';
import type { Seen } from './jobs-tools.ts';

const TARGET: Target = {
  container: 'web',
  port: 8080,
  portName: 'web-metrics',
  scheme: 'https',
  path: '/m',
  params: [['format', 'text']],
  interval: '30s',
  timeout: '10s',
  source: 'http',
};

function workload(changes: Partial<ScrapedWorkload> = {}): ScrapedWorkload {
  const selector = { app: 'shop' };
  return {
    kind: 'Deployment',
    namespace: 'shop',
    name: 'shop',
    selector,
    targets: [TARGET],
    profiles: ['http'],
    slow: false,
    ...changes,
  };
}

const OPTIONS = { annotationPrefix: 'podscrape.dev', role: 'endpointslice' } as const;

function namesOf(...workloads: readonly ScrapedWorkload[]): readonly string[] {
  return metricsServices(workloads, OPTIONS).services.map(({ metadata }) => metadata.name);
}

/** What discovery says of a Service, by its object. */
function serviceLabels({ metadata }: MetricsService): Readonly<Record<string, string>> {
  const entries = (
    what: string,
    map: Readonly<Record<string, string>>,
  ): readonly (readonly [string, string])[] =>
    Object.entries(map).flatMap(([key, value]) => [
      [`__meta_kubernetes_service_${what}_${sanitiseLabelName(key)}`, value] as const,
      [`__meta_kubernetes_service_${what}present_${sanitiseLabelName(key)}`, 'true'] as const,
    ]);
  return Object.fromEntries([
    ...entries('label', metadata.labels),
    ...entries('annotation', metadata.annotations),
    ['__meta_kubernetes_service_name', metadata.name],
    ['__meta_kubernetes_namespace', metadata.namespace],
  ]);
}

/** An endpoint as discovery tells it, at the Service's own port or at another one that the Pod's container declares. */
function seenBehind(
  role: 'endpoints' | 'endpointslice',
  service: MetricsService,
  more: Readonly<Record<string, string>> = {},
  options: Partial<JobOptions> = {},
): readonly Seen[] {
  const kind = role === 'endpoints' ? 'endpoint' : 'endpointslice';
  const labels = {
    ...serviceLabels(service),
    __address__: '10.0.0.7:8080',
    [`__meta_kubernetes_${kind}_port_name`]: 'web-metrics',
    __meta_kubernetes_pod_name: 'shop-1',
    __meta_kubernetes_pod_container_name: 'web',
    __meta_kubernetes_pod_phase: 'Running',
    ...more,
  };
  return scraped([discovered(labels)], optionsOf({ ...options, role }));
}

describe('Services for metrics', () => {
  it('one a target, headless, with the whole selector', () => {
    const [service] = metricsServices([workload()], OPTIONS).services;
    assert.deepEqual(service, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'shop-web-metrics',
        namespace: 'shop',
        labels: { 'podscrape.dev/metrics': 'true' },
        annotations: {
          'podscrape.dev/container': 'web',
          'podscrape.dev/profile': 'http',
          'podscrape.dev/scheme': 'https',
          'podscrape.dev/path': '/m',
          'podscrape.dev/interval': '30s',
          'podscrape.dev/timeout': '10s',
          'podscrape.dev/param_format': 'text',
        },
      },
      spec: {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: { app: 'shop' },
        ports: [{ name: 'web-metrics', port: 8080, targetPort: 8080, protocol: 'TCP' }],
      },
    });
  });

  it('with a cluster address for the role service', () => {
    const [service] = metricsServices([workload()], { ...OPTIONS, role: 'service' }).services;
    assert.deepEqual(Object.keys(service?.spec ?? {}), ['selector', 'ports']);
  });

  it('several targets of a container are told apart by their ports', () => {
    const targets = [TARGET, { ...TARGET, port: 8081 }, { ...TARGET, container: 'statsd', port: 9102 }];
    assert.deepEqual(namesOf(workload({ targets })), [
      'shop-web-metrics-8080',
      'shop-web-metrics-8081',
      'shop-statsd-metrics',
    ]);
  });

  it('what would have one name gets two that do not depend on the order', () => {
    const [a, b] = [workload(), workload({ kind: 'StatefulSet' })];
    const [first, second] = namesOf(a, b);
    assert.notEqual(first, second);
    assert.match(first ?? '', /^shop-web-[0-9a-f]{6}-metrics$/);
    assert.deepEqual(namesOf(b, a), [second, first]);
    assert.deepEqual(namesOf(a, workload({ namespace: 'other' })), ['shop-web-metrics', 'shop-web-metrics']);
  });

  it('nor is a Service of somebody else’s taken', () => {
    const { services } = metricsServices([workload()], OPTIONS, new Set(['shop/shop-web-metrics']));
    assert.match(services[0]?.metadata.name ?? '', /^shop-web-[0-9a-f]{6}-metrics$/);
  });

  it('names are labels of RFC 1035, whatever the workload is called', () => {
    for (const name of ['1.2.3', 'a'.repeat(253), `${'a'.repeat(48)}-.b`]) {
      const [found = ''] = namesOf(workload({ name }));
      assert.match(found, /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, name);
      assert.match(found, /-metrics$/);
    }
    const long = 'a'.repeat(70);
    assert.notDeepEqual(namesOf(workload({ name: `${long}1` })), namesOf(workload({ name: `${long}2` })));
  });

  it('a parameter that no annotation can carry is told', () => {
    const params = [
      ['match[]', 'x'],
      ['a', '1'],
      ['a', '2'],
    ] as const;
    const { services, notes } = metricsServices([workload({ targets: [{ ...TARGET, params }] })], OPTIONS);
    assert.equal(services[0]?.metadata.annotations['podscrape.dev/param_a'], '1');
    assert.deepEqual(notes, [
      'shop/Deployment/shop: the parameter match[] of container web fits no annotation',
      'shop/Deployment/shop: the parameter a of container web fits no annotation',
    ]);
  });
});

describe('jobs for Services', () => {
  const [service] = metricsServices([workload()], OPTIONS).services;
  assert.ok(service);
  for (const role of ['endpoints', 'endpointslice'] as const) {
    it(`${role}: every Pod at the Service’s port, as decided`, () => {
      assert.deepEqual(seenBehind(role, service), [
        {
          job: 'podscrape-services',
          url: 'https://10.0.0.7:8080/m?format=text',
          interval: '30s',
          timeout: '10s',
          honorLabels: false,
          labels: {
            container: 'web',
            instance: '10.0.0.7:8080',
            job: 'podscrape-services',
            namespace: 'shop',
            pod: 'shop-1',
          },
        },
      ]);
    });
    it(`${role}: no other container port of the Pod`, () => {
      const kind = role === 'endpoints' ? 'endpoint' : 'endpointslice';
      assert.deepEqual(seenBehind(role, service, { [`__meta_kubernetes_${kind}_port_name`]: '' }), []);
    });
    it(`${role}: no Pod that is not running, though the Service publishes it`, () => {
      assert.deepEqual(seenBehind(role, service, { __meta_kubernetes_pod_phase: 'Pending' }), []);
    });
    it(`${role}: no Service without the label`, () => {
      const bare = { ...service, metadata: { ...service.metadata, labels: {} } };
      assert.deepEqual(seenBehind(role, bare), []);
    });
  }

  it('the role service: the Service’s address, with the container that the Service names', () => {
    const labels = { ...serviceLabels(service), __address__: 'shop-web-metrics.shop.svc:8080' };
    const [seen] = scraped([discovered(labels)], optionsOf({ role: 'service' }));
    assert.equal(seen?.url, 'https://shop-web-metrics.shop.svc:8080/m?format=text');
    assert.deepEqual(seen.labels, {
      container: 'web',
      instance: 'shop-web-metrics.shop.svc:8080',
      job: 'podscrape-services',
      namespace: 'shop',
      service: 'shop-web-metrics',
    });
  });

  it('inherit leaves the times to Prometheus', () => {
    const targets = [{ ...TARGET, interval: 'inherit', timeout: 'inherit' }];
    const [inherits] = metricsServices([workload({ targets })], OPTIONS).services;
    assert.ok(inherits);
    const [seen] = seenBehind('endpointslice', inherits);
    assert.deepEqual([seen?.interval, seen?.timeout], ['1m', '10s']);
  });

  it('slow ones are in the slow job only', () => {
    const [slow] = metricsServices([workload({ slow: true })], OPTIONS).services;
    assert.ok(slow);
    assert.deepEqual(seenBehind('endpointslice', slow), []);
    const options = { slow: { interval: '5m', timeout: '30s' } };
    assert.deepEqual(
      seenBehind('endpointslice', slow, {}, options).map(({ job }) => job),
      ['podscrape-services-slow'],
    );
  });

  it('what keeps its labels has a job of its own', () => {
    const target = { ...TARGET, container: 'pushgateway', port: 9091 };
    const [gateway] = metricsServices(
      [workload({ targets: [target], profiles: ['pushgateway'] })],
      OPTIONS,
    ).services;
    assert.ok(gateway);
    const seen = seenBehind('endpointslice', gateway, {
      __meta_kubernetes_pod_container_name: 'pushgateway',
    });
    assert.deepEqual(
      seen.map(({ job, honorLabels }) => [job, honorLabels]),
      [['podscrape-services-pushgateway', true]],
    );
  });

  it('a profile with credentials is told by its name among others', () => {
    const variants = [
      {
        name: 'secure',
        profile: 'secure',
        access: { authorization: { credentials: { name: 'a', key: 'b' } } },
      },
    ];
    const jobs = (profiles: readonly string[]): readonly string[] => {
      const [one] = metricsServices([workload({ profiles })], OPTIONS).services;
      assert.ok(one);
      return seenBehind('endpointslice', one, {}, { variants }).map(({ job }) => job);
    };
    assert.deepEqual(jobs(['statsd', 'secure']), ['podscrape-services-secure']);
    assert.deepEqual(jobs(['secure-not', 'http']), ['podscrape-services']);
  });
});
