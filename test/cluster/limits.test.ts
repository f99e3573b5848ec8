import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { kubeconfig } from './layout.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { compareRandomly } from './limits-random.ts';
import type { Figures, Limits } from './limits-stage.ts';
import { exporterOf, limitedPod, LimitStage, STATSD } from './limits-stage.ts';
import { podsOf } from './pods.ts';
import { requireCluster } from './require.ts';
import { get, register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const figures = (
  request: string,
  limit: string,
  more: readonly [string, string] = ['64Mi', '128Mi'],
): Figures => ({
  requests: { cpu: request, memory: more[0] },
  limits: { cpu: limit, memory: more[1] },
});
const BURSTABLE = figures('100m', '500m');
const GUARANTEED = figures('500m', '500m', ['256Mi', '256Mi']);
const DEFAULTS = figures('10m', '100m', ['32Mi', '128Mi']);
const container = (more: object): object => ({ type: 'Container', ...more });

interface Row {
  readonly what: string;
  readonly limits: Limits;
  readonly pod?: Figures;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: object;
  /** The exporter's resources, or a part of the warning that says why there is none. */
  readonly exporter: Figures | string;
  readonly warning?: string;
}

const ROWS: readonly Row[] = [
  { what: 'nothing', limits: {}, pod: BURSTABLE, exporter: DEFAULTS },
  {
    what: 'defaults, which the exporter does not need',
    limits: {
      ranges: [
        [
          container({
            default: { cpu: '400m', memory: '512Mi' },
            defaultRequest: { cpu: '40m', memory: '64Mi' },
          }),
        ],
      ],
    },
    exporter: DEFAULTS,
  },
  {
    what: 'defaults that make the Pod Guaranteed',
    limits: { ranges: [[container({ default: { cpu: '400m', memory: '512Mi' } })]] },
    exporter: figures('100m', '100m', ['128Mi', '128Mi']),
  },
  {
    what: 'defaults, where the owner wants no limits',
    limits: { ranges: [[container({ default: { cpu: '5m' }, defaultRequest: { cpu: '5m' } })]] },
    annotations: { 'podscrape.dev/exporter-cpu-limit': 'none' },
    exporter: figures('5m', '5m', ['32Mi', '128Mi']),
  },
  {
    what: 'minima above what the exporter asks for',
    limits: { ranges: [[container({ min: { cpu: '50m', memory: '200Mi' } })]] },
    pod: figures('100m', '500m', ['256Mi', '512Mi']),
    exporter: figures('50m', '100m', ['200Mi', '200Mi']),
  },
  {
    what: 'maxima below what the exporter asks for',
    limits: { ranges: [[container({ max: { cpu: '60m' } })], [container({ max: { memory: '64Mi' } })]] },
    pod: figures('10m', '20m', ['8Mi', '16Mi']),
    annotations: { 'podscrape.dev/exporter-cpu-limit': '200m' },
    exporter: figures('10m', '60m', ['32Mi', '64Mi']),
    warning:
      'podscrape.dev/exporter-cpu-limit: "200m" is over the maximum 60m of LimitRange range-0; using 60m',
  },
  {
    what: 'a ratio',
    limits: { ranges: [[container({ maxLimitRequestRatio: { cpu: '5', memory: '2' } })]] },
    pod: BURSTABLE,
    exporter: figures('20m', '100m', ['64Mi', '128Mi']),
  },
  {
    what: 'minima and maxima that no exporter can meet',
    limits: { ranges: [[container({ max: { memory: '4Mi' } })]] },
    pod: figures('10m', '10m', ['4Mi', '4Mi']),
    exporter: 'its least memory, 8Mi, is over the maximum 4Mi of LimitRange range-0',
  },
  {
    what: 'minima, for a Pod that is Guaranteed',
    limits: { ranges: [[container({ min: { cpu: '200m', memory: '200Mi' } })]] },
    pod: GUARANTEED,
    exporter: figures('200m', '200m', ['200Mi', '200Mi']),
  },
  {
    what: 'a Pod maximum with room',
    limits: { ranges: [[{ type: 'Pod', max: { cpu: '600m', memory: '256Mi' } }]] },
    pod: BURSTABLE,
    exporter: DEFAULTS,
  },
  {
    what: 'a Pod maximum without room',
    limits: { ranges: [[{ type: 'Pod', max: { cpu: '550m' } }]] },
    pod: BURSTABLE,
    exporter: 'cpu 600m is over the Pod maximum 550m of LimitRange range-0',
  },
  {
    what: 'a ratio of the whole Pod',
    limits: { ranges: [[{ type: 'Pod', maxLimitRequestRatio: { cpu: '5' } }]] },
    pod: BURSTABLE,
    exporter: figures('100m', '100m', ['32Mi', '128Mi']),
  },
  {
    what: 'Pod-level resources that the defaults of containers would pass',
    limits: { ranges: [[container({ default: { cpu: '300m' }, defaultRequest: { cpu: '60m' } })]] },
    spec: { resources: figures('100m', '400m', ['64Mi', '128Mi']) },
    exporter: "default cpu requests pass the Pod's own 100m",
  },
  {
    what: 'a quota with room',
    limits: { quotas: [{ hard: { 'requests.cpu': '110m', 'limits.memory': '256Mi', pods: '1' } }] },
    pod: BURSTABLE,
    exporter: DEFAULTS,
  },
  {
    what: 'a quota without room',
    limits: { quotas: [{ hard: { 'requests.cpu': '109m' } }] },
    pod: BURSTABLE,
    exporter: '110m requests.cpu needed, quota quota-0 has 109m left',
  },
  {
    what: 'a quota that wants limits',
    limits: { quotas: [{ hard: { 'limits.cpu': '10', 'limits.memory': '10Gi' } }] },
    pod: BURSTABLE,
    annotations: { 'podscrape.dev/exporter-cpu-limit': 'none' },
    exporter: DEFAULTS,
    warning: 'podscrape.dev/exporter-cpu-limit: "none" is refused by quota quota-0; using 100m',
  },
  {
    what: 'a quota for Pods that end',
    limits: { quotas: [{ hard: { cpu: '105m' }, scopes: ['Terminating'] }] },
    pod: BURSTABLE,
    exporter: DEFAULTS,
  },
  {
    what: 'a quota for Pods that end, and such a Pod',
    limits: { quotas: [{ hard: { cpu: '105m' }, scopes: ['Terminating'] }] },
    pod: BURSTABLE,
    spec: { activeDeadlineSeconds: 60 },
    exporter: '110m cpu needed, quota quota-0 has 105m left',
  },
  {
    what: 'a quota without room for Pods that are not BestEffort',
    limits: { quotas: [{ hard: { pods: '0' }, scopes: ['NotBestEffort'] }] },
    exporter: {},
  },
  {
    what: 'a quota for Pods that are BestEffort',
    limits: { quotas: [{ hard: { pods: '1' }, scopes: ['BestEffort'] }] },
    exporter: {},
  },
];

describe('LimitRanges and ResourceQuotas', await requireCluster('limits'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  let stage: LimitStage;
  before(async () => {
    plane = await startControlPlane();
    webhook = await startWebhook({ kubeconfig: plane.kubeconfig });
    await register(plane, webhook);
    stage = new LimitStage(plane);
    for (const [index, { limits }] of ROWS.entries()) {
      await plane.createNamespace(`row-${index}`);
      await stage.limit(`row-${index}`, limits);
    }
    await stage.settled();
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const [index, row] of ROWS.entries()) {
    it(row.what, async () => {
      const pod = limitedPod(row.pod, { ...STATSD, ...row.annotations }, row.spec);
      const without = await stage.create(`row-${index}`, limitedPod(row.pod, undefined, row.spec), true);
      assert.equal(without.status, 201, JSON.stringify(without.body));
      for (const dry of [true, false]) {
        const { status, body, warnings } = await stage.create(`row-${index}`, pod, dry);
        assert.equal(status, 201, JSON.stringify(body));
        assert.equal(body.status?.qosClass === 'Guaranteed', without.body.status?.qosClass === 'Guaranteed');
        assert.equal(body.metadata?.annotations?.['prometheus.io/port'], '8080');
        const { exporter } = row;
        if (typeof exporter === 'string') {
          assert.equal(exporterOf(body), undefined);
          assert.deepEqual(
            warnings.filter((warning) => warning.includes('statsd-exporter')),
            [`podscrape.dev/profile: no statsd-exporter added: ${exporter}`],
          );
        } else {
          assert.deepEqual(exporterOf(body)?.resources, exporter);
        }
        if (row.warning !== undefined) assert.ok(warnings.includes(row.warning), warnings.join('\n'));
      }
    });
  }

  it('that come later count without a restart, and no more once they are gone', async () => {
    await plane.createNamespace('later');
    const cpu = async (): Promise<string | undefined> => {
      const { body } = await stage.create('later', limitedPod(BURSTABLE, STATSD), true);
      return body.status?.qosClass === undefined ? undefined : exporterOf(body)?.resources?.requests?.['cpu'];
    };
    assert.equal(await cpu(), '10m');
    await stage.limit('later', { ranges: [[container({ min: { cpu: '70m' } })]] });
    await plane.waitFor('the minimum to count', async () => (await cpu()) === '70m');
    await plane.request('DELETE', '/api/v1/namespaces/later/limitranges/range-0');
    await plane.waitFor('the minimum to be gone', async () => (await cpu()) === '10m');
  });

  it('let all Pods of a Deployment come up, with exporters as long as there is room', async () => {
    await plane.createNamespace('deployed');
    // Three with an exporter and one without.
    await stage.limit('deployed', { quotas: [{ hard: { 'requests.cpu': '430m' } }] });
    await stage.settled();
    const { spec, metadata } = limitedPod(BURSTABLE, STATSD) as { spec: object; metadata: object };
    const labels = { app: 'web' };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 4,
        selector: { matchLabels: labels },
        template: { metadata: { ...metadata, generateName: undefined, labels }, spec },
      },
    };
    const path = '/apis/apps/v1/namespaces/deployed/deployments';
    const { status, body } = await plane.request('POST', path, deployment);
    assert.equal(status, 201, JSON.stringify(body));
    const pods = await podsOf(plane, 'deployed', 4);
    const exporters = pods.filter(({ spec: { containers } }) => containers.length > 1).length;
    assert.ok(exporters >= 1 && exporters <= 3, `${exporters} exporters`);
  });

  it('that podscrape may not read hold it up in nothing, and the log says once what to do', async (t) => {
    await plane.kubectl(['create', 'clusterrole', 'few', '--verb=list,watch', '--resource=namespaces']);
    await plane.kubectl(['create', 'clusterrolebinding', 'few', '--clusterrole=few', '--user=developer']);
    const text = kubeconfig(plane.url, plane.ca, 'developer', plane.developerToken);
    const limited = await startWebhook({ kubeconfig: file(temporaryFolder(t), 'kubeconfig', text) });
    t.after(() => limited.stop());
    const told = () => limited.logLines().filter(({ hint }) => hint !== undefined);
    await plane.waitFor('both to be told', () => told().length >= 2);
    assert.deepEqual(
      told()
        .map(({ hint }) => hint)
        .sort(),
      [
        'bind a ClusterRole that allows list and watch on limitranges to that user',
        'bind a ClusterRole that allows list and watch on resourcequotas to that user',
      ],
    );
    assert.equal((await get(limited.healthPort, '/readyz')).status, 200);
    const { body } = await get(limited.healthPort, '/metrics');
    assert.match(body, /^podscrape_limit_watch_synced\{resource="limitranges"\} 0$/m);
  });

  it('at random: no Pod is refused that is accepted without podscrape', async (t) => {
    const tally = await compareRandomly(plane, stage);
    t.diagnostic(JSON.stringify({ ...tally, worse: tally.worse.length, needless: tally.needless.length }));
    assert.deepEqual(tally.worse.slice(0, 3), []);
    assert.deepEqual(tally.needless.slice(0, 3), [], 'no exporter is left out that would have fitted');
    assert.ok(tally.accepted > 150 && tally.added > 60 && tally.left > 10, JSON.stringify(tally));
  });
});
