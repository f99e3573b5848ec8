import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { FAST, reaching, scrapeConfig, targetsUp, untilRows, untilSamples } from './chain-stage.ts';
import { ExporterStage } from './exporter-stage.ts';
import { fetchFrom, podAddress } from './kubelet/kubelet.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';

const NAMESPACE = 'chiller';
const WHERE = ['namespace', 'pod', 'container'] as const;
const PROFILE = 'podscrape.dev/profile';

const suite = 'Chiller, through to a query';
const needs = {
  kubelet: true,
  python: true,
  debian: ['postgres', 'postgres_exporter'],
  binaries: ['statsd_exporter'],
} as const;

/**
 * Two Pods of the front end under Gunicorn and one of PostgreSQL, none of which knows Prometheus, to the queries of
 * Chiller's dashboards: apiserver, webhook, injected exporters, printed scrape configuration, Prometheus.
 */
describe(suite, await requirePrometheus(suite, needs), () => {
  let stage: ExporterStage;
  let prometheus: Prometheus | undefined;
  let pods: readonly [string, string];

  before(async () => {
    const software = ['chiller', 'statsd-exporter', 'postgres', 'postgres-exporter'] as const;
    stage = await ExporterStage.start(NAMESPACE, software);
    const password = randomBytes(18).toString('base64url');
    const dsn = `postgresql://postgres:${password}@127.0.0.1:5432/postgres?sslmode=disable`;
    await stage.data('Secret', 'database', { password, dsn });
    await stage.create('/apis/apps/v1/{}/deployments', {
      metadata: { name: 'front' },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: 'front' } },
        template: {
          metadata: { labels: { app: 'front' }, annotations: { ...FAST, [PROFILE]: 'gunicorn' } },
          spec: { containers: [FRONT], terminationGracePeriodSeconds: 5 },
        },
      },
    });
    const annotations = {
      ...FAST,
      [PROFILE]: 'postgres',
      'podscrape.dev/exporter-secret': 'database/dsn',
    };
    await stage.ask('database', annotations, { containers: [POSTGRES] });
    // It asks for nothing, so that nothing of it may be found.
    await stage.pod('quiet', { containers: [{ ...FRONT, name: 'quiet' }] });
    const [first = '', second = ''] = await stage.plane.waitFor('both Pods of the front end', async () => {
      const { body } = await stage.plane.request('GET', `${stage.pods}?labelSelector=app%3Dfront`);
      const names = (body.items ?? []).map(({ metadata }) => metadata?.name ?? '');
      return names.length === 2 && names.sort();
    });
    pods = [first, second];
    for (const name of [...pods, 'database', 'quiet']) await podAddress(stage.plane, NAMESPACE, name);
    prometheus = await startPrometheus({ config: await scrapeConfig(reaching(stage.plane)) });
  });
  after(async () => {
    await prometheus?.stop();
    await stage.stop();
  });

  const started = (): Prometheus => {
    if (prometheus === undefined) throw new Error('Prometheus was not started');
    return prometheus;
  };

  /** Asks a Pod's front end for these, as its clients do. */
  const visit = async (pod: string, requests: readonly (readonly [string, number])[]): Promise<void> => {
    const address = await podAddress(stage.plane, NAMESPACE, pod);
    for (const [path, status] of requests) {
      const answer = await stage.plane.waitFor(path, () => fetchFrom(address, 5000, path));
      assert.equal(answer.status, status, path);
    }
  };

  const exporters = (values: readonly [number, number], more = ''): readonly string[] =>
    values.map((value, at) => `${NAMESPACE} ${pods[at]} statsd-exporter ${more}${value}`);

  it('scrapes the exporter of each Pod that asks, and no other port', async () => {
    const active = await targetsUp(started(), 3);
    const told = active.map(({ labels, scrapeUrl, scrapeInterval }) =>
      [...WHERE.map((name) => labels[name]), new URL(scrapeUrl).port, scrapeInterval].join(' '),
    );
    assert.deepEqual(
      told.sort(),
      [
        ...pods.map((pod) => `${NAMESPACE} ${pod} statsd-exporter 9102 1s`),
        `${NAMESPACE} database postgres-exporter 9187 1s`,
      ].sort(),
    );
  });

  it('counts the requests of each Pod, by their status too', async () => {
    // The exporters answer, so that they listen: what Gunicorn sends before is lost.
    await targetsUp(started(), 3);
    const [first, second] = pods;
    await visit(first, [...PAGES, ['/broken', 500]]);
    await visit(second, PAGES);
    const sum = `sum by (${WHERE.join()})`;
    await untilRows(started(), `${sum}(gunicorn_requests_total)`, WHERE, exporters([5, 4]));
    await untilRows(started(), `${sum}(gunicorn_request_duration_seconds_count)`, WHERE, exporters([5, 4]));
    await untilRows(
      started(),
      'sum by (status)(gunicorn_responses_total)',
      ['status'],
      ['200 6', '404 2', '500 1'],
    );
  });

  it('tells how long the requests took', async () => {
    // A rate needs a counter that is there and grows.
    for (const pod of pods) await visit(pod, PAGES);
    await untilRows(
      started(),
      'sum by (container)(gunicorn_requests_total)',
      ['container'],
      ['statsd-exporter 17'],
    );
    const sums = await started().query(`sum by (${WHERE.join()})(gunicorn_request_duration_seconds_sum)`);
    assert.equal(sums.length, 2);
    // Twice 600 ms each, as the application was asked to take.
    for (const { value } of sums) assert.ok(value >= 1.2, String(value));
    const median = 'sum by (le, pod)(gunicorn_request_duration_seconds_bucket)';
    const slow = 'sum by (le, pod)(rate(gunicorn_request_duration_seconds_bucket[1m]))';
    const medians = await started().query(`histogram_quantile(0.5, ${median})`);
    assert.equal(medians.length, 2);
    // One request in four is slow.
    for (const { value } of medians) assert.ok(value > 0 && value < 0.6, String(value));
    const quantiles = await untilSamples(
      started(),
      `histogram_quantile(0.99, ${slow})`,
      (samples) => samples.length === 2 && samples.every(({ value }) => !Number.isNaN(value)),
    );
    for (const { value } of quantiles) assert.ok(value > 0.5, String(value));
  });

  it('tells of PostgreSQL, which its exporter asks', async () => {
    const own = `${NAMESPACE} database postgres-exporter`;
    await untilRows(started(), 'pg_up', WHERE, [`${own} 1`]);
    const [backends] = await untilSamples(
      started(),
      'pg_stat_database_numbackends{datname="postgres"}',
      ([one]) => one !== undefined && one.value >= 1,
    );
    assert.equal(WHERE.map((name) => backends?.labels[name]).join(' '), own);
  });
});

/** As Chiller's front end is: nothing in it knows of metrics. */
const FRONT = {
  name: 'front',
  image: 'example.test/chiller',
  args: ['--bind=0.0.0.0:5000', '--workers=2', 'app:app'],
  ports: [{ name: 'http', containerPort: 5000 }],
};

const POSTGRES = {
  name: 'postgres',
  image: 'example.test/postgres',
  env: [{ name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'database', key: 'password' } } }],
  ports: [{ name: 'postgres', containerPort: 5432 }],
};

/** What is asked for, and the status that it has. */
const PAGES = [
  ['/', 200],
  ['/movies/1', 200],
  ['/movies/99', 404],
  ['/slow?ms=600', 200],
] as const;
