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
      defaultProfile: 'cache',
      profiles: {
        cache: {
          summary: 'A cache.',
          target: { scheme: 'https', path: '/metrics', port: 65535 },
          exporter: {
            exporter: 'cache-exporter',
            mapping: 'whatever: {it: says}\n',
            args: ['--listen={port}', '--all={{ .Names }}', '--home=${HOME}', '--in={ingest}'],
            appEnv: [
              { name: 'CACHE.METRICS', value: '{url}:{port}:{ingest}' },
              { name: '_OPTS', append: '-a', unless: '-a' },
            ],
          },
          interval: '1m',
          timeout: 'inherit',
          tlsConfig: {
            ca: { configMap: { name: 'ca', key: 'ca.crt' } },
            cert: { secret: { name: 'client', key: 'tls.crt' } },
            keySecret: { name: 'client', key: 'tls.key' },
            serverName: 'cache.example.com',
            insecureSkipVerify: false,
          },
          oauth2: {
            clientId: { secret: { name: 'oauth', key: 'id' } },
            clientSecret: { name: 'oauth', key: 'secret' },
            tokenUrl: 'https://login.example.com/token',
            scopes: ['metrics'],
            endpointParams: { audience: 'cache' },
          },
          notice: 'the whole cache, not the Pod’s part',
        },
        'Team.Cache_2': {
          target: { port: 1 },
          basicAuth: { username: { name: 'a', key: 'b' }, password: { name: 'a', key: 'c' } },
        },
        token: {
          exporter: { exporter: 'statsd-exporter', mapping: 'mappings: []' },
          timeout: '15s',
          authorization: { type: 'Bearer', credentials: { name: 'a', key: 'b' } },
        },
        gunicorn: { target: null, interval: null, notice: null, exporter: { mapping: null, args: null } },
      },
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
        'cache-exporter': {
          image: 'example.com/cache-exporter:v1',
          imageNames: ['cache_exporter'],
          port: 1024,
          path: '/probe/metrics',
          ingestPort: 65535,
          args: ['--listen=:{port}', '-v'],
          env: [{ name: 'INGEST', value: '{ingest}' }],
          connection: {
            example: '127.0.0.1:11211',
            form: 'host-port',
            defaultAddress: '127.0.0.1:11211',
            secretHolds: 'the password',
            address: { args: ['--server={address}'], env: [{ name: 'PORT', value: '{port}' }] },
            secret: {
              env: [
                { name: 'SERVER', value: 'tcp://{address}' },
                { name: 'PASSWORD', secret: true },
              ],
            },
            both: {
              args: ['--server', 'tcp://{address}'],
              env: [{ name: 'PASSWORD', secret: true }],
            },
          },
          external: true,
          mapping: { arg: '{file}', directory: '/etc/podscrape/cache', file: 'cache.yaml', format: 'text' },
          runAsUser: 1,
          go: false,
          honorLabels: true,
          oneReplica: 'it reports the whole cache',
        },
        'redis-exporter': {
          env: [{ name: 'REDIS_EXPORTER_DEBUG', value: '' }],
          connection: { defaultAddress: null, secret: null, both: null, secretHolds: null },
        },
        'celery-exporter': { connection: null, oneReplica: null, env: null },
        pushgateway: { external: null, honorLabels: null },
      },
      server: { bodyLimitBytes: 1048576, drainSeconds: 2.5 },
      certificates: { life: '30d', authorityLife: '365d' },
      metrics: { namespaceLabel: true },
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
