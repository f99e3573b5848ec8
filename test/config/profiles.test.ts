import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { merged, spelledOut } from '../../src/config/merge.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import type { Exporter, Profile } from '../../src/core/profile.ts';
import { gunicorn } from '../../src/profiles/gunicorn.ts';
import { statsdExporter } from '../../src/profiles/statsd-exporter.ts';

const profile = (name: string, profiles: ConfigFile['profiles']): Profile | undefined =>
  effectiveConfig({ profiles: profiles ?? {} }).engine.profiles.get(name);
const exporter = (name: string, exporters: ConfigFile['exporters']): Exporter | undefined =>
  effectiveConfig({ exporters: exporters ?? {} }).engine.exporters.get(name);

suite('profiles of the file', () => {
  test('a new one has everything filled in, and comes last', () => {
    const { profiles } = effectiveConfig({ profiles: { own: { target: { port: 9000 } } } }).engine;
    assert.equal([...profiles.keys()].at(-1), 'own');
    assert.deepEqual(profiles.get('own'), {
      name: 'own',
      summary: 'Added in the configuration.',
      target: { scheme: 'http', path: '/metrics', port: 9000 },
    });
  });

  test('one with an exporter sets no variables by itself', () => {
    assert.deepEqual(profile('own', { own: { summary: 'Mine.', exporter: { exporter: 'pushgateway' } } }), {
      name: 'own',
      summary: 'Mine.',
      exporter: { exporter: 'pushgateway', appEnv: [] },
    });
  });

  test('a built-in one changes key by key, and its place stays', () => {
    const { profiles } = effectiveConfig({
      profiles: { gunicorn: { interval: '30s', exporter: { mapping: 'mappings: []' } } },
    }).engine;
    const { exporter: use } = gunicorn;
    assert.deepEqual(profiles.get('gunicorn'), {
      ...gunicorn,
      interval: '30s',
      exporter: { ...use, mapping: 'mappings: []' },
    });
    assert.equal([...profiles.keys()].indexOf('gunicorn'), 4);
  });

  test('a list replaces a list', () => {
    const appEnv = [{ name: 'STATSD', value: '{ingest}' }];
    assert.deepEqual(profile('gunicorn', { gunicorn: { exporter: { appEnv } } })?.exporter?.appEnv, appEnv);
  });

  test('null takes a key out', () => {
    const changed = profile('gunicorn', {
      gunicorn: { target: { port: 8000 }, exporter: null, notice: null },
    });
    assert.deepEqual(changed, {
      name: 'gunicorn',
      summary: gunicorn.summary,
      target: { scheme: 'http', path: '/metrics', port: 8000 },
    });
  });

  test('the keys for TLS and authentication are the access', () => {
    const access = {
      tlsConfig: { serverName: 'a' },
      authorization: { credentials: { name: 'a', key: 'b' } },
    };
    const { authorization } = access;
    assert.deepEqual(profile('http', { http: access })?.access, access);
    assert.deepEqual(profile('http', { http: { authorization } })?.access, { authorization });
    const basicAuth = { username: { name: 'a', key: 'b' }, password: { name: 'a', key: 'c' } };
    assert.deepEqual(profile('http', { http: { basicAuth } })?.access, { basicAuth });
    const oauth2 = {
      clientId: { secret: { name: 'a', key: 'b' } },
      clientSecret: { name: 'a', key: 'c' },
      tokenUrl: 'https://a',
    };
    assert.deepEqual(profile('http', { http: { oauth2 } })?.access, { oauth2 });
    assert.equal(profile('http', { http: {} })?.access, undefined);
  });
});

suite('exporters of the file', () => {
  test('a new one has everything filled in, and comes last', () => {
    const image = 'example.com/team/own-exporter:v1';
    const exporters = { own: { image, port: 9000, runAsUser: 1 } };
    const effective = effectiveConfig({ exporters, imageRegistry: 'mirror.example.com' }).engine.exporters;
    assert.equal([...effective.keys()].at(-1), 'own');
    assert.deepEqual(effective.get('own'), {
      name: 'own',
      image: 'mirror.example.com/team/own-exporter:v1',
      imageNames: ['own-exporter'],
      port: 9000,
      path: '/metrics',
      args: [],
      runAsUser: 1,
      resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
      go: true,
    });
  });

  test('a connection takes any address and a file is text, unless it says otherwise', () => {
    const own = exporter('own', {
      own: {
        image: 'a',
        port: 9000,
        runAsUser: 1,
        connection: { example: 'a:1', address: { args: ['--a={address}'] } },
        mapping: { arg: '{file}', directory: '/etc/own', file: 'own.yaml' },
      },
    });
    assert.deepEqual([own?.connection?.form, own?.mapping?.format], ['any', 'text']);
  });

  test('a built-in one changes key by key, at every depth', () => {
    const changed = exporter('statsd-exporter', {
      'statsd-exporter': { image: 'example.com/own:v1', mapping: { file: 'own.yaml' }, cpuLimit: '1' },
    });
    assert.deepEqual(changed, {
      ...statsdExporter,
      image: 'example.com/own:v1',
      mapping: { ...statsdExporter.mapping, file: 'own.yaml' },
      resources: { ...statsdExporter.resources, cpuLimit: '1' },
    });
  });

  test('null takes a key out', () => {
    const changed = exporter('redis-exporter', { 'redis-exporter': { connection: { both: null } } });
    assert.deepEqual(Object.keys(changed?.connection ?? {}).sort(), [
      'address',
      'defaultAddress',
      'example',
      'form',
      'secret',
      'secretHolds',
    ]);
  });
});

test('merging changes neither side', () => {
  const base = Object.freeze({ a: Object.freeze({ b: 1, c: [1] }), d: 2, e: 3 });
  const given = Object.freeze({ a: Object.freeze({ c: [2], f: null }), d: null, g: { h: null, i: 4 } });
  assert.deepEqual(merged(base, given), { a: { b: 1, c: [2] }, e: 3, g: { i: 4 } });
});

test('spelled out, data laid over its base is the data', () => {
  const base = { a: { b: 1, c: [1] }, d: { e: 1 }, f: 3 };
  const data = { a: { c: [2] }, d: 2, g: 4 };
  const full = spelledOut(data, base);
  assert.deepEqual(full, { a: { c: [2], b: null }, d: 2, g: 4, f: null });
  assert.deepEqual(merged(base, full), data);
});
