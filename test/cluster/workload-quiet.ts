import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import type { PodObject } from './pods.ts';
import { sleep } from './wait.ts';
import { changeUnrelated, where, withoutRestart } from './workload-flow.ts';
import type { Mode } from './workload-flow.ts';
import type { Template } from './workload-manifests.ts';
import {
  ROWS,
  each,
  manifests,
  nameOf,
  names,
  pathOf,
  revisionsOf,
  see,
  templateIn,
} from './workload-manifests.ts';
import { DETAIL, LASTING, LATE, STEADY } from './workload-stage.ts';
import type { Stage } from './workload-stage.ts';

const find = (kind: string) => ROWS.find((row) => row.kind === kind)!;
const DEPLOYMENT = find('Deployment');
const CRON_JOB = find('CronJob');
const JOB = find('Job');

/** Whatever is done past the templates, all of a namespace's stay to the letter, and no rollout starts. */
export async function nothingMoves(plane: ControlPlane, namespace: string): Promise<void> {
  const before = await see(plane, namespace);
  const kubectl = (...args: string[]) => plane.kubectl(['-n', namespace, ...args]);
  await Promise.all([
    kubectl('label', '--overwrite', ...names(ROWS), 'team=quiet'),
    kubectl('scale', '--replicas=3', ...names(where(({ scales }) => scales))),
    changeUnrelated(plane, namespace),
  ]);
  await plane.kubectl(['apply', '-n', namespace, '-f', '-'], { stdin: manifests(LASTING) });
  // The whole object as the manifest has it, without anything that podscrape has added.
  const replaceable = where(({ immutable }) => !immutable);
  await plane.kubectl(['replace', '-n', namespace, '-f', '-'], { stdin: manifests(LASTING, replaceable) });
  const after = await see(plane, namespace);
  assert.deepEqual(each(after, 'template'), each(before, 'template'));
  assert.deepEqual(each(after, 'revisions'), each(before, 'revisions'));
}

/** What is to hold in both modes beside following the manifest. */
export function itStartsNoRolloutByItself({ plane, check }: Mode): void {
  describe('the webhook came after the workloads', () => {
    it('unrelated updates and scaling start no rollout', () => nothingMoves(plane(), LATE));

    it('the next rollout takes the request along', async () => {
      const before = await see(plane(), LATE);
      const rows = where(({ restarts }) => restarts);
      await plane().kubectl(['rollout', 'restart', '-n', LATE, ...names(rows)]);
      const after = await see(plane(), LATE);
      for (const { kind } of rows) {
        check(withoutRestart(after[kind]!.template), before[kind]!.template, 'statsd');
        assert.equal(after[kind]?.revisions, before[kind]!.revisions + 1, kind);
      }
    });
  });

  it('a ReplicaSet of a Deployment is never patched, whatever is copied or written onto it', async () => {
    const replicaSets = await revisionsOf(plane(), LATE, DEPLOYMENT);
    const hoisted = replicaSets.filter(({ metadata }) => metadata?.annotations?.['podscrape.dev/hoisted']);
    assert.equal(hoisted.length, 1, 'the Deployment controller copies annotations onto the newest');
    const name = hoisted[0]?.metadata?.name ?? '';
    const path = pathOf({ ...DEPLOYMENT, resource: 'replicasets' }, LATE, name);
    const annotations = { 'podscrape.dev/path': '/other' };
    const { status, body } = await plane().request('PATCH', path, { metadata: { annotations } });
    assert.equal(status, 200);
    const { metadata, spec } = body.spec?.['template'] as Template;
    const { 'pod-template-hash': hash, ...labels } = metadata.labels ?? {};
    assert.equal(name, `deployment-${hash}`);
    const { Deployment } = await see(plane(), LATE);
    assert.deepEqual({ spec, metadata: { ...metadata, labels } }, Deployment?.template);
  });

  it('a Deployment is deleted in the foreground', async () => {
    const args = ['-n', LATE, 'deployment', 'deployment', '--cascade=foreground', '--timeout=60s'];
    const { stdout } = await plane().kubectl(['delete', ...args]);
    assert.match(stdout, /deleted/);
    await plane().waitFor('its ReplicaSets to be gone', async () => {
      return (await revisionsOf(plane(), LATE, DEPLOYMENT)).length === 0;
    });
  });

  it('a request that comes to a Job later is accepted and changes nothing', async () => {
    await plane().createNamespace('jobs');
    const rows = where(({ immutable }) => immutable);
    await plane().kubectl(['apply', '-n', 'jobs', '-f', '-'], {
      stdin: manifests({ template: DETAIL }, rows),
    });
    const created = await see(plane(), 'jobs', rows);
    await plane().kubectl(['annotate', '-n', 'jobs', ...names(rows), 'podscrape.dev/profile=statsd']);
    assert.deepEqual(each(await see(plane(), 'jobs', rows), 'template'), each(created, 'template'));
  });
}

