import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { META } from '../../src/prometheus/meta-labels.ts';
import { ourJobs, withoutReach } from './prometheus/agree-jobs.ts';
import { AgreeStage } from './prometheus/agree-stage.ts';
import type { Targets } from './prometheus/answers.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

/** What a Pod asks for, and how often it is scraped, for how long at most. */
const TIMES: Readonly<
  Record<string, readonly [asked: Record<string, string>, interval: string, timeout: string]>
> = {
  unsaid: [{}, '15s', '5s'],
  'five-seconds': [{ interval: '5s' }, '5s', '5s'],
  'fifteen-seconds': [{ interval: '15s' }, '15s', '5s'],
  both: [{ interval: '30s', timeout: '20s' }, '30s', '20s'],
  // As `global` of the printed configuration has them.
  'of-the-job': [{ interval: 'inherit' }, '30s', '5s'],
  'all-of-the-job': [{ interval: 'inherit', timeout: 'inherit' }, '30s', '10s'],
  // A timeout above its interval makes Prometheus refuse the target.
  'shorter-than-the-timeout': [{ interval: '2s' }, '2s', '2s'],
  milliseconds: [{ interval: '1s500ms' }, '1s500ms', '1s500ms'],
  'two-words-for-a-minute': [{ interval: '60s', timeout: '1m' }, '60s', '1m'],
};

const NAMESPACE = 'shop';
const suite = 'a Prometheus with Pods that are scraped at times of their own';

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let stage: AgreeStage;
  let webhook: Webhook;
  let targets: Targets;

  before(async () => {
    [stage, webhook] = await Promise.all([AgreeStage.start(withoutReach(await ourJobs())), startWebhook()]);
    await stage.plane.createNamespace(NAMESPACE);
    await register(stage.plane, webhook);
    for (const [index, [name, [asked]]] of Object.entries(TIMES).entries()) {
      const times = Object.entries(asked).map(([key, value]) => [`podscrape.dev/${key}`, value] as const);
      const annotations = { 'podscrape.dev/port': '8080', ...Object.fromEntries(times) };
      const containers = [
        { name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }] },
        {
          name: 'exporter',
          image: 'example.com/exporter:1',
          ports: [{ name: 'x-metrics', containerPort: 9100 }],
        },
      ];
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations }, spec: { containers } };
      const ip = index % 2 === 0 ? `10.244.0.${index + 2}` : `fd00:10:244::${index + 2}`;
      const { status, body } = await stage.pod(NAMESPACE, pod, { phase: 'Running', ip });
      assert.equal(status, 201, body.message);
    }
    await stage.agreed();
    targets = await stage.prometheus.targets();
  });
  after(async () => {
    await stage.stop();
    await webhook.stop();
  });

  for (const [name, [asked, interval, timeout]] of Object.entries(TIMES)) {
    it(`${name}: ${JSON.stringify(asked)} is ${interval} and ${timeout}`, () => {
      const seen = targets.active
        .filter(({ discoveredLabels: labels }) => labels[META.pod] === name)
        .map((one) => [one.scrapePool, one.scrapeInterval, one.scrapeTimeout]);
      assert.deepEqual(seen.sort(), [
        ['podscrape-annotated', interval, timeout],
        ['podscrape-named', interval, timeout],
      ]);
    });
  }

  it('in one job, with one scraper each', () => {
    const pools = new Set(targets.active.map(({ scrapePool }) => scrapePool));
    assert.deepEqual([...pools].sort(), ['podscrape-annotated', 'podscrape-named']);
    assert.equal(targets.active.length, 2 * Object.keys(TIMES).length);
  });
});
