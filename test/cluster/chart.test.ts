// The chart in a cluster: installed, upgraded, rolled back and uninstalled by the real Helm, its Pods run as rendered.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { CHART, objectsIn, render, valuesFile } from '../chart/helm.ts';
import type { Values } from '../chart/helm.ts';
import { folder } from '../chart/support.ts';
import { FOREIGN, matrix, stream, STRICTLY } from './chart-matrix.ts';
import { granted, refused, used } from './chart-rights.ts';
import { nonconformities } from './chart-schemas.ts';
import { ASKS, ChartStage, everything, NAMESPACE } from './chart-stage.ts';
import type { Audited } from './chart-stage.ts';
import { requireCrds, withCrds } from './crds.ts';
import type { Pod } from './kubelet/types.ts';
import { requireKubelet } from './require.ts';

/** A policy that can deny gives the second webhook configuration something to do. */
const config = {
  server: { drainSeconds: 1 },
  policies: [
    {
      name: 'strict',
      namespaceSelector: { matchLabels: { stage: 'strict' } },
      mode: 'enforce',
      conventions: { requireRequest: 'deny' },
    },
  ],
};

const crds = await requireCrds('the chart’s monitors, alerts and Certificates');

describe('the chart in a cluster', await requireKubelet('the chart', ['helm', 'kubeconform']), () => {
  let stage: ChartStage;
  let untouched: readonly string[];
  let given: Values;
  const own: Values = { config };

  before(async () => {
    stage = await ChartStage.start();
    const { plane } = stage;
    await plane.createNamespace('strict', { stage: 'strict' });
    given = { ...(await stage.prepare({ 'pod-security.kubernetes.io/enforce': 'restricted' })), config };
    untouched = await everything(plane);
  });
  after(() => stage.stop());

  it('kubeconform and a strict API server have nothing against what it renders', async () => {
    const objects = await matrix();
    const { valid, wrong } = await nonconformities(stage.plane, stream(objects), FOREIGN);
    assert.deepEqual(wrong, []);
    const known = objects.filter(({ kind = '' }) => !FOREIGN.includes(kind));
    assert.equal(valid, known.length);
    const { stderr } = await stage.plane.kubectl(STRICTLY, { stdin: stream(known) });
    // The namespace is `restricted`, and of all that is set only the nodes' network does not belong there.
    assert.match(
      stderr,
      /^Warning: would violate PodSecurity "restricted:latest": host namespaces .*, hostPort .*\n$/,
    );
  });

  it(
    'an API server that knows the Prometheus Operator and cert-manager takes what is theirs',
    crds,
    async () => {
      const objects = (await matrix()).filter(({ kind = '' }) => FOREIGN.includes(kind));
      assert.deepEqual([...new Set(objects.map(({ kind }) => kind))].sort(), FOREIGN);
      await withCrds(stage.plane, async () => {
        const { stdout, stderr } = await stage.plane.kubectl(STRICTLY, { stdin: stream(objects) });
        assert.equal(stderr, '');
        assert.equal(stdout.trim().split('\n').length, objects.length);
      });
    },
  );

  it('where Helm sees a cluster, a hook takes the webhook configurations away first', async () => {
    const args = ['template', 'podscrape', CHART, '-f', valuesFile({ config }), '--show-only'];
    const hooks = async (...flags: readonly string[]) => {
      const both = ['templates/mutating-webhook.yaml', '--show-only', 'templates/validating-webhook.yaml'];
      const { stdout } = await stage.helm([...args, ...both, ...flags]);
      return objectsIn(stdout).map(({ metadata }) => metadata?.annotations?.['helm.sh/hook']);
    };
    assert.deepEqual((await hooks('--dry-run=server')).sort(), [
      'pre-delete',
      'pre-delete',
      undefined,
      undefined,
    ]);
    assert.deepEqual(await hooks(), [undefined, undefined]);
    assert.deepEqual(await hooks('--validate'), [undefined, undefined]);
  });

  it('says how Pods may ask, and how to get out of Fail', async () => {
    const notes = async (optIn: string) => {
      const values = { config: { optIn }, webhook: { validatingFailurePolicy: 'Fail' } };
      const args = ['install', 'podscrape', CHART, '-f', valuesFile(values), '--dry-run=client'];
      return (await stage.helm(args)).stdout.split('\nNOTES:\n')[1] ?? '';
    };
    assert.match(
      await notes('annotation'),
      /an annotation of its pod template:\n\n {2}podscrape\.dev\/profile: http\n/,
    );
    assert.match(
      await notes('label'),
      /\n {2}podscrape\.dev\/inject: enabled\n {2}podscrape\.dev\/profile: http\n/,
    );
    const last = await notes('namespace');
    assert.doesNotMatch(last, /pod template/);
    assert.match(last, /kubectl delete .*validatingwebhookconfiguration\/podscrape/);
  });

  it('is installed, and a Pod that asks is injected', async () => {
    await stage.deploy(given, olderChart());
    await stage.untilInjected();
    const pods = await stage.pods();
    assert.equal(pods.length, 2);
    const { body } = await stage.create('strict');
    assert.match(body.message ?? '', /denied the request/);
  });

  it('needs with a Secret of somebody’s exactly the rights that it has', async () => {
    await rightsAreUsed(stage, given);
  });

  it('is upgraded to the next version and to an authority of its own, one Pod after the other', async () => {
    const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);
    const old = names(await stage.pods());
    await stage.deploy(own);
    const fresh = names(await stage.pods());
    assert.deepEqual(
      fresh.filter((name) => old.includes(name)),
      [],
    );
    await stage.untilInjected();
  });

  it('takes other values without a restart, and goes back', async () => {
    const pods = await stage.pods();
    const before = await stage.configuration('mutating');
    assert.ok(JSON.stringify(before.webhooks).includes('"caBundle":'));
    await stage.deploy({ config: { ...config, optIn: 'label' } });
    const names = async () => (await stage.configuration('mutating')).webhooks?.map(({ name }) => name);
    const conditions = async () => JSON.stringify((await stage.configuration('mutating')).webhooks);
    assert.doesNotMatch(await conditions(), /asks-for-podscrape/);
    await stage.plane.waitFor(
      'every Pod to have read it',
      () => pods.every(({ metadata }) => stage.logs(metadata.name).includes('configuration reloaded')),
      { timeoutMs: 60_000 },
    );
    assert.equal(
      (await stage.create('default', ASKS)).body.metadata?.annotations?.['prometheus.io/scrape'],
      undefined,
    );
    await stage.helm(['rollback', 'podscrape', '--wait', '--timeout', '120s']);
    assert.deepEqual((await stage.configuration('mutating')).webhooks, before.webhooks);
    assert.ok((await names())?.includes('object.podscrape.dev'));
    assert.deepEqual(
      (await stage.pods()).map(({ metadata }) => metadata.uid).sort(),
      pods.map(({ metadata }) => metadata.uid).sort(),
    );
    await stage.untilInjected();
  });

  it('proves with the Pod of helm test that probes and webhook answer', async () => {
    await testPod(stage, own);
  });

  it('needs with an authority of its own exactly the rights that it has', async () => {
    // The last of them are for the day when somebody deletes what podscrape keeps.
    const gone = ['secret/podscrape-certificate', 'lease/podscrape'];
    for (const name of gone) await stage.plane.kubectl(['delete', '-n', NAMESPACE, name]);
    await rightsAreUsed(stage, own);
    await stage.untilInjected();
  });

  it('leaves nothing behind', async () => {
    await stage.helm(['uninstall', 'podscrape', '--wait']);
    await nothingLeft(stage, untouched);
  });
});