/** Nothing is at work any more: two who overrule each other make a new ReplicaSet each time. */
export async function settles(plane: ControlPlane): Promise<void> {
  const resources = ['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'controllerrevisions'];
  const versions = async (): Promise<string> => {
    const answers = await Promise.all(resources.map((name) => plane.request('GET', `/apis/apps/v1/${name}`)));
    const all = answers.flatMap(({ body }) => body.items ?? []);
    return all.map(({ metadata }) => `${metadata?.uid}:${metadata?.resourceVersion}`).join(' ');
  };
  await plane.waitFor('three seconds without a change', async () => {
    const before = await versions();
    await sleep(3000);
    return before === (await versions());
  });
}

/** What becomes of the Pods of every kind, and what the webhook logged about each. */
export function itMakesPods(stage: () => Stage, isIdle: boolean): void {
  const exporters = ({ spec }: PodObject) =>
    [...spec.containers, ...(spec.initContainers ?? [])].filter(({ name }) => name === 'statsd-exporter');
  let pods: readonly PodObject[] = [];

  it('Pods of every kind are injected once', async () => {
    const { plane } = stage();
    // The CronJob controller makes up for a time that it has missed.
    const status = { lastScheduleTime: '2020-01-01T00:00:00Z' };
    await plane.request('PATCH', `${pathOf(CRON_JOB, STEADY, 'cronjob')}/status`, { status });
    pods = await podsOf(plane, STEADY, ROWS.length);
    const apps = pods.map(({ metadata }) => metadata.labels?.['app']);
    assert.deepEqual(apps.sort(), ROWS.map(nameOf).sort());
    for (const pod of pods) {
      assert.equal(exporters(pod).length, 1, pod.metadata.name);
      assert.equal(pod.metadata.annotations?.['prometheus.io/port'], '9102');
      const names = pod.spec.containers.find(({ name }) => name === 'web')?.env?.map(({ name }) => name);
      assert.deepEqual(names, ['STATSD_HOST', 'STATSD_PORT']);
    }
  });

  it(`the Pod pass has ${isIdle ? 'nothing' : 'everything'} to do`, () => {
    const lines = logged(stage()).filter(({ kind, namespace }) => kind === 'v1/Pod' && namespace === STEADY);
    assert.equal(lines.length, pods.length);
    for (const { patchOps, owner } of lines) assert.equal(patchOps === 0, isIdle, String(owner));
  });

  it('the Job of a CronJob carries a request and is never patched', async () => {
    const { plane } = stage();
    const { body } = await plane.request('GET', pathOf(JOB, STEADY));
    const job = body.items?.find(({ metadata }) => metadata?.ownerReferences?.[0]?.kind === 'CronJob');
    assert.equal(job?.metadata?.annotations?.['podscrape.dev/timeout'], '7s');
    const { CronJob } = await see(plane, STEADY);
    const { annotations } = templateIn(JOB, job).metadata;
    assert.deepEqual(annotations, CronJob?.template.metadata.annotations);
  });

  if (!isIdle) return;
  it('the Pods have the template’s annotations and containers', async () => {
    const seen = await see(stage().plane, STEADY);
    for (const { metadata, spec } of pods) {
      const row = ROWS.find((one) => nameOf(one) === metadata.labels?.['app'])!;
      const { template } = seen[row.kind]!;
      assert.deepEqual(metadata.annotations, template.metadata.annotations);
      const without = (list: unknown) =>
        JSON.stringify(list ?? [], (key, value: unknown) => (key === 'volumeMounts' ? undefined : value));
      assert.equal(without(spec.containers), without(template.spec.containers));
      assert.equal(without(spec.initContainers), without(template.spec.initContainers));
    }
  });
}

function logged(stage: Stage): readonly Readonly<Record<string, unknown>>[] {
  return stage.webhook().logLines();
}

/** To be said at the end of a suite. */
export function itWasCalledForNothingElse(stage: () => Stage): void {
  it('of objects that another one controls, only Pods were sent; nothing failed', () => {
    const odd = logged(stage()).filter(
      ({ owner, kind, level }) => (owner !== undefined && kind !== 'v1/Pod') || level !== 'info',
    );
    assert.deepEqual(odd, []);
  });
}
