import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ExporterStage, requireStage } from './exporter-stage.ts';
import { fetchFrom, podAddress } from './kubelet/kubelet.ts';
import { containersOf, variable } from './passes.ts';

const NAMESPACE = 'chiller';
const PROFILE = { 'podscrape.dev/profile': 'gunicorn' };
const needs = { python: true, binaries: ['statsd_exporter'] } as const;

/** As seen by a client: six requests, of which one takes longer than half a second. */
const REQUESTS = [
  ['/', 200],
  ['/movies/1', 200],
  ['/movies/2', 200],
  ['/movies/99', 404],
  ['/broken', 500],
  ['/slow?ms=600', 200],
] as const;

/** A mapping of an owner's: other names than those of the built-in one. */
const OWN_MAPPING = `mappings:
- match: gunicorn.requests
  name: front_requests_total
- match: gunicorn.request.*
  name: front_\${1}_seconds
  observer_type: histogram
`;

describe('Chiller’s front end, unchanged', await requireStage('Chiller’s front end', needs), () => {
  let stage: ExporterStage;
  before(async () => {
    stage = await ExporterStage.start(NAMESPACE, ['chiller', 'statsd-exporter']);
  });
  after(() => stage.stop());

  const front = (args: readonly string[] = [], env: readonly object[] = []) => ({
    name: 'front',
    image: 'example.test/chiller',
    args: ['--bind=0.0.0.0:5000', '--workers=2', ...args, 'app:app'],
    ports: [{ name: 'http', containerPort: 5000 }],
    env,
  });

  /**
   * Asks for every route, once the exporter listens: what Gunicorn sends before is lost. It tells of its workers only
   * when their number changes, so it is asked for one more.
   */
  const visit = async (pod: string): Promise<void> => {
    await stage.scrape(pod, 'statsd-exporter', []);
    const address = await podAddress(stage.plane, NAMESPACE, pod);
    for (const [path, status] of REQUESTS) {
      const answer = await stage.plane.waitFor(path, () => fetchFrom(address, 5000, path));
      assert.equal(answer.status, status, path);
    }
    const { code, stderr } = await stage.kubelet.exec(NAMESPACE, pod, 'front', [
      ...['/bin/sh', '-c', 'kill -TTIN 1'],
    ]);
    assert.equal(code, 0, stderr);
  };

  /** What the mapping makes of it; the names and labels are Chiller's dashboards'. */
  const counted = (prefix: string) => [
    `gunicorn_requests_total{prefix="${prefix}"} 6`,
    `gunicorn_responses_total{prefix="${prefix}",status="200"} 4`,
    `gunicorn_responses_total{prefix="${prefix}",status="404"} 1`,
    `gunicorn_responses_total{prefix="${prefix}",status="500"} 1`,
    `gunicorn_workers{prefix="${prefix}"} 3`,
    '# TYPE gunicorn_request_duration_seconds histogram',
    `gunicorn_request_duration_seconds_bucket{prefix="${prefix}",le="+Inf"} 6`,
    `gunicorn_request_duration_seconds_count{prefix="${prefix}"} 6`,
    'statsd_exporter_events_unmapped_total 0',
  ];

  const value = (lines: readonly string[], name: string): number =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));

  it('is told of by the injected exporter, with the names and labels of the mapping', async () => {
    const labels = { app: 'front' };
    await stage.create('/apis/apps/v1/{}/deployments', {
      metadata: { name: 'front' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations: PROFILE }, spec: { containers: [front()] } },
      },
    });
    const pod = await stage.podOf('front');
    await visit(pod);
    const lines = await stage.scrape(pod, 'statsd-exporter', counted(''));
    const slowOut = value(lines, 'gunicorn_request_duration_seconds_bucket{prefix="",le="0.5"}');
    assert.ok(slowOut <= 5, `${slowOut} took at most half a second, the slow one among them`);
    assert.ok(value(lines, 'gunicorn_request_duration_seconds_sum{prefix=""}') >= 0.6);
    const { metadata } = await stage.get(pod);
    assert.equal(metadata.annotations?.['prometheus.io/port'], '9102');
  });

  for (const [where, name, args, env, extended] of [
    ['its arguments', 'args', ['--statsd-prefix=shop.front'], [], '--statsd-host=127.0.0.1:9125'],
    [
      ...(['GUNICORN_CMD_ARGS', 'variable'] as const),
      [],
      [{ name: 'GUNICORN_CMD_ARGS', value: '--statsd-prefix=shop.front' }],
      '--statsd-prefix=shop.front --statsd-host=127.0.0.1:9125',
    ],
  ] as const)
    it(`with a prefix in ${where}, the prefix is a label`, async () => {
      const { pod } = await stage.ask(name, PROFILE, { containers: [front(args, env)] });
      assert.equal(variable(pod, 'front', 'GUNICORN_CMD_ARGS'), extended);
      await visit(name);
      await stage.scrape(name, 'statsd-exporter', counted('shop.front'));
    });

  describe('mappings', () => {
    const KEY = 'podscrape.dev/statsd-mapping-configmap';

    it('a ConfigMap that is missing keeps nothing from starting; the built-in mapping is in force', async () => {
      await stage.ask('missing', { ...PROFILE, [KEY]: 'none' }, { containers: [front()] });
      await visit('missing');
      await stage.scrape('missing', 'statsd-exporter', counted(''));
    });

    it('a ConfigMap that is there is in force instead', async () => {
      await stage.data('ConfigMap', 'own', { 'front.yaml': OWN_MAPPING });
      await stage.ask('own', { ...PROFILE, [KEY]: 'own/front.yaml' }, { containers: [front()] });
      await visit('own');
      const lines = await stage.scrape('own', 'statsd-exporter', [
        'front_requests_total 6',
        'front_duration_seconds_count 6',
      ]);
      assert.deepEqual(
        lines.filter((line) => line.startsWith('gunicorn_requests_total')),
        [],
      );
    });

    it('a broken one in the annotation never reaches a Pod, whose status says why', async () => {
      const mapping = 'mappings: [{match: a.*, name: b}, {match: "c.(", match_type: regex, name: d}]';
      const asked = { ...PROFILE, 'podscrape.dev/statsd-mapping': mapping };
      const { pod } = await stage.ask('broken', asked, { containers: [front()] });
      assert.deepEqual(
        containersOf(pod).map(({ name }) => name),
        ['front'],
      );
      const { annotations = {} } = pod.metadata;
      assert.equal(annotations['podscrape.dev/mapping'], undefined);
      const status = JSON.parse(annotations['podscrape.dev/status'] ?? '{}') as Record<string, unknown>;
      assert.equal(status['outcome'], 'refused');
      assert.deepEqual(status['problems'], [
        'podscrape.dev/statsd-mapping: mappings[1].match: not an RE2 regular expression: missing closing )',
      ]);
      const address = await podAddress(stage.plane, NAMESPACE, 'broken');
      const { status: answer } = await stage.plane.waitFor('an answer', () => fetchFrom(address, 5000));
      assert.equal(answer, 200);
    });
  });
});
