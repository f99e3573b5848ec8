import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import {
  apply,
  configured,
  denying,
  deployment,
  enforce,
  exemption,
  FINE,
  OFF,
  OFF_PORT,
  pod,
  policy,
} from './policy-support.ts';
import { requireCluster } from './require.ts';
import { sleep } from './wait.ts';
import { startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const EXEMPTIONS = [exemption('legacy', '2999-01-01'), exemption('ended', '2020-01-01T00:00:00Z')];
const HELPED = policy('helped', 'inject');
const POLICIES = [HELPED, policy('guarded', 'enforce', { exemptions: EXEMPTIONS })];

const DEPLOYMENTS = '/apis/apps/v1/namespaces/guarded/deployments';
const REPLICA_SETS = '/apis/apps/v1/namespaces/guarded/replicasets';
const PODS = '/api/v1/namespaces/guarded/pods';

describe('policies and time, on a real control plane', await requireCluster('policies and time'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane();
    for (const name of ['helped', 'guarded']) await plane.createNamespace(name, { stage: name });
    // There before the policy is.
    for (const name of ['grown', 'leaving']) await apply(plane, 'guarded', deployment(name, OFF));
    await podsOf(plane, 'guarded', 2);
    webhook = await enforce(plane, POLICIES, 'guarded');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('a change that breaks a convention is denied, and nothing is changed', async () => {
    assert.equal((await apply(plane, 'guarded', deployment('changed', FINE))).code, 0);
    const { code, stderr } = await patch('changed', annotated(OFF));
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(`denied the request: off policy "guarded": ${OFF_PORT};`), stderr);
    const { body } = await plane.request('GET', `${DEPLOYMENTS}/changed`);
    assert.doesNotMatch(JSON.stringify(body.spec), /"podscrape.dev\/port":"9100"/);
  });

  it('so is one that stands on the Deployment itself and would go into its template', async () => {
    const asking = { ...deployment('asking', {}), metadata: { name: 'asking', annotations: FINE } };
    assert.equal((await apply(plane, 'guarded', asking)).code, 0);
    const args = [
      'annotate',
      'deployment',
      'asking',
      '-n',
      'guarded',
      '--overwrite',
      'podscrape.dev/port=9100',
    ];
    const { code, stderr } = await plane.kubectl(args, { allowFailure: true });
    assert.notEqual(code, 0);
    assert.ok(stderr.includes(`denied the request: off policy "guarded": ${OFF_PORT};`), stderr);
  });

  describe('a Deployment off convention that was there before the policy', () => {
    it('takes a label, and scales down, down to its ReplicaSet', async () => {
      await plane.kubectl(['label', 'deployment', 'grown', '-n', 'guarded', 'touched=yes']);
      // Not kubectl scale: that is a subresource, which no webhook of ours is asked about.
      assert.equal((await patch('grown', { replicas: 0 })).code, 0);
      await plane.waitFor('its ReplicaSet to follow, though it carries the same template', async () => {
        const [owned] = await partsOf('grown', REPLICA_SETS);
        return owned?.spec?.['replicas'] === 0;
      });
      await plane.waitFor('its Pods to go', async () => (await partsOf('grown', PODS)).length === 0);
    });

    it('scales up, but its new Pods are denied, and the ReplicaSet’s events say why', async () => {
      await plane.kubectl(['scale', 'deployment', 'grown', '-n', 'guarded', '--replicas=1']);
      const { message } = await plane.waitFor('an event', async () => {
        const { body } = await plane.request<{ items: { reason: string; message: string }[] }>(
          'GET',
          '/api/v1/namespaces/guarded/events',
        );
        return body.items.find(({ reason }) => reason === 'FailedCreate');
      });
      assert.ok(message.includes(`denied the request: off policy "guarded": ${OFF_PORT};`), message);
    });

    it('takes no new template until that is on convention', async () => {
      const image = ['set', 'image', '-n', 'guarded', 'deployment/grown', 'web=example.com/web:2'];
      assert.notEqual((await plane.kubectl(image, { allowFailure: true })).code, 0);
      assert.equal((await patch('grown', annotated(FINE))).code, 0);
      await plane.kubectl(image);
      // The ReplicaSet whose Pods were denied is in its back-off, and the Deployment counts its wish until it is scaled down.
      await plane.waitFor(
        'a Pod of the new template',
        async () => JSON.stringify(await partsOf('grown', PODS)).includes('example.com/web:2'),
        { timeoutMs: 60_000 },
      );
    });

    it('deleted in the foreground it is gone, with all that it owns', async () => {
      const args = ['delete', 'deployment', 'leaving', '-n', 'guarded', '--cascade=foreground'];
      await plane.kubectl([...args, '--timeout=30s']);
      for (const kind of [REPLICA_SETS, PODS]) assert.deepEqual(await partsOf('leaving', kind), []);
    });

    /** What a Deployment's name begins the name of. */
    async function partsOf(name: string, path: string): Promise<readonly KubeObject[]> {
      const { body } = await plane.request('GET', path);
      return (body.items ?? []).filter(({ metadata }) => metadata?.name?.startsWith(`${name}-`));
    }
  });

  describe('exemptions', () => {
    const objects: [kind: string, make: (app: string) => KubeObject][] = [
      ['Pod', (app) => pod(`pod-${app}`, OFF, { app })],
      ['Deployment', (app) => deployment(app, OFF)],
    ];
    for (const [kind, make] of objects) {
      it(`a ${kind} with the label goes in, without a word`, async () => {
        const { code, stderr } = await apply(plane, 'guarded', make('legacy'));
        assert.equal(code, 0, stderr);
        assert.equal(stderr, '');
      });

      it(`a ${kind} whose exemption has ended does not`, async () => {
        const { code, stderr } = await apply(plane, 'guarded', make('ended'));
        assert.notEqual(code, 0);
        assert.match(stderr, /off policy "guarded"/);
      });
    }

    it('one that ends while podscrape serves: first allowed, then denied', async () => {
      const status = () => dryStatus('guarded', pod('temporary', OFF, { app: 'temporary' }));
      assert.equal(await status(), 403);
      let seen = 403;
      // A new configuration is in force some seconds after it is written; a slow machine gets more.
      for (let seconds = 8; seen !== 201; seconds *= 2) {
        assert.ok(seconds < 100, 'the exemption was never in force');
        const end = Date.now() + seconds * 1000;
        const until = new Date(end).toISOString();
        const exemptions = [...EXEMPTIONS, exemption('temporary', until)];
        writeFileSync(webhook.configFile, configured([HELPED, policy('guarded', 'enforce', { exemptions })]));
        while (seen !== 201 && Date.now() < end) {
          await sleep(100);
          seen = await status();
        }
      }
      await plane.waitFor('the exemption to end', async () => (await status()) === 403, {
        timeoutMs: 60_000,
      });
    });
  });

  it('the label of a namespace tightens and is taken away again while podscrape serves', async () => {
    assert.equal(await dryStatus('helped', pod('off', OFF)), 201);
    await plane.kubectl(['label', 'namespace', 'helped', 'podscrape.dev/mode=enforce']);
    await denying(plane, 'helped');
    await plane.kubectl(['label', 'namespace', 'helped', 'podscrape.dev/mode-']);
    await plane.waitFor(
      'Pods to be let in again',
      async () => (await dryStatus('helped', pod('off', OFF))) === 201,
    );
  });

  it('while podscrape is away, Pods start all the same; then it denies again', async () => {
    const registered = await plane.kubectl([
      'get',
      'validatingwebhookconfiguration',
      'podscrape',
      '-o',
      'json',
    ]);
    const { webhooks } = JSON.parse(registered.stdout) as { webhooks: { failurePolicy: string }[] };
    assert.deepEqual([...new Set(webhooks.map(({ failurePolicy }) => failurePolicy))], ['Ignore']);
    await webhook.stop();
    const { status, body } = await plane.request('POST', PODS, pod('meanwhile', OFF));
    const config = configured(POLICIES);
    webhook = await startWebhook({ config, kubeconfig: plane.kubeconfig, like: webhook });
    assert.equal(status, 201, JSON.stringify(body));
    assert.deepEqual(body.metadata?.annotations, OFF);
    await denying(plane, 'guarded');
  });

  /** Patches a Deployment's spec as a person would, however it ends. */
  function patch(name: string, spec: object) {
    const change = JSON.stringify({ spec });
    const args = ['patch', 'deployment', name, '-n', 'guarded', '--type=merge', '-p', change];
    return plane.kubectl(args, { allowFailure: true });
  }

  function annotated(annotations: object): object {
    return { template: { metadata: { annotations } } };
  }

  async function dryStatus(namespace: string, object: KubeObject): Promise<number> {
    return (await plane.request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, object)).status;
  }
});
