import assert from 'node:assert/strict';
import { test } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { canonicalJson } from '../../src/config/hash.ts';
import { DEFAULTS } from '../../src/config/defaults.ts';
import { ConfigFile } from '../../src/config/schema.ts';
import { WORKLOAD_KINDS } from '../../src/core/workload-kinds.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../../src/profiles/index.ts';
import { statsdExporter } from '../../src/profiles/statsd-exporter.ts';
import { VERSION } from '../../src/version.ts';

const hash = (file: ConfigFile): string => effectiveConfig(file).engine.hash;

test('an empty file is every default of the schema', () => {
  const { engine, ...rest } = effectiveConfig({});
  const { profiles, exporters, workloadKinds, version, hash: ofDefaults, ...scalars } = engine;
  assert.deepEqual({ ...scalars, workloadKinds: [], ...rest }, DEFAULTS);
  assert.deepEqual(workloadKinds, WORKLOAD_KINDS);
  assert.deepEqual(schemaDefaults(ConfigFile), DEFAULTS);
  assert.equal(version, VERSION);
  assert.match(ofDefaults, /^[0-9a-f]{12}$/);
  assert.deepEqual([...profiles.values()], BUILT_IN_PROFILES);
  assert.deepEqual([...exporters.values()], BUILT_IN_EXPORTERS);
  assert.deepEqual([...profiles.keys()].slice(0, 2), ['http', 'controller-runtime']);
  assert.deepEqual([...exporters.keys()].slice(0, 1), ['statsd-exporter']);
});

/** The `default`s that the schema declares, as an object of the file's shape. */
function schemaDefaults(schema: unknown): unknown {
  const { default: value, properties } = schema as {
    default?: unknown;
    properties?: Record<string, unknown>;
  };
  if (properties === undefined) return value;
  const entries = Object.entries(properties).map(
    ([key, property]) => [key, schemaDefaults(property)] as const,
  );
  return Object.fromEntries(entries.filter(([, found]) => found !== undefined));
}

test('the file wins, key by key', () => {
  const { engine, server, logging } = effectiveConfig({
    optIn: 'label',
    defaultProfile: 'gunicorn',
    excludedNamespaces: ['vault', 'audit', 'vault'],
    server: { drainSeconds: 0 },
    logging: { level: 'debug' },
    exporters: { 'statsd-exporter': { image: 'example.com/statsd:v1', memoryLimit: '256Mi' } },
  });
  assert.equal(engine.optIn, 'label');
  assert.equal(engine.defaultProfile, 'gunicorn');
  assert.deepEqual(engine.excludedNamespaces, ['audit', 'vault']);
  assert.deepEqual(server, { bodyLimitBytes: 7 * 1024 * 1024, drainSeconds: 0 });
  assert.deepEqual(logging, { level: 'debug' });
  assert.deepEqual(engine.exporters.get('statsd-exporter'), {
    ...statsdExporter,
    image: 'example.com/statsd:v1',
    resources: { ...statsdExporter.resources, memoryLimit: '256Mi' },
  });
});

test('the built-in tables are not changed by an override', () => {
  const before = structuredClone(statsdExporter);
  effectiveConfig({ exporters: { 'statsd-exporter': { image: 'example.com/statsd:v1', cpuLimit: '1' } } });
  assert.deepEqual(statsdExporter, before);
});

test('a policy has everything filled in, and a moment for a date', () => {
  const selector = { matchLabels: { app: 'billing' } };
  const conventions = {
    allowedPorts: { ranges: [8080, '9000-9999'], severity: 'deny' as const },
    noBadValues: 'warn' as const,
  };
  const exemptions = [{ selector, until: '2027-01-31', reason: 'goes away' }];
  const { engine } = effectiveConfig({
    policies: [
      { name: 'first', namespaceSelector: selector, mode: 'enforce', conventions, exemptions },
      { name: 'second', namespaceSelector: {} },
    ],
  });
  const ranges = [
    { from: 8080, to: 8080 },
    { from: 9000, to: 9999 },
  ];
  assert.deepEqual(engine.policies, [
    {
      name: 'first',
      namespaceSelector: selector,
      mode: 'enforce',
      allowOverride: false,
      conventions: { allowedPorts: { ranges, severity: 'deny' }, noBadValues: 'warn' },
      exemptions: [{ selector, until: Date.UTC(2027, 1, 1), reason: 'goes away' }],
    },
    {
      name: 'second',
      namespaceSelector: {},
      mode: 'inject',
      allowOverride: false,
      conventions: {},
      exemptions: [],
    },
  ]);
});

test('the administrator’s kinds come after the built-in ones', () => {
  const rollout = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', resource: 'rollouts' };
  const { workloadKinds } = effectiveConfig({ workloadKinds: [rollout] }).engine;
  const filled = { ...rollout, template: 'spec.template', metadata: [], immutableTemplate: false };
  assert.deepEqual(workloadKinds, [...WORKLOAD_KINDS, filled]);
});