/** The chart with a version before its own. */
function olderChart(): string {
  const copy = mkdtempSync(join(folder, 'older-'));
  cpSync(CHART, copy, { recursive: true });
  const file = join(copy, 'Chart.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^(version|appVersion): .*$/gm, '$1: 0.0.1'));
  return copy;
}

/** Nothing that podscrape asks is forbidden, and each right that the chart gives it is one that it uses. */
async function rightsAreUsed(stage: ChartStage, values: Values): Promise<void> {
  const mine = ({ user }: Audited): boolean =>
    user.username === `system:serviceaccount:${NAMESPACE}:podscrape`;
  const rights = granted(await render(values));
  await stage.plane.waitFor(
    'every right to be used',
    () => {
      const needed = used(stage.audited().filter(mine), rights);
      const unused = rights.filter((right) => !needed.includes(right));
      if (unused.length > 0) throw new Error(`unused: ${unused.join(', ')}`);
      return true;
    },
    { timeoutMs: 60_000 },
  );
  assert.deepEqual(refused(stage.audited().filter(mine)), []);
}

/**
 * Runs the Pod of `helm test`. Not by `helm test` itself: the tests' cluster has no DNS and no kube-proxy, so that the
 * Pod is told the address of the Service's name, and the Service's ports are those of the Pods.
 */
async function testPod(stage: ChartStage, values: Values): Promise<void> {
  const service = { port: 8443 };
  const pod = (await render({ ...values, service })).find(({ kind }) => kind === 'Pod');
  assert.ok(pod?.spec);
  const [first] = await stage.pods();
  const hostAliases = [{ ip: first?.status?.podIP, hostnames: [`podscrape.${NAMESPACE}.svc`] }];
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const { status, body } = await stage.plane.request('POST', path, {
    ...pod,
    spec: { ...pod.spec, hostAliases },
  });
  assert.equal(status, 201, body.message);
  const name = pod.metadata?.name ?? '';
  const phase = await stage.plane.waitFor(
    'the Pod of helm test to end',
    async () => {
      const { status } = (await stage.plane.request<Pod>('GET', `${path}/${name}`)).body;
      return ['Succeeded', 'Failed'].includes(status?.phase ?? '') && status?.phase;
    },
    { timeoutMs: 90_000 },
  );
  const log = stage.kubelet.logs(NAMESPACE, name, 'ready');
  assert.equal(phase, 'Succeeded', log);
  assert.match(log, /: ready\n.*: the webhook answers$/m);
  await stage.plane.request('DELETE', `${path}/${name}`);
}

async function nothingLeft(stage: ChartStage, untouched: readonly string[]): Promise<void> {
  await stage.plane.waitFor(
    'everything to be gone',
    async () => {
      const left = (await everything(stage.plane)).filter((line) => !untouched.includes(line));
      if (left.length > 0) throw new Error(left.join('\n'));
      return true;
    },
    { timeoutMs: 60_000, intervalMs: 500 },
  );
}
