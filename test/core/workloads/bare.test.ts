// What an update leaves of an earlier injection is taken out; what it alters, or what its owner's manifest has, is theirs.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inject } from '../../../src/core/inject.ts';
import type { Pod } from '../../../src/core/kubernetes.ts';
import { isSameTemplate, withoutOldInjection } from '../../../src/core/workloads/bare.ts';
import type { Claims } from '../../../src/core/workloads/manifest.ts';
import { engineConfig } from '../support.ts';

const config = engineConfig();
const bare: Pod = {
  metadata: {
    annotations: {
      'podscrape.dev/profile': 'gunicorn,http',
      'podscrape.dev/port': '8080',
      'prometheus.io/scheme': 'HTTP',
      'podscrape.dev/params': 'a=1',
    },
  },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'example.com/web:1',
        ports: [{ containerPort: 8080 }],
        env: [{ name: 'GUNICORN_CMD_ARGS', value: '--workers 2' }],
      },
      { name: 'worker', image: 'example.com/worker:1' },
    ],
  },
};
const nothing: Claims = () => false;

type Draft = {
  metadata: { annotations: Record<string, string> };
  spec: {
    containers: { name: string; image: string; ports?: { name?: string }[]; env?: { value: string }[] }[];
    volumes: { name: string; downwardAPI?: object }[];
  };
};

function injected(): Pod {
  return inject(bare, { namespace: 'shop', trigger: 'unknown' }, config).pod;
}

function altered(change: (copy: Draft) => void): Pod {
  const copy = JSON.parse(JSON.stringify(injected())) as Draft;
  change(copy);
  return copy as unknown as Pod;
}

function container(pod: Pod, name: string) {
  return pod.spec.containers.find((one) => one.name === name);
}

describe('an update of a template that is injected', () => {
  it('gives the owner’s template back where nothing is altered', () => {
    const old = injected();
    assert.ok(old !== bare);
    const { annotations = {} } = old.metadata ?? {};
    for (const part of ['containers', 'named', 'annotations', 'volumes', 'env', 'extended', 'changed'])
      assert.ok(annotations?.['podscrape.dev/status']?.includes(`"${part}":`), part);
    assert.ok(isSameTemplate(withoutOldInjection(old, old, nothing, config), bare));
  });

  const cases: readonly (readonly [
    what: string,
    change: (copy: Draft) => void,
    left: (pod: Pod) => unknown,
  ])[] = [
    [
      'the exporter’s image',
      ({ spec }) => (spec.containers[2]!.image = 'example.com/own-exporter:1'),
      (pod) => container(pod, 'statsd-exporter')?.image === 'example.com/own-exporter:1',
    ],
    [
      'the name of a port',
      ({ spec }) => (spec.containers[0]!.ports![0]!.name = 'own-metrics'),
      (pod) => container(pod, 'web')?.ports?.[0]?.name === 'own-metrics',
    ],
    [
      'an annotation',
      ({ metadata }) => (metadata.annotations['prometheus.io/path'] = '/own'),
      (pod) => pod.metadata?.annotations?.['prometheus.io/path'] === '/own',
    ],
    [
      'an annotation that was made readable',
      ({ metadata }) => (metadata.annotations['prometheus.io/scheme'] = 'https'),
      (pod) => pod.metadata?.annotations?.['prometheus.io/scheme'] === 'https',
    ],
    [
      'a volume',
      ({ spec }) => (spec.volumes[0]!.downwardAPI = { items: [], defaultMode: 256 }),
      (pod) => pod.spec.volumes?.length === 1,
    ],
    [
      'a variable that was set',
      ({ spec }) => (spec.containers[1]!.env![0]!.value = '--statsd-host=127.0.0.1:1'),
      (pod) => container(pod, 'worker')?.env?.[0]?.value === '--statsd-host=127.0.0.1:1',
    ],
    [
      'a variable that was extended',
      ({ spec }) => (spec.containers[0]!.env![0]!.value += ' --own'),
      (pod) => container(pod, 'web')?.env?.[0]?.value?.endsWith(' --own'),
    ],
  ];
  for (const [what, change, left] of cases) {
    it(`leaves what it alters: ${what}`, () => {
      const result = withoutOldInjection(altered(change), injected(), nothing, config);
      assert.ok(left(result), JSON.stringify(result));
      assert.equal(result.metadata?.annotations?.['podscrape.dev/status'], undefined);
    });
  }

  const owned: readonly (readonly [Parameters<Claims>[0], string, (pod: Pod) => unknown])[] = [
    ['annotations', 'prometheus.io/path', (pod) => pod.metadata?.annotations?.['prometheus.io/path']],
    [
      'changed',
      'prometheus.io/scheme',
      (pod) => pod.metadata?.annotations?.['prometheus.io/scheme'] === 'http',
    ],
    ['named', 'web/8080', (pod) => container(pod, 'web')?.ports?.[0]?.name],
    ['env', 'worker/GUNICORN_CMD_ARGS', (pod) => container(pod, 'worker')?.env?.length],
    ['containers', 'statsd-exporter', (pod) => container(pod, 'statsd-exporter')],
  ];
  for (const [list, name, left] of owned) {
    it(`leaves what the owner’s manifest has: ${list}`, () => {
      const claims: Claims = (of, entry) => of === list && entry === name;
      const result = withoutOldInjection(injected(), injected(), claims, config);
      assert.ok(left(result), JSON.stringify(result));
    });
  }

  it('leaves a template that came with a record of its own', () => {
    const came = altered(({ metadata }) => {
      const text = metadata.annotations['podscrape.dev/status'] ?? '';
      metadata.annotations['podscrape.dev/status'] = text.replace('"config":"test"', '"config":"other"');
    });
    assert.equal(withoutOldInjection(came, injected(), nothing, config), came);
  });

  it('takes out what the old record says where the new one is no record', () => {
    const spoilt = altered(({ metadata }) => (metadata.annotations['podscrape.dev/status'] = 'x'));
    const result = withoutOldInjection(spoilt, injected(), nothing, config);
    assert.equal(container(result, 'statsd-exporter'), undefined);
  });
});
