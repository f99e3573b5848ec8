import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ExporterStage, node, requireStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import type { Pod } from './kubelet/types.ts';
import { isRunning } from './processes.ts';

const NAMESPACE = 'batch';
const PROFILE = { 'podscrape.dev/profile': 'statsd' };
const needs = { binaries: ['statsd_exporter'] } as const;

/** Sends what it has done until it is told that it is over. */
const WORK = `
const { STATSD_HOST, STATSD_PORT } = process.env;
const socket = require('node:dgram').createSocket('udp4');
setInterval(() => {
  socket.send('items_done:42|g', Number(STATSD_PORT), STATSD_HOST);
  if (require('node:fs').existsSync('/tmp/over')) process.exit(0);
}, 50);
`;

const shell = { name: 'app', image: 'example.test/shell' };

interface Job {
  readonly status?: { readonly active?: number; readonly succeeded?: number; readonly failed?: number };
}

describe('exporters beside what ends', await requireStage('exporters beside what ends', needs), () => {
  let stage: ExporterStage;
  before(async () => {
    stage = await ExporterStage.start(NAMESPACE, ['statsd-exporter']);
  });
  after(() => stage.stop());

  const template = (app: string, annotations: object, containers: readonly object[]) => ({
    metadata: { labels: { app }, annotations },
    spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 5, containers },
  });
  const job = async (name: string): Promise<Job['status']> =>
    (await stage.plane.request<Job>('GET', `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/${name}`)).body
      .status;
  const complete = (name: string) =>
    stage.plane.kubectl([
      ...['-n', NAMESPACE, 'wait', '--for=condition=Complete', `job/${name}`, '--timeout=60s'],
    ]);
  /** The Pod of a Job, at work and scraped; the exporter's process. */
  const atWork = async (name: string): Promise<{ readonly pod: string; readonly exporter: number }> => {
    const pod = await stage.podOf(name);
    await stage.scrape(pod, 'statsd-exporter', ['items_done 42']);
    return { pod, exporter: stage.kubelet.pid(NAMESPACE, pod, 'statsd-exporter') };
  };
  const finish = async (pod: string): Promise<void> => {
    const { code, stderr } = await stage.kubelet.exec(NAMESPACE, pod, 'app', ['touch', '/tmp/over']);
    assert.equal(code, 0, stderr);
  };

  it('a Job is scraped while it works, and completes; the exporter ends with it', async () => {
    const spec = { template: template('native', PROFILE, [node(WORK)]) };
    await stage.create('/apis/batch/v1/{}/jobs', { metadata: { name: 'native' }, spec });
    const { pod, exporter } = await atWork('native');
    await finish(pod);
    await complete('native');
    const { status } = await stage.phase(pod, 'Succeeded');
    const [sidecar, ...others] = status?.initContainerStatuses ?? [];
    assert.deepEqual([sidecar?.name, others.length], ['statsd-exporter', 0]);
    assert.equal(sidecar?.state.terminated?.exitCode, 0);
    assert.equal(isRunning(exporter), false);
    assert.equal((await job('native'))?.succeeded, 1);
  });

  it('with native-sidecar "false" it would not: the work is done, and the exporter goes on', async () => {
    const annotations = { ...PROFILE, 'podscrape.dev/native-sidecar': 'false' };
    const spec = { template: template('regular', annotations, [node(WORK)]) };
    await stage.create('/apis/batch/v1/{}/jobs', { metadata: { name: 'regular' }, spec });
    const { pod, exporter } = await atWork('regular');
    await finish(pod);
    await stage.until(pod, 'the work is done', ({ containerStatuses = [] }) =>
      containerStatuses.some(({ name, state }) => name === 'app' && state.terminated?.exitCode === 0),
    );
    // As long as a whole other Job takes, nothing changes.
    const meanwhile = { template: template('meanwhile', PROFILE, [{ ...shell, args: ['exit 0'] }]) };
    await stage.create('/apis/batch/v1/{}/jobs', { metadata: { name: 'meanwhile' }, spec: meanwhile });
    await complete('meanwhile');
    const { status } = await stage.phase(pod, 'Running');
    assert.ok(isRunning(exporter));
    await stage.page(status?.podIP ?? '', 9102, '/metrics', ['items_done 42']);
    const { active, succeeded, failed } = (await job('regular')) ?? {};
    assert.deepEqual([active, succeeded, failed], [1, undefined, undefined]);
  });

  it('a CronJob that asks on its own metadata makes Jobs that complete', async () => {
    const containers = [{ ...shell, args: ['exit 0'] }];
    const jobTemplate = { spec: { template: template('nightly', {}, containers) } };
    await stage.create('/apis/batch/v1/{}/cronjobs', {
      metadata: { name: 'nightly', annotations: PROFILE },
      spec: { schedule: '0 0 1 1 *', jobTemplate },
    });
    await stage.plane.kubectl(['-n', NAMESPACE, 'create', 'job', 'nightly-now', '--from=cronjob/nightly']);
    await complete('nightly-now');
    const { status } = await stage.phase(await stage.podOf('nightly'), 'Succeeded');
    assert.equal(status?.initContainerStatuses?.[0]?.name, 'statsd-exporter');
  });

  describe('which comes first', () => {
    const spec = {
      initContainers: [{ ...shell, name: 'migrate', args: ['exit 0'] }],
      containers: [node(WORK)],
    };
    const started = async (pod: string) => {
      await podAddress(stage.plane, NAMESPACE, pod);
      return {
        app: stage.ticks(pod, 'app'),
        exporter: stage.ticks(pod, 'statsd-exporter'),
        inits: (await inits(pod)).join(),
      };
    };
    const inits = async (pod: string): Promise<readonly string[]> => {
      const { body } = await stage.plane.request<Pod>('GET', stage.path(pod));
      return body.status?.initContainerStatuses?.map(({ name }) => name) ?? [];
    };

    it('by itself the application of a Pod that is to last: its exporter is a regular container', async () => {
      await stage.ask('lasting', PROFILE, spec);
      const { app, exporter, inits: names } = await started('lasting');
      assert.equal(names, 'migrate');
      assert.ok(app < exporter, `application ${app}, exporter ${exporter}`);
    });

    it('with `initContainersScraped: true` the exporter, behind the owner’s init containers', async () => {
      await stage.configure('initContainersScraped: true\n');
      await stage.ask('early', PROFILE, spec);
      const { app, exporter, inits: names } = await started('early');
      assert.equal(names, 'migrate,statsd-exporter');
      assert.ok(exporter < app, `application ${app}, exporter ${exporter}`);
      await stage.scrape('early', 'statsd-exporter', ['items_done 42']);
    });
  });
});
