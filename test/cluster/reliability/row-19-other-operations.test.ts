import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const P = 'podscrape.dev';
const PODS = '/api/v1/namespaces/shop/pods';
const MIRROR = 'kubernetes.io/config.mirror';

describe(
  'row 19: dry-run, DELETE, UPDATE, subresources, mirror and hostNetwork Pods',
  await requireCluster('other operations'),
  () => {
    let plane: ControlPlane;
    let webhook: Webhook;

    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
      webhook = await startWebhook();
      await plane.createNamespace('shop');
      const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
      const { status, body } = await plane.request('POST', path, everything(webhook));
      assert.equal(status, 201, body.message);
      await plane.waitFor('the apiserver to call the webhook', async () => {
        return isInjected((await create('probe', { [`${P}/profile`]: 'http' }, {}, '?dryRun=All')).body);
      });
    });
    after(async () => {
      await webhook.stop();
      await plane.stop();
    });

    it('dry-run: the same Pod as in earnest, and none is there afterwards', async () => {
      const annotations = { [`${P}/profile`]: 'gunicorn' };
      const dry = await create('web', annotations, {}, '?dryRun=All');
      assert.equal((await plane.request('GET', `${PODS}/web`)).status, 404);
      const real = await create('web', annotations);
      assert.equal(real.status, 201);
      assert.ok(isInjected(real.body));
      assert.deepEqual(dry.body.metadata.annotations, real.body.metadata.annotations);
      assert.deepEqual(dry.body.spec, real.body.spec);
      assert.deepEqual(
        (await decisions('CREATE', 'web')).map(({ dryRun, outcome }) => ({ dryRun, outcome })),
        [
          { dryRun: true, outcome: 'injected' },
          { dryRun: false, outcome: 'injected' },
        ],
      );
    });

    it('UPDATE: a request that comes later is not followed; podscrape was asked, and let it be', async () => {
      await create('late', {});
      const annotations = { [`${P}/profile`]: 'http' };
      const { status, body } = await plane.request<PodObject>('PATCH', `${PODS}/late`, {
        metadata: { annotations },
      });
      assert.equal(status, 200);
      assert.deepEqual(body.metadata.annotations, annotations);
      assert.deepEqual(await reasons('UPDATE', 'late'), ['skipped unsupported']);
    });

    it('UPDATE of a Pod that was injected changes nothing of podscrape’s', async () => {
      const before = (await plane.request<PodObject>('GET', `${PODS}/web`)).body;
      const patch = { metadata: { labels: { changed: 'yes' } } };
      const { body } = await plane.request<PodObject>('PATCH', `${PODS}/web`, patch);
      assert.deepEqual(body.metadata.annotations, before.metadata.annotations);
      assert.deepEqual(body.spec, before.spec);
    });

    it('subresources: status and binding pass untouched', async () => {
      await create('bound', { [`${P}/inject`]: 'disabled' });
      const before = (await plane.request<PodObject>('GET', `${PODS}/bound`)).body;
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'bound' },
        target: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
      };
      assert.equal((await plane.request('POST', `${PODS}/bound/binding`, binding)).status, 201);
      const status = { status: { phase: 'Running' } };
      assert.equal((await plane.request('PATCH', `${PODS}/bound/status`, status)).status, 200);
      const { body } = await plane.request<PodObject>('GET', `${PODS}/bound`);
      assert.deepEqual(body.metadata.annotations, before.metadata.annotations);
      assert.deepEqual(body.spec.containers, before.spec.containers);
      const told = (await webhook.decided()).filter((line) => line['subResource'] !== undefined);
      assert.deepEqual([...new Set(told.map((line) => line['subResource']))].sort(), ['binding', 'status']);
      assert.deepEqual([...new Set(told.map((line) => line['reason']))], ['unsupported']);
    });

    it('DELETE: the Pod goes', async () => {
      const { status } = await plane.request('DELETE', `${PODS}/web?gracePeriodSeconds=0`);
      assert.equal(status, 200);
      assert.equal((await plane.request('GET', `${PODS}/web`)).status, 404);
      assert.deepEqual([...new Set(await reasons('DELETE', 'web'))], ['skipped unsupported']);
    });

    it('a mirror Pod: as the kubelet made it', async () => {
      const annotations = { [`${P}/profile`]: 'gunicorn', [MIRROR]: 'a-hash' };
      const { status, body } = await create('mirror', annotations, { nodeName: 'node-1' });
      assert.equal(status, 201, JSON.stringify(body));
      assert.deepEqual(body.metadata.annotations, annotations);
      assert.deepEqual(
        body.spec.containers.map(({ name, ports }) => [name, ports]),
        [['web', undefined]],
      );
      assert.deepEqual(await reasons('CREATE', 'mirror'), ['skipped mirror-pod']);
    });

    it('a hostNetwork Pod: no sidecar and no new port, and its record says why', async () => {
      const { status, body } = await create('host', { [`${P}/profile`]: 'gunicorn' }, { hostNetwork: true });
      assert.equal(status, 201, JSON.stringify(body));
      assert.deepEqual(
        body.spec.containers.map(({ name, ports }) => [name, ports]),
        [['web', undefined]],
      );
      assert.match(body.metadata.annotations?.[`${P}/status`] ?? '', /"reason":"host-network"/);
    });

    function create(name: string, annotations: Record<string, string>, spec: object = {}, query = '') {
      return plane.request<PodObject>('POST', `${PODS}${query}`, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, ...(Object.keys(annotations).length > 0 && { annotations }) },
        spec: {
          automountServiceAccountToken: false,
          containers: [{ name: 'web', image: 'example.com/web:1' }],
          ...spec,
        },
      });
    }

    async function decisions(operation: string, name: string) {
      return (await webhook.decided()).filter(
        (line) => line['msg'] === 'decision' && line['operation'] === operation && line['name'] === name,
      );
    }

    async function reasons(operation: string, name: string): Promise<readonly string[]> {
      return (await decisions(operation, name)).map(({ outcome, reason }) => [outcome, reason].join(' '));
    }
  },
);

/** A webhook configuration that sends what podscrape's own never would: every operation, every subresource. */
function everything({ url, certDir }: Webhook): object {
  const caBundle = readFileSync(join(certDir, 'ca.crt')).toString('base64');
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'everything' },
    webhooks: [
      {
        name: 'everything.podscrape.dev',
        clientConfig: { url: `${url}/mutate`, caBundle },
        rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods', 'pods/*'] }],
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

function isInjected({ metadata }: PodObject): boolean {
  return metadata.annotations?.['prometheus.io/scrape'] === 'true';
}
