import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ASKS, ChartStage, NAMESPACE, SLEEPER } from '../chart-stage.ts';
import { podAddress } from '../kubelet/kubelet.ts';
import { requireKubelet } from '../require.ts';

const IN = { 'podscrape.dev/inject': 'enabled' };
const ROW = 'row 7: all replicas dead, Fail: podscrape’s own Pods and kube-system still start';

describe(ROW, await requireKubelet(ROW, ['helm']), () => {
  let stage: ChartStage;

  before(async () => {
    stage = await ChartStage.start();
    // Opted in on top: what must never depend on podscrape does not, whatever a label says.
    await stage.prepare(IN);
    await stage.plane.kubectl(['label', 'namespace', 'kube-system', 'podscrape.dev/inject=enabled']);
    const webhook = { failurePolicy: 'Fail', validatingFailurePolicy: 'Fail' };
    await stage.deploy({ webhook, config: { server: { drainSeconds: 0 } } });
    await stage.untilInjected();
    await scale(0);
    await stage.plane.waitFor('all replicas to be dead', async () => {
      const { body } = await stage.plane.request('GET', `/api/v1/namespaces/${NAMESPACE}/pods`);
      return body.items?.length === 0;
    });
  });
  after(() => stage.stop());

  const scale = (replicas: number) =>
    stage.plane.kubectl(['scale', '-n', NAMESPACE, 'deployment/podscrape', `--replicas=${replicas}`]);

  it('Fail is in force: what asks does not start, what does not ask does', async () => {
    const { status, body } = await stage.create('default', ASKS);
    assert.equal(status, 500);
    assert.match(body.message ?? '', /failed calling webhook "object\.podscrape\.dev"/);
    assert.equal((await stage.create('default')).status, 201);
  });

  it('a Deployment of kube-system starts', async () => {
    const labels = { app: 'dns' };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'dns', ...ASKS },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels, ...ASKS },
          spec: { containers: [{ name: 'dns', image: SLEEPER }], terminationGracePeriodSeconds: 0 },
        },
      },
    };
    const path = '/apis/apps/v1/namespaces/kube-system/deployments';
    const { status, body } = await stage.plane.request('POST', path, deployment);
    assert.equal(status, 201, body.message);
    const name = await stage.plane.waitFor('its Pod', async () => {
      const { body } = await stage.plane.request('GET', '/api/v1/namespaces/kube-system/pods');
      return body.items?.[0]?.metadata?.name;
    });
    await podAddress(stage.plane, 'kube-system', name);
  });

  it('podscrape starts, and what asks starts again', async () => {
    await scale(2);
    await stage.plane.waitFor('two Pods of podscrape', async () => (await stage.pods()).length === 2);
    for (const { metadata } of await stage.pods()) await podAddress(stage.plane, NAMESPACE, metadata.name);
    await stage.untilInjected();
  });
});
