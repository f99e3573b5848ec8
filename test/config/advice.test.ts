import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { advice } from '../../src/config/advice.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import type { ConfigFile } from '../../src/config/schema.ts';

type PolicyEntry = NonNullable<ConfigFile['policies']>[number];

const now = Date.UTC(2027, 0, 31, 23, 59);
const adviceOn = (...policies: PolicyEntry[]): string[] => advice(effectiveConfig({ policies }), now);
const team = (name: string, label: string): PolicyEntry => ({
  name,
  namespaceSelector: { matchLabels: { team: label } },
});

suite('policies that never match', () => {
  test('none, when each has a selector of its own and {} comes last', () => {
    const rest = { name: 'rest', namespaceSelector: {} };
    assert.deepEqual(adviceOn(team('a', 'a'), team('b', 'b'), rest), []);
  });

  test('the same selector, written in another order', () => {
    const one = { key: 'stage', operator: 'In' as const, values: ['a', 'b'] };
    const other = { key: 'stage', operator: 'In' as const, values: ['b', 'a', 'b'] };
    const exists = { key: 'team', operator: 'Exists' as const };
    assert.deepEqual(
      adviceOn(
        { name: 'first', namespaceSelector: { matchExpressions: [one, exists] } },
        { name: 'second', namespaceSelector: { matchLabels: {}, matchExpressions: [exists, other] } },
      ),
      ['policies[1] (second): never matches: first, before it, has the same namespaceSelector'],
    );
  });

  test('after one that matches everything', () => {
    const all = { name: 'all', namespaceSelector: { matchLabels: {} } };
    assert.deepEqual(adviceOn(all, team('a', 'a'), { name: 'b', namespaceSelector: {} }), [
      'policies[1] (a): never matches: all, before it, matches every namespace',
      'policies[2] (b): never matches: all, before it, matches every namespace',
    ]);
  });
});

test('exemptions that are over', () => {
  const selector = { matchLabels: { app: 'billing' } };
  const exemptions = ['2027-01-30', '2027-01-31', '2027-01-31T23:59:00Z'].map((until) => {
    return { selector, until, reason: 'goes away' };
  });
  assert.deepEqual(adviceOn({ ...team('a', 'a'), exemptions }), [
    'policies[0].exemptions[0]: over since 2027-01-31T00:00:00.000Z; take it out',
    'policies[0].exemptions[2]: over since 2027-01-31T23:59:00.000Z; take it out',
  ]);
});

test('conventions that the mode keeps quiet about', () => {
  const conventions = { requireRequest: 'deny' } as const;
  assert.deepEqual(
    adviceOn(
      { ...team('a', 'a'), conventions },
      { ...team('b', 'b'), mode: 'warn', conventions },
      { ...team('c', 'c'), mode: 'enforce', conventions },
      { ...team('d', 'd'), mode: 'warn', conventions: { requireRequest: 'warn' } },
    ),
    [
      'policies[0] (a): its conventions say nothing in mode inject; set mode: warn or enforce',
      'policies[1] (b): nothing is denied in mode warn; deny counts as warn',
    ],
  );
});

suite('profiles and exporters', () => {
  const adviceOnFile = (file: ConfigFile): string[] => advice(effectiveConfig(file), now);

  test('what comes with podscrape needs none', () => assert.deepEqual(adviceOnFile({}), []));

  test('TLS for a target that is scraped over http', () => {
    const tlsConfig = { insecureSkipVerify: true };
    const says = 'its tlsConfig says nothing to a target that is scraped over http';
    assert.deepEqual(
      adviceOnFile({
        profiles: {
          http: { tlsConfig },
          secure: { tlsConfig, target: { scheme: 'https', port: 8443 } },
          statsd: { tlsConfig },
          plain: { target: { port: 8443 } },
        },
      }),
      [`profiles.http: ${says}`, `profiles.statsd: ${says}`],
    );
  });

  test('images that are whatever latest is', () => {
    const digest = `@sha256:${'0123456789abcdef'.repeat(4)}`;
    const exporter = (image: string) => ({ image, port: 9000, runAsUser: 1, args: [':{port}'] });
    assert.deepEqual(
      adviceOnFile({
        exporters: {
          tag: exporter('example.com/a:v1'),
          digest: exporter(`example.com/b${digest}`),
          both: exporter(`example.com/c:v1${digest}`),
          registry: exporter('example.com:5000/d'),
          'statsd-exporter': { image: 'statsd-exporter' },
        },
      }),
      [
        'exporters.statsd-exporter: statsd-exporter has neither tag nor digest, so that it is what latest happens to be',
        'exporters.registry: example.com:5000/d has neither tag nor digest, so that it is what latest happens to be',
      ],
    );
  });

  test('exporters that cannot move', () => {
    const exporter = { image: 'example.com/a:v1', port: 9000, runAsUser: 1 };
    assert.deepEqual(
      adviceOnFile({
        exporters: {
          fixed: { ...exporter, args: ['--port=9000'], env: [{ name: 'PORT', value: '9000' }] },
          told: { ...exporter, image: 'example.com/b:v1', env: [{ name: 'PORT', value: '{port}' }] },
        },
      }),
      [
        'exporters.fixed: neither args nor env say {port}, so that it cannot move when its port is taken in a Pod',
      ],
    );
  });
});
