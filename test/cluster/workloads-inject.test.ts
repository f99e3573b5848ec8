import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { differsNowhere, itFollowsTheManifest } from './workload-flow.ts';
import type { Mode } from './workload-flow.ts';
import { ROLLOUT, ROLLOUT_CRD, ROWS, each, manifests, see } from './workload-manifests.ts';
import type { Says, Template, WorkloadRow } from './workload-manifests.ts';
import { itHearsTheOwner } from './workload-owner.ts';
import {
  itMakesPods,
  itStartsNoRolloutByItself,
  itWasCalledForNothingElse,
  nothingMoves,
  settles,
} from './workload-quiet.ts';
import { FLOWS, STEADY, UNTOUCHED, asks, startStage } from './workload-stage.ts';
import type { Stage } from './workload-stage.ts';

const P = 'podscrape.dev';
const [DEPLOYMENT] = ROWS as [WorkloadRow];
const KINDS = 'workloadKinds: [{group: argoproj.io, version: v1alpha1, kind: Rollout, resource: rollouts}]\n';

describe('workloads: inject, on a real control plane', await requireCluster('injected templates'), () => {
  let stage: Stage;
  const plane = (): ControlPlane => stage.plane;
  const mode: Mode = {
    plane,
    // kubectl sends the order of its containers whenever there are others; the object stays what it is.
    unchanged: / (unchanged|configured)$/,
    check: (template, untouched, profile) => {
      const { labels } = untouched.metadata;
      if (profile === undefined) return assert.deepEqual(template, { ...untouched, metadata: { labels } });
      assert.deepEqual(portsOf(template), PORTS[profile]);
      const { annotations = {} } = template.metadata;
      assert.equal(annotations['prometheus.io/port'], profile === 'statsd' ? '9102' : '8080');
      assert.equal(annotations[`${P}/profile`], profile);
      const { outcome } = JSON.parse(annotations[`${P}/status`] ?? '{}') as Record<string, unknown>;
      assert.equal(outcome, 'injected');
    },
  };

  before(async () => {
    stage = await startStage(`workloads: inject\n${KINDS}`, ROLLOUT_CRD);
  });
  after(() => stage.stop());

  describe('applied by kubectl', { concurrency: true }, () => {
    for (const { how, flags } of FLOWS)
      describe(how, { concurrency: 1 }, () => itFollowsTheManifest(mode, how, flags));
  });
  itStartsNoRolloutByItself(mode);
  itMakesPods(() => stage, true);
  itHearsTheOwner(() => stage);

  async function seenAfter(namespace: string, row: WorkloadRow, says: Says, ...flags: readonly string[]) {
    await stage.apply(namespace, manifests(says, [row]), ...flags);
    return (await see(plane(), namespace, [row]))[row.kind]!;
  }

  for (const flags of [[], ['--server-side']]) {
    const how = flags[0] ?? 'client-side';
    const GUNICORN: Says = {
      annotations: { [`${P}/profile`]: 'gunicorn' },
      env: [{ name: 'GUNICORN_CMD_ARGS', value: '--workers=3' }],
    };

    it(`${how}: a variable of the owner’s that was extended stays so, and without the request is as it was`, async () => {
      const namespace = `extended-${flags.length}`;
      await plane().createNamespace(namespace);
      const first = await seenAfter(namespace, DEPLOYMENT, GUNICORN, ...flags);
      const value = '--workers=3 --statsd-host=127.0.0.1:9125';
      assert.equal(first.template.spec.containers[0]?.env?.[0]?.value, value);
      assert.deepEqual(await seenAfter(namespace, DEPLOYMENT, GUNICORN, ...flags), first);
      await differsNowhere(plane(), namespace, flags, manifests(GUNICORN, [DEPLOYMENT]));
      const { env = [] } = GUNICORN;
      const { template } = await seenAfter(namespace, DEPLOYMENT, { env }, ...flags);
      assert.deepEqual(template.spec.containers.length, 1);
      assert.deepEqual(template.spec.containers[0]?.env, env);
    });

    it(`${how}: lists of a kind of the configuration are replaced as a whole, and no generation is lost`, async () => {
      const namespace = `rollouts-${flags.length}`;
      await plane().createNamespace(namespace);
      const first = await seenAfter(namespace, ROLLOUT, asks('statsd'), ...flags);
      assert.deepEqual(portsOf(first.template), PORTS.statsd);
      assert.deepEqual(await seenAfter(namespace, ROLLOUT, asks('statsd'), ...flags), first);
      await differsNowhere(plane(), namespace, flags, manifests(asks('statsd'), [ROLLOUT]));
      const { template } = await seenAfter(namespace, ROLLOUT, {}, ...flags);
      const raw = await seenAfter(UNTOUCHED, ROLLOUT, {}, ...flags);
      assert.deepEqual(template, raw.template);
    });
  }

  it('nothing moves but by the owner’s hand', () => nothingMoves(plane(), STEADY));
  it('all is quiet', () => settles(plane()));
  itWasCalledForNothingElse(() => stage);

  const MIRROR = 'imageRegistry: registry.example.com\n';
  const MIRRORED = /^registry\.example\.com\//;

  it('another configuration changes no template by itself', async () => {
    await stage.restart(`workloads: inject\n${KINDS}${MIRROR}`);
    await nothingMoves(plane(), STEADY);
  });

  it('it comes with the next change that the owner makes', async () => {
    const says = { ...asks('statsd'), env: [{ name: 'NEW', value: '1' }] };
    const { template, revisions } = await seenAfter(STEADY, DEPLOYMENT, says);
    assert.match(imageOf(template), MIRRORED);
    assert.equal(revisions, 2);
  });

  it('rollout undo across configurations: exporter and record are of the same one', async () => {
    const before = await see(plane(), 'undone', [DEPLOYMENT]);
    await plane().kubectl(['set', 'image', '-n', 'undone', 'deployment/deployment', 'web=example.com/web:3']);
    const { Deployment: changed } = await see(plane(), 'undone', [DEPLOYMENT]);
    assert.match(imageOf(changed!.template), MIRRORED);
    assert.notEqual(configOf(changed!.template), configOf(before['Deployment']!.template));
    await plane().kubectl(['rollout', 'undo', '-n', 'undone', 'deployment/deployment']);
    const { Deployment: undone } = await see(plane(), 'undone', [DEPLOYMENT]);
    const isNew = configOf(undone!.template) === configOf(changed!.template);
    assert.equal(MIRRORED.test(imageOf(undone!.template)), isNew);
  });

  it('from inject to hoist: nothing moves until the owner changes something; then the Pods get it alone', async () => {
    await stage.restart(`workloads: hoist\n${KINDS}${MIRROR}`);
    const before = await see(plane(), STEADY);
    await plane().kubectl(['label', '--overwrite', '-n', STEADY, 'deployment/deployment', 'team=hoist']);
    assert.deepEqual(each(await see(plane(), STEADY), 'template'), each(before, 'template'));
    const says = { ...asks('statsd'), env: [{ name: 'NEW', value: '2' }] };
    const { template } = await seenAfter(STEADY, DEPLOYMENT, says);
    assert.deepEqual(portsOf(template), { web: [8080] });
    const pod = await plane().waitFor('a Pod of the new template', async () => {
      const { body } = await plane().request<{ items: PodObject[] }>(
        'GET',
        `/api/v1/namespaces/${STEADY}/pods`,
      );
      return body.items.find(({ spec }) => spec.containers[0]?.env?.[0]?.value === '2');
    });
    assert.deepEqual(portsOf(pod), PORTS.statsd);
  });
});

const PORTS = {
  statsd: { web: [8080], 'statsd-exporter': [9102] },
  http: { web: [8080] },
};

/** By container, native sidecars among them. */
function portsOf({ spec }: Pick<PodObject, 'spec'>): Record<string, readonly number[]> {
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  return Object.fromEntries(
    all.map(({ name, ports = [] }) => [name, ports.map(({ containerPort }) => containerPort)]),
  );
}

function imageOf({ spec }: Template): string {
  return spec.containers.find(({ name }) => name === 'statsd-exporter')?.image ?? '';
}

/** The hash of the configuration that the record names. */
function configOf({ metadata }: Template): unknown {
  const record = JSON.parse(metadata.annotations?.[`${P}/status`] ?? '{}') as Record<string, unknown>;
  return record['config'];
}
