import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations: { 'podscrape.dev/profile': 'gunicorn' } },
      spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
    },
  },
};
const SCALE = '/apis/apps/v1/namespaces/shop/deployments/web/scale';

describe('the webhook killed under failurePolicy Ignore', await requireCluster('a killed webhook'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane();
    webhook = await startWebhook();
    await register(plane, webhook);
    await plane.createNamespace('shop');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  const injected = async (count: number): Promise<readonly boolean[]> => {
    const pods = await podsOf(plane, 'shop', count);
    return pods.map(({ spec }) => spec.containers.some(({ name }) => name === 'statsd-exporter')).sort();
  };

  it('up: Pods are injected', async () => {
    await plane.request('POST', '/apis/apps/v1/namespaces/shop/deployments', deployment);
    assert.deepEqual(await injected(2), [true, true]);
  });

  it('killed: Pods still start, as their owners wrote them', async () => {
    await webhook.stop('SIGKILL');
    await plane.request('PATCH', SCALE, { spec: { replicas: 4 } });
    assert.deepEqual(await injected(4), [false, false, true, true]);
  });

  it('started again: the next Pods are injected', async () => {
    webhook = await startWebhook({ like: webhook });
    await plane.request('PATCH', SCALE, { spec: { replicas: 5 } });
    assert.deepEqual(await injected(5), [false, false, true, true, true]);
  });

  it('told to stop: it drains, and ends with exit code 0', async () => {
    const drained = await startWebhook({ config: 'server: {drainSeconds: 0.2}' });
    await drained.stop('SIGTERM');
    assert.deepEqual(drained.process.exit, { code: 0, signal: null });
    const messages = drained.logLines().map(({ msg }) => msg);
    assert.deepEqual(messages.slice(-2), ['draining', 'stopped']);
  });
});
