import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { figures } from './figures.ts';

const count = figures({ always: 40, soak: 500 });
const TIMEOUT = { timeoutMs: 600_000, intervalMs: 200 };

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: count,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations: { 'podscrape.dev/profile': 'http' } },
      spec: {
        automountServiceAccountToken: false,
        containers: [{ name: 'web', image: 'example.com/web:1' }],
      },
    },
  },
};

const killed = `row 03: SIGKILL during a rollout of ${count} Pods`;
describe(killed, await requireCluster('a kill in mid-rollout'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane();
    webhook = await startWebhook();
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('Ignore: all Pods exist, though podscrape stays away', async (t) => {
    await register(plane, webhook, ['--failure-policy', 'Ignore']);
    await rollOut('ignoring');
    await webhook.stop('SIGKILL');
    const pods = await plane.waitFor('all Pods', () => podsIn('ignoring', count), TIMEOUT);
    const injected = pods.filter(isInjected).length;
    t.diagnostic(`${injected} of ${count} injected before the kill`);
    assert.ok(injected > 0 && injected < count, `${injected} injected`);
  });

  it('Fail: Pods are refused meanwhile; started again, the ReplicaSet converges', async (t) => {
    webhook = await startWebhook({ like: webhook });
    await register(plane, webhook, ['--failure-policy', 'Fail']);
    await rollOut('failing');
    await webhook.stop('SIGKILL');
    await plane.waitFor('the ReplicaSet to be refused', () => refusedReplicaSet('failing'), TIMEOUT);
    const meanwhile = (await list('failing')).length;
    t.diagnostic(`${meanwhile} of ${count} there while podscrape is away`);
    assert.ok(meanwhile < count);

    webhook = await startWebhook({ like: webhook });
    const pods = await plane.waitFor('all Pods', () => podsIn('failing', count), TIMEOUT);
    assert.deepEqual(
      pods.filter((pod) => !isInjected(pod)),
      [],
    );
  });

  /** Resolves in the middle of the rollout. */
  async function rollOut(namespace: string): Promise<void> {
    await plane.createNamespace(namespace);
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    const { status, body } = await plane.request('POST', path, deployment);
    assert.equal(status, 201, body.message);
    await plane.waitFor('a fifth of the Pods', async () => (await list(namespace)).length >= count / 5, {
      ...TIMEOUT,
      intervalMs: 5,
    });
  }

  async function list(namespace: string): Promise<readonly PodObject[]> {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    return (await plane.request<{ items: PodObject[] }>('GET', path)).body.items;
  }

  async function podsIn(namespace: string, wanted: number): Promise<readonly PodObject[] | false> {
    const pods = await list(namespace);
    return pods.length === wanted && pods;
  }

  async function refusedReplicaSet(namespace: string): Promise<boolean> {
    const path = `/apis/apps/v1/namespaces/${namespace}/replicasets`;
    const { body } = await plane.request('GET', path);
    return JSON.stringify(body.items?.map(({ status }) => status)).includes('ReplicaFailure');
  }
});

function isInjected({ metadata }: PodObject): boolean {
  return metadata.annotations?.['prometheus.io/scrape'] === 'true';
}
