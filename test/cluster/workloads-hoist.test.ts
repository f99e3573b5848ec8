import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import { requireCluster } from './require.ts';
import { itFollowsTheManifest } from './workload-flow.ts';
import type { Mode } from './workload-flow.ts';
import { ROLLOUT, ROLLOUT_CRD, manifests, nameOf, pathOf, see } from './workload-manifests.ts';
import type { AllSeen, Says } from './workload-manifests.ts';
import { deploy, itHearsTheOwner } from './workload-owner.ts';
import {
  itMakesPods,
  itStartsNoRolloutByItself,
  itWasCalledForNothingElse,
  nothingMoves,
  settles,
} from './workload-quiet.ts';
import { FLOWS, STEADY, asks, startStage } from './workload-stage.ts';
import type { Stage } from './workload-stage.ts';

const P = 'podscrape.dev';

describe('workloads: hoist, on a real control plane', await requireCluster('hoisting'), () => {
  let stage: Stage;
  const plane = (): ControlPlane => stage.plane;
  const mode: Mode = {
    plane,
    unchanged: / unchanged$/,
    check: (template, untouched, profile) => {
      const { annotations, labels } = untouched.metadata;
      const asked = {
        annotations: { ...annotations, [`${P}/profile`]: profile },
        labels: { ...labels, [`${P}/inject`]: 'enabled' },
      };
      assert.deepEqual(template, { ...untouched, metadata: profile === undefined ? { labels } : asked });
    },
  };

  before(async () => {
    stage = await startStage('workloads: hoist\n');
  });
  after(() => stage.stop());

  describe('applied by kubectl', { concurrency: true }, () => {
    for (const { how, flags } of FLOWS)
      describe(how, { concurrency: 1 }, () => itFollowsTheManifest(mode, how, flags));
  });
  itStartsNoRolloutByItself(mode);
  itMakesPods(() => stage, false);
  itHearsTheOwner(() => stage);

  it('what stands on the jobTemplate of a CronJob is hoisted', async () => {
    const { CronJob } = await see(plane(), STEADY);
    assert.equal(CronJob!.template.metadata.annotations?.[`${P}/timeout`], '7s');
    assert.equal(CronJob!.template.metadata.annotations[`${P}/profile`], 'statsd');
  });

  it('nothing moves but by the owner’s hand', () => nothingMoves(plane(), STEADY));
  it('all is quiet', () => settles(plane()));
  itWasCalledForNothingElse(() => stage);

  it('another configuration changes no template', async () => {
    await stage.restart('workloads: hoist\nimageRegistry: registry.example.com\n');
    await nothingMoves(plane(), STEADY);
  });

  it('a kind of the configuration: hoisted on CREATE and UPDATE, and taken out again', async () => {
    const kinds = '[{group: argoproj.io, version: v1alpha1, kind: Rollout, resource: rollouts}]';
    await plane().kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(ROLLOUT_CRD) });
    await plane().kubectl(['wait', '--for=condition=Established', 'crd/rollouts.argoproj.io']);
    await stage.restart(`workloads: hoist\nworkloadKinds: ${kinds}\n`);
    await stage.registerAgain();
    await plane().createNamespace('rollouts');
    const apply = async (says: Says): Promise<AllSeen[string]> => {
      await stage.apply('rollouts', manifests(says, [ROLLOUT]));
      return (await see(plane(), 'rollouts', [ROLLOUT]))['Rollout']!;
    };
    const untouched = (await apply({})).template;
    await plane().waitFor('the apiserver to call about the new kind', async () => {
      const { template } = await apply(asks('statsd'));
      return template.metadata.annotations?.[`${P}/profile`] === 'statsd';
    });
    const first = await apply(asks('statsd'));
    assert.deepEqual(await apply(asks('statsd')), first);
    await plane().request('PATCH', pathOf(ROLLOUT, 'rollouts', nameOf(ROLLOUT)), { spec: { replicas: 5 } });
    assert.deepEqual((await apply(asks('statsd'))).template, first.template);
    const { template } = await apply(asks('http'));
    assert.equal(template.metadata.annotations?.[`${P}/profile`], 'http');
    assert.deepEqual((await apply({})).template, untouched);
    await plane().kubectl(['delete', '-n', 'rollouts', 'rollouts', '--all']);
    assert.equal((await apply(asks('http'))).template.metadata.labels?.[`${P}/inject`], 'enabled');
  });

  for (const registration of ['as it was', 'made anew']) {
    it(`workloads: off, the registration ${registration}: nothing is hoisted; Pods are injected`, async () => {
      await stage.restart('workloads: off\n');
      if (registration === 'made anew') await stage.registerAgain();
      const says = {
        annotations: { [`${P}/path`]: '/a' },
        template: { annotations: { [`${P}/profile`]: 'http' } },
      };
      const namespace = `off-${registration.replaceAll(' ', '-')}`;
      const { seen } = await deploy(stage, namespace, says);
      assert.deepEqual(seen.template.metadata.annotations, { [`${P}/profile`]: 'http' });
      const [pod] = await podsOf(plane(), namespace, 1);
      assert.equal(pod?.metadata.annotations?.['prometheus.io/path'], '/metrics');
    });
  }
});
