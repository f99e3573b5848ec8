import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NOTHING_ADDED } from '../../src/core/decision.ts';
import type { Added } from '../../src/core/decision.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import { recorded } from '../../src/core/status.ts';
import { uninject } from '../../src/core/uninject.ts';
import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { configurations, pods, surroundings } from './arbitrary.ts';
import { engineConfig } from './support.ts';

const runs = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2000),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20261121),
};
const STATUS = 'podscrape.dev/status';
const config = engineConfig();

/** What the Pod's own record says, taken out. */
function takenOut(pod: Pod, settings = config): Pod {
  const { added, changed } = recorded(pod, settings);
  return uninject(pod, added, changed, settings);
}

/** Without members that are null or empty, which the apiserver does not tell from absent ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, plain(member)] as const);
  return Object.fromEntries(entries.filter(([, member]) => !isEmpty(member)));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

describe('uninject', () => {
  it('undoes inject, for every Pod', () => {
    fc.assert(
      fc.property(pods, surroundings, configurations, (pod, where, file) => {
        fc.pre(!Object.hasOwn(pod.metadata?.annotations ?? {}, STATUS));
        const settings = engineConfig(file);
        const after = inject(pod, where, settings).pod;
        assert.deepEqual(plain(takenOut(after, settings)), plain(pod));
      }),
      runs,
    );
  });

  it('takes out, for every Pod and record, nothing that podscrape cannot have written', () => {
    const words = fc.constantFrom(
      ...['web', 'api', 'statsd-exporter', 'redis-exporter', 'pushgateway', 'web/8080', 'web/A'],
      ...['web/PUSHGATEWAY_URL', 'team', 'app-data'],
    );
    const lists = Object.keys(NOTHING_ADDED).map(
      (list) => [list, fc.array(words, { maxLength: 4 })] as const,
    );
    const records = fc.record(Object.fromEntries(lists)) as unknown as fc.Arbitrary<Added>;
    fc.assert(
      fc.property(pods, records, (pod, added) => {
        const after = uninject(pod, added, { team: 'b', 'example.com/a': 'b' }, config);
        assert.deepEqual(plain(foreign(after)), plain(foreign(pod)));
      }),
      runs,
    );
  });

  it('returns the very same Pod when there is nothing to take out', () => {
    const pod: Pod = { metadata: { annotations: {} }, spec: { containers: [{ name: 'web', env: [] }] } };
    assert.equal(uninject(pod, { containers: ['web'], ports: ['web/80'] }, { a: 'b' }, config), pod);
  });

  it('shares what it does not touch', () => {
    const pod = injected({ name: 'web' });
    const proxy: Container = { name: 'istio-proxy', ports: [{ containerPort: 15090 }] };
    const labels = { app: 'web' };
    const { metadata, spec } = pod;
    const bare = takenOut({
      metadata: { ...metadata, labels },
      spec: { ...spec, containers: [...spec.containers, proxy] },
    });
    assert.deepEqual(bare.spec.containers, [{ name: 'web' }, proxy]);
    assert.equal(bare.spec.containers[1], proxy);
    assert.equal(bare.metadata?.labels, labels);
  });

  for (const [what, value, rest] of [
    ['at the end', '--workers 2 --statsd-host=127.0.0.1:9125', '--workers 2'],
    ['with another port', '--workers 2 --statsd-host=127.0.0.1:9131', '--workers 2'],
    ['in the middle', '--workers 2 --statsd-host=127.0.0.1:9125 --reload', '--workers 2 --reload'],
    [
      'as a part of a word',
      '--workers 2 --statsd-host=127.0.0.1:9125x',
      '--workers 2 --statsd-host=127.0.0.1:9125x',
    ],
    ['not at all', '--workers 2 --statsd-host=other:9125', '--workers 2 --statsd-host=other:9125'],
    ['alone', '--statsd-host=127.0.0.1:9125', undefined],
  ] as const) {
    it(`takes appended text off a variable: ${what}`, () => {
      const pod: Pod = {
        spec: { containers: [{ name: 'web', env: [{ name: 'GUNICORN_CMD_ARGS', value }] }] },
      };
      const bare = uninject(pod, { extended: ['web/GUNICORN_CMD_ARGS'] }, {}, config);
      assert.equal(bare.spec.containers[0]?.env?.[0]?.value, rest);
    });
  }

  it('brings changed annotations back', () => {
    const pod: Pod = {
      metadata: { annotations: { 'prometheus.io/scheme': 'https', 'prometheus.io/path': '/x', team: 'a' } },
      spec: { containers: [{ name: 'web' }] },
    };
    const changed = { 'prometheus.io/scheme': 'HTTPS', 'prometheus.io.path': '/y', team: 'b' };
    assert.deepEqual(
      uninject(pod, { annotations: ['prometheus.io/path'] }, changed, config).metadata?.annotations,
      {
        'prometheus.io/scheme': 'HTTPS',
        'prometheus.io.path': '/y',
        team: 'a',
      },
    );
  });

  it('keeps a volume that a container that stays mounts, and its mapping', () => {
    const pod = injected({ name: 'web' }, 'gunicorn');
    const [web, sidecar] = pod.spec.containers;
    assert.ok(web !== undefined && sidecar !== undefined);
    const { volumes, annotations } = recorded(pod, config).added;
    const bare = uninject(pod, { volumes: volumes ?? [], annotations: annotations ?? [] }, {}, config);
    assert.deepEqual(bare.spec.volumes, pod.spec.volumes);
    assert.ok(Object.hasOwn(bare.metadata?.annotations ?? {}, 'podscrape.dev/mapping'));
    assert.deepEqual(takenOut(pod).spec.volumes, undefined);
  });

  it('keeps the last container', () => {
    const pod: Pod = { spec: { containers: [{ name: 'statsd-exporter' }] } };
    assert.equal(uninject(pod, { containers: ['statsd-exporter'] }, {}, config), pod);
  });
});

function injected(container: Container, profile = 'statsd'): Pod {
  const pod: Pod = {
    metadata: { annotations: { 'podscrape.dev/profile': profile } },
    spec: { containers: [container] },
  };
  const { decision, pod: after } = inject(pod, { namespace: 'team-a', trigger: 'unknown' }, config);
  assert.equal(decision.outcome, 'injected');
  return after;
}

/** What no podscrape writes: containers and variables under other names, named ports, other annotations. */
function foreign(pod: Pod): unknown {
  const entries = Object.entries(pod.metadata?.annotations ?? {});
  const containers = (list: readonly Container[]): unknown =>
    list
      .filter(({ name }) => BUILT_IN_EXPORTERS.every((exporter) => exporter.name !== name))
      .map(({ ports, env, ...rest }) => ({
        ...rest,
        ports: (ports ?? []).filter(({ name }) => name === 'web' || name === 'http'),
        env: (env ?? []).filter(({ name }) => name === 'A'),
      }));
  return {
    annotations: Object.fromEntries(
      entries.filter(([key]) => key !== STATUS && !/^(prometheus|kubectl|podscrape)/.test(key)),
    ),
    labels: pod.metadata?.labels,
    containers: containers(pod.spec.containers),
    initContainers: containers(pod.spec.initContainers ?? []),
    volumes: (pod.spec.volumes ?? []).filter(({ name }) => !name.startsWith('podscrape-')),
  };
}
