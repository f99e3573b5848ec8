import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';

import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { ExporterStage, requireStage } from './exporter-stage.ts';
import { podAddress } from './kubelet/kubelet.ts';
import { containersOf, variable } from './passes.ts';
import { ensurePython } from './software/python.ts';

const NAMESPACE = 'packit';
const needs = { python: true, debian: ['redis-server', 'pushgateway'] } as const;

/**
 * A worker whose tasks end before anybody could scrape them. Its tasks push to whatever PUSHGATEWAY_URL names, which
 * nobody but podscrape sets here. The profile `celery` is another matter: its exporter is to be had as an image only, and
 * its golden folders are its proof.
 */
describe('a Celery worker that pushes', await requireStage('a Celery worker that pushes', needs), () => {
  let stage: ExporterStage;
  let broker: string;

  before(async () => {
    stage = await ExporterStage.start(NAMESPACE, ['celery', 'redis', 'pushgateway']);
    await stage.data('Secret', 'broker', { password: randomBytes(18).toString('base64url') });
    const redis = {
      name: 'redis',
      image: 'example.test/redis',
      env: [PASSWORD, { name: 'REDIS_LISTEN', value: '0.0.0.0' }],
    };
    await stage.pod('redis', { containers: [redis] });
    broker = await podAddress(stage.plane, NAMESPACE, 'redis');
  });
  after(() => stage.stop());

  /** Its queue is its own, so that each worker does the work that is asked of it. */
  const worker = (queue: string) => ({
    name: 'worker',
    image: 'example.test/celery',
    args: ['-A', 'tasks', 'worker', '--pool=solo', '-l', 'WARNING', '-Q', queue],
    env: [PASSWORD, { name: 'REDIS_SERVICE_HOST', value: broker }],
  });

  /** Has a Pod's worker run a task, and waits for its result. */
  const build = async (pod: string, what: string): Promise<string> => {
    const { python } = await ensurePython();
    const script =
      `import tasks; r = tasks.build.apply_async(['${what}'], queue='${pod}'); ` +
      'print(r.get(timeout=25, propagate=False))';
    const command = [python, '-c', script];
    const { stdout, stderr } = await stage.kubelet.exec(NAMESPACE, pod, 'worker', command);
    return stdout.trim() || stderr;
  };
  const pushed = (pod: string) => {
    const own = `instance="${pod}",job="packit-worker"`;
    return [
      `packit_tasks_total{${own},state="SUCCESS",task="tasks.build"} 1`,
      `packit_tasks_total{${own},state="FAILURE",task="tasks.build"} 1`,
      `packit_task_duration_seconds_count{${own},task="tasks.build"} 2`,
    ];
  };

  it('reaches the Pushgateway that is injected beside it', async () => {
    await stage.ask('beside', { 'podscrape.dev/profile': 'pushgateway' }, { containers: [worker('beside')] });
    await podAddress(stage.plane, NAMESPACE, 'beside');
    assert.equal(await build('beside', 'podman'), 'podman is built');
    assert.equal(await build('beside', 'broken'), 'this package cannot be built');
    await stage.scrape('beside', 'pushgateway', pushed('beside'));
  });

  it('reaches the cluster’s own Pushgateway, and has none beside it', async () => {
    const { image } = BUILT_IN_EXPORTERS.find(({ name }) => name === 'pushgateway')!;
    await stage.pod('gateway', { containers: [{ name: 'pushgateway', image }] });
    const gateway = await podAddress(stage.plane, NAMESPACE, 'gateway');
    const annotations = {
      'podscrape.dev/profile': 'pushgateway',
      'podscrape.dev/exporter-address': `${gateway}:9091`,
    };
    const { pod } = await stage.ask('away', annotations, { containers: [worker('away')] });
    assert.deepEqual(
      containersOf(pod).map(({ name }) => name),
      ['worker'],
    );
    assert.equal(variable(pod, 'worker', 'PUSHGATEWAY_URL'), `http://${gateway}:9091`);
    await podAddress(stage.plane, NAMESPACE, 'away');
    assert.equal(await build('away', 'podman'), 'podman is built');
    assert.equal(await build('away', 'broken'), 'this package cannot be built');
    await stage.page(gateway, 9091, '/metrics', pushed('away'));
  });
});

const PASSWORD = {
  name: 'REDIS_PASSWORD',
  valueFrom: { secretKeyRef: { name: 'broker', key: 'password' } },
};
