import assert from 'node:assert/strict';
import { test } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { canonicalJson } from '../../src/config/hash.ts';
import { ConfigFile, DEFAULTS } from '../../src/config/schema.ts';
import { statsdExporter } from '../../src/profiles/statsd-exporter.ts';
import { VERSION } from '../../src/version.ts';

const hash = (file: ConfigFile): string => effectiveConfig(file).engine.hash;

test('an empty file is every default of the schema', () => {
  const { engine, server, logging } = effectiveConfig({});
  const { profiles, exporters, version, hash: ofDefaults, ...scalars } = engine;
  assert.deepEqual({ ...scalars, server, logging }, DEFAULTS);
  assert.deepEqual(schemaDefaults(ConfigFile), DEFAULTS);
  assert.equal(version, VERSION);
  assert.match(ofDefaults, /^[0-9a-f]{12}$/);
  assert.deepEqual([...profiles.keys()], ['http', 'controller-runtime', 'spring-boot', 'statsd', 'gunicorn']);
  assert.deepEqual(exporters.get('statsd-exporter'), statsdExporter);
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
      hash({ optIn: 'annotation', annotationPrefix: 'podscrape.dev', excludedNamespaces: [] }),
      base,
    );
  });
  await t.test('server and logging decide nothing', () => {
    assert.equal(
      hash({ server: { bodyLimitBytes: 65536, drainSeconds: 1 }, logging: { level: 'trace' } }),
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
