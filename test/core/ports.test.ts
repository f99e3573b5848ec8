import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isMetricsPortName } from '../../src/core/pod.ts';
import { metricsPortName } from '../../src/core/ports.ts';
import { isPortName } from '../../src/core/values.ts';

const none: ReadonlySet<string> = new Set();

describe('metricsPortName', () => {
  const names: readonly (readonly [container: string, name: string])[] = [
    ['gateway', 'gateway-metrics'],
    ['faas-netes', 'faas-ne-metrics'],
    ['statsd-exporter', 'statsd-metrics'],
    ['123', '123-metrics'],
    ['my--app', 'my-app-metrics'],
    ['a', 'a-metrics'],
    ['abcdef-g', 'abcdef-metrics'],
    ['Web_App.v2', 'web-app-metrics'],
  ];
  for (const [container, name] of names) {
    it(`${container} → ${name}`, () => assert.equal(metricsPortName(container, 8080, none), name));
  }

  it('takes three characters and a hash of container and port on a collision', () => {
    assert.equal(metricsPortName('gateway', 8080, new Set(['gateway-metrics'])), 'gatf75c-metrics');
    assert.equal(metricsPortName('a-b', 80, new Set(['a-b-metrics'])), 'a-bc26a-metrics');
  });

  it('goes on when the hash is taken too', () => {
    const first = metricsPortName('gateway', 8080, new Set(['gateway-metrics']));
    const second = metricsPortName('gateway', 8080, new Set(['gateway-metrics', first]));
    assert.notEqual(second, first);
    assert.match(second, /^gat[0-9a-f]{4}-metrics$/);
  });

  it('is always a valid, untaken metrics name of at most 15 characters', () => {
    const container = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    fc.assert(
      fc.property(container, fc.integer({ min: 1, max: 65535 }), fc.nat(3), (name, port, collisions) => {
        const taken = new Set<string>();
        for (let i = 0; i <= collisions; i++) {
          const given = metricsPortName(name, port, taken);
          assert.ok(isPortName(given), given);
          assert.ok(isMetricsPortName(given), given);
          assert.ok(!taken.has(given));
          taken.add(given);
        }
      }),
    );
  });
});

describe('isPortName', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['metrics', true],
    ['a-b', true],
    ['1e3', true],
    ['123', false],
    ['a--b', false],
    ['-a', false],
    ['a-', false],
    ['A', false],
    ['', false],
    ['a_b', false],
    ['abcdefghijklmno', true],
    ['abcdefghijklmnop', false],
  ];
  for (const [name, valid] of cases) {
    it(`${JSON.stringify(name)} is ${valid ? '' : 'not '}one`, () => assert.equal(isPortName(name), valid));
  }
});
