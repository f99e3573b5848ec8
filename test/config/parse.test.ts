import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { parseConfig } from '../../src/config/parse.ts';
import { ConfigFile } from '../../src/config/schema.ts';

const folder = join(import.meta.dirname, 'golden', 'bad');
const names = (ending: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));

// Each bad file has its messages beside it; `node --test --test-update-snapshots` writes them: read the difference.
suite('bad configuration files', () => {
  const files = names('.yaml');

  for (const name of files) {
    test(name, (t) => {
      const actual = problems(name);
      t.assert.fileSnapshot(actual, join(folder, `${name}.txt`), { serializers: [String] });
      assert.doesNotMatch(
        actual,
        /[\u0000-\u0009\u000b-\u001f\u007f]/,
        'no control characters reach a terminal',
      );
    });
  }

  test('every file has its messages, and no messages are without a file', () => {
    assert.ok(files.length > 0);
    assert.deepEqual(names('.txt'), files);
    assert.equal(readdirSync(folder).length, 2 * files.length);
  });
});

function problems(name: string): string {
  const result = parseConfig(readFileSync(join(folder, `${name}.yaml`), 'utf8'), 'podscrape.yaml');
  return result.ok ? 'accepted\n' : `${result.problems.join('\n')}\n`;
}

suite('good configuration files', () => {
  for (const [title, text] of [
    ['nothing', ''],
    ['a comment', '# nothing yet\n'],
    ['an empty document', '---\n'],
    ['null', 'null\n'],
    ['an empty mapping', '{}\n'],
    ['a byte order mark', '\uFEFF'],
  ] as const) {
    test(`${title} sets nothing`, () => assert.deepEqual(parseConfig(text, 'f'), { ok: true, file: {} }));
  }

  test('every key is read', () => {
    const file = {
      annotationPrefix: 'monitoring.example.com',
      optIn: 'label',
      adopt: 'off',
      workloads: 'inject',
      workloadKinds: [
        {
          group: 'argoproj.io',
          version: 'v1alpha1',
          kind: 'Rollout',
          resource: 'rollouts',
          template: 'spec.template',
          metadata: ['spec.job.metadata'],
          immutableTemplate: true,
        },
      ],
      policies: [
        {
          name: 'production',
          namespaceSelector: {
            matchLabels: { 'example.com/stage': 'production', empty: '' },
            matchExpressions: [
              { key: 'team', operator: 'In', values: ['a', 'b.c_d-e'] },
              { key: 'legacy', operator: 'DoesNotExist', values: [] },
            ],
          },
          mode: 'enforce',
          allowOverride: true,
          defaultProfile: 'http',
          operatorMode: true,
          conventions: {
            requireRequest: 'warn',
            allowedProfiles: { names: ['http'], severity: 'deny' },
            allowedPorts: { ranges: [8080, '8081', '9000-9999', '1-65535'], severity: 'deny' },
            pathPattern: { pattern: '/(metrics|actuator/.+)', severity: 'warn' },
            minInterval: { interval: '1m30s', severity: 'warn' },
            requireNamedPort: 'warn',
            noBadValues: 'deny',
          },
          exemptions: [
            { selector: { matchLabels: { app: 'billing' } }, until: '2027-01-31', reason: 'goes away' },
            {
              selector: { matchExpressions: [{ key: 'legacy', operator: 'Exists' }] },
              until: '2028-02-29T23:59:59.5+05:30',
              reason: 'é',
            },
          ],
        },
        { name: 'everything-else', namespaceSelector: {} },
      ],
      defaultProfile: 'spring-boot',
      portAnnotation: 'none',
      dialects: [{ prefix: 'customized.prometheus', instead: true }, { prefix: 'k8s.grafana.com' }],
      istioScrapeTargets: true,
      allowHostNetwork: true,
      openshift: true,
      initContainersScraped: true,
      excludedNamespaces: ['vault'],
      imageRegistry: 'registry.example.com:5000/team/mirror',
      exporterBounds: { cpu: { min: '1m', max: '500m' }, memory: { max: '2Gi' } },
      exporters: {
        'statsd-exporter': {
          image:
            'registry.example.com:5000/statsd-exporter@sha256:abcdef01abcdef01abcdef01abcdef01abcdef01abcdef01abcdef01abcdef01',
          cpuRequest: '20m',
          cpuLimit: '0.5',
          memoryRequest: '64Mi',
          memoryLimit: '1Gi',
        },
      },
      server: { bodyLimitBytes: 1048576, drainSeconds: 2.5 },
      logging: { level: 'debug' },
    };
    // JSON is YAML.
    assert.deepEqual(parseConfig(JSON.stringify(file), 'f'), { ok: true, file });
    assert.deepEqual(
      Object.keys(file).sort(),
      Object.keys(ConfigFile.properties).sort(),
      'no key is left out',
    );
  });

  for (const registry of ['localhost/mirror', 'mirror:5000', 'docker.io/mirror']) {
    test(`${registry} is a registry`, () =>
      assert.equal(parseConfig(`imageRegistry: ${registry}`, 'f').ok, true));
  }

  test('an anchor may be used again', () => {
    const text = 'exporters:\n  statsd-exporter:\n    cpuRequest: &cpu 50m\n    cpuLimit: *cpu\n';
    const exporter = { cpuRequest: '50m', cpuLimit: '50m' };
    assert.deepEqual(parseConfig(text, 'f'), {
      ok: true,
      file: { exporters: { 'statsd-exporter': exporter } },
    });
  });

  test('a request may equal its limit in another unit', () => {
    const text =
      'exporters: {statsd-exporter: {memoryRequest: 1024Mi, memoryLimit: 1Gi, cpuRequest: 700m, cpuLimit: "0.7"}}';
    assert.equal(parseConfig(text, 'f').ok, true);
  });
});