test('a dialect stands beside prometheus.io unless it says instead', () => {
  const { dialects } = effectiveConfig({
    dialects: [{ prefix: 'a.b' }, { prefix: 'c', instead: true }],
  }).engine;
  assert.deepEqual(dialects, [
    { prefix: 'a.b', instead: false },
    { prefix: 'c', instead: true },
  ]);
});

test('bounds keep the defaults that the file leaves out', () => {
  const { exporterBounds } = effectiveConfig({ exporterBounds: { memory: { max: '2Gi' } } }).engine;
  assert.deepEqual(exporterBounds, { cpu: { min: '1m', max: '1' }, memory: { min: '8Mi', max: '2Gi' } });
});

test('a mirror is for every exporter, also for one whose image the file sets', () => {
  const image = (file: ConfigFile): string | undefined =>
    effectiveConfig(file).engine.exporters.get('statsd-exporter')?.image;
  const imageRegistry = 'registry.example.com/mirror';
  assert.equal(image({ imageRegistry }), statsdExporter.image.replace('quay.io', imageRegistry));
  const exporters = { 'statsd-exporter': { image: 'example.com/statsd:v1' } };
  assert.equal(image({ imageRegistry, exporters }), `${imageRegistry}/statsd:v1`);
});

test('the hash says which configuration decided', async (t) => {
  const base = hash({});
  await t.test('it does not depend on the order of keys, or of namespaces', () => {
    const one = { image: 'example.com/statsd:v1', cpuLimit: '1' };
    const other = { cpuLimit: '1', image: 'example.com/statsd:v1' };
    assert.equal(
      hash({ optIn: 'label', exporters: { 'statsd-exporter': one }, excludedNamespaces: ['a', 'b'] }),
      hash({ excludedNamespaces: ['b', 'a', 'b'], exporters: { 'statsd-exporter': other }, optIn: 'label' }),
    );
  });
  await t.test('a default that is spelled out is the same configuration', () => {
    assert.equal(
      hash({ optIn: 'annotation', annotationPrefix: 'podscrape.dev', excludedNamespaces: [], policies: [] }),
      base,
    );
  });
  await t.test('server, metrics and logging decide nothing', () => {
    assert.equal(
      hash({
        server: { bodyLimitBytes: 65536, drainSeconds: 1 },
        metrics: { namespaceLabel: true },
        logging: { level: 'trace' },
      }),
      base,
    );
  });
  const decisive: ConfigFile[] = [
    { annotationPrefix: 'example.com' },
    { optIn: 'namespace' },
    { defaultProfile: 'http' },
    { portAnnotation: 'none' },
    { allowHostNetwork: true },
    { openshift: true },
    { initContainersScraped: true },
    { excludedNamespaces: ['vault'] },
    { exporters: { 'statsd-exporter': { image: 'example.com/statsd:v1' } } },
    { exporters: { 'statsd-exporter': { cpuRequest: '1m' } } },
    { exporters: { 'statsd-exporter': { port: 9202 } } },
    { exporters: { a: { image: 'example.com/a:v1', port: 9000, runAsUser: 1 } } },
    { profiles: { a: { target: { port: 9000 } } } },
    { profiles: { http: { target: { port: 9000 } } } },
    { profiles: { http: { interval: '1m' } } },
    { profiles: { http: { tlsConfig: { insecureSkipVerify: true } } } },
    { imageRegistry: 'registry.example.com' },
    { exporterBounds: { cpu: { max: '2' } } },
    { adopt: 'on' },
    { workloads: 'inject' },
    { workloadKinds: [{ group: 'a.b', version: 'v1', kind: 'C', resource: 'cs' }] },
    { dialects: [{ prefix: 'a.b' }] },
    { dialects: [{ prefix: 'a.b', instead: true }] },
    { istioScrapeTargets: true },
    { policies: [{ name: 'a', namespaceSelector: {} }] },
    { policies: [{ name: 'a', namespaceSelector: {}, mode: 'audit' }] },
    {
      policies: [
        {
          name: 'a',
          namespaceSelector: {},
          exemptions: [{ selector: { matchLabels: { a: 'b' } }, until: '2027-01-31', reason: 'c' }],
        },
      ],
    },
  ];
  for (const file of decisive) {
    await t.test(`it changes with ${JSON.stringify(file)}`, () => assert.notEqual(hash(file), base));
  }
  await t.test('each of them has its own', () =>
    assert.equal(new Set(decisive.map(hash)).size, decisive.length),
  );
});

test('canonical JSON sorts keys at every depth and keeps lists', () => {
  const value = {
    b: [{ d: 1, c: 'x' }, null],
    a: new Map([
      ['z', true],
      ['y', false],
    ]),
    gone: undefined,
  };
  assert.equal(canonicalJson(value), '{"a":{"y":false,"z":true},"b":[{"c":"x","d":1},null]}');
});
