import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { Publisher } from '../../../src/certificates/publisher.ts';
import { SecretStore } from '../../../src/certificates/secret-store.ts';
import { makeAuthority } from '../../../src/certificates/self-signed.ts';
import { loadKubeConfig } from '../../../src/kube/config.ts';
import { recordingLog } from '../../webhook/support.ts';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import {
  configuration,
  editSecret,
  leaderOf,
  metric,
  MUTATING,
  NAMESPACE,
  OWN_AUTHORITY,
  publishedBundles,
  registerWithoutCa,
  SECRET,
  secretContents,
  SECRETS,
  VALIDATING,
} from './authority.ts';
import { startReplicas } from './replicas.ts';
import type { Replicas } from './replicas.ts';
import { untilCalled } from '../webhook.ts';

const POLICY =
  'policies: [{name: payments, mode: enforce, namespaceSelector: {matchLabels: {team: payments}}, conventions: {requireRequest: deny}}]\n';

describe(
  'row 20: Secret or caBundle deleted or edited by someone: repaired; no fight with the ca-injector',
  await requireCluster('row 20'),
  () => {
    let plane: ControlPlane;
    let podscrape: Replicas;
    let contents: Readonly<Record<string, string>>;

    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
      await plane.createNamespace(NAMESPACE);
      const { kubeconfig } = plane;
      podscrape = await startReplicas({ count: 2, kubeconfig, certificate: OWN_AUTHORITY, config: POLICY });
      const more = ['--failure-policy', 'Fail', '--config', podscrape.configFile];
      await registerWithoutCa(plane, podscrape.front.url, more);
      await untilCalled(plane);
      contents = (await secretContents(plane))!;
    });
    after(async () => {
      await podscrape.stop();
      await plane.stop();
    });

    const repaired = () =>
      plane.waitFor(
        'the Secret to be as it was',
        async () => {
          const now = (await secretContents(plane)) ?? {};
          return now['ca.crt'] === contents['ca.crt'] && now['ca.key'] === contents['ca.key'] && now;
        },
        { timeoutMs: 30_000 },
      );
    const published = (path: string) =>
      plane.waitFor(
        'the bundle to be published',
        async () => (await publishedBundles(plane, path)).every((bundle) => bundle === contents['ca.crt']),
        { timeoutMs: 30_000 },
      );

    it('both configurations got the bundle, of podscrape-ca, and nothing else of them changed', async () => {
      for (const path of [MUTATING, VALIDATING]) {
        await published(path);
        const { webhooks, metadata } = await configuration(plane, path);
        assert.ok(webhooks.length > 0);
        assert.ok(webhooks.every(({ clientConfig }) => clientConfig.url?.startsWith('https://127.0.0.1')));
        const managers = metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
        assert.ok(managers?.includes('podscrape-ca Update'), String(managers));
      }
    });

    it('the Secret deleted: it is back with the same authority', async () => {
      await plane.request('DELETE', `${SECRETS}/${SECRET}`);
      await repaired();
      await untilCalled(plane);
    });

    const damages: readonly (readonly [string, Record<string, string | null>])[] = [
      ['half a pair', { 'tls.key': null }],
      ['a CA without its key', { 'ca.key': null }],
      ['garbage in every key', { 'ca.crt': 'x', 'ca.key': 'y', 'tls.crt': 'z', 'tls.key': '' }],
      ['nothing left', { 'ca.crt': null, 'ca.key': null, 'tls.crt': null, 'tls.key': null }],
    ];
    for (const [what, data] of damages) {
      it(`the Secret edited, ${what}: it is put back, and a key of someone else stays`, async () => {
        await editSecret(plane, { ...data, note: `mine, with ${what}` });
        const now = await plane.waitFor('the repair', async () => {
          const found = await repaired();
          return (
            found['tls.crt'] === contents['tls.crt'] && found['tls.key'] === contents['tls.key'] && found
          );
        });
        assert.equal(now['note'], `mine, with ${what}`);
        await untilCalled(plane);
      });
    }

    for (const [what, path, value] of [
      ['deleted', MUTATING, null],
      ['edited', VALIDATING, Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64')],
    ] as const) {
      it(`a caBundle ${what}: it is repaired, and counted`, async () => {
        const leader = await leaderOf(plane, podscrape.replicas);
        const name = path.split('/').at(-1);
        const series = `podscrape_ca_bundle_repairs_total{configuration="${name}"}`;
        const before = await metric(leader, series);
        const { webhooks } = await configuration(plane, path);
        const index = webhooks.length - 1;
        // What is edited must still be a bundle, or the API server refuses it.
        const other = Buffer.from(plane.ca).toString('base64');
        const place = `/webhooks/${index}/clientConfig/caBundle`;
        const patch =
          value === null ? [{ op: 'remove', path: place }] : [{ op: 'replace', path: place, value: other }];
        const { status } = await plane.request('PATCH', path, patch, {
          contentType: 'application/json-patch+json',
        });
        assert.equal(status, 200);
        await published(path);
        await plane.waitFor('the count', async () => (await metric(leader, series)) === before + 1);
        assert.equal(await metric(leader, `podscrape_ca_bundle_published{configuration="${name}"}`), 1);
      });
    }

    it('a leader that was stopped, and holds an older bundle when it goes on, takes no CA out', async () => {
      const before = (await configuration(plane)).metadata;
      const server = await loadKubeConfig({ kubeconfig: plane.kubeconfig });
      const { log } = recordingLog();
      const store = new SecretStore({ server, namespace: NAMESPACE, name: SECRET, log, onChange: () => {} });
      const { cert: older } = await makeAuthority({ now: new Date(), life: 3600_000 });
      const asked: boolean[] = [];
      const stopped = new Publisher({
        server,
        targets: [{ resource: 'mutatingwebhookconfigurations', name: '00-podscrape' }],
        bundle: () => older,
        isComplete: async (bundle) => {
          const complete = await store.isComplete(bundle);
          asked.push(complete);
          return complete;
        },
        writes: true,
        log,
        metrics: { caBundlePublished: () => {}, caBundleRepaired: () => {} },
        onChange: () => {},
        clock: () => new Date(),
      });
      try {
        await plane.waitFor('it to come round again', () => asked.length > 1);
        assert.deepEqual(asked.slice(0, 2), [false, false]);
        assert.equal(await store.isComplete(`${contents['ca.crt'] ?? ''}${older}`), true);
        assert.deepEqual((await configuration(plane)).metadata, before);
      } finally {
        await Promise.all([stopped.stop(), store.stop()]);
      }
    });

    it('who made the configuration may take an entry out of it, server-side apply or not', async () => {
      const { webhooks } = await configuration(plane, MUTATING);
      const apply = async (entries: typeof webhooks) => {
        const [apiVersion, kind] = ['admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'];
        const bare = entries.map((entry) => ({
          ...entry,
          clientConfig: { url: entry.clientConfig.url },
        }));
        const object = { apiVersion, kind, metadata: { name: '00-podscrape' }, webhooks: bare };
        const path = `${MUTATING}?fieldManager=gitops&force=true`;
        return plane.request('PATCH', path, object, { contentType: 'application/apply-patch+yaml' });
      };
      assert.equal((await apply(webhooks)).status, 200);
      // As at first made by it alone: what kubectl owns would stay.
      const { metadata } = await configuration(plane, MUTATING);
      const value = metadata.managedFields?.filter(({ manager }) => !manager?.startsWith('kubectl'));
      const options = { contentType: 'application/json-patch+json' };
      const strip = [{ op: 'replace', path: '/metadata/managedFields', value }];
      assert.equal((await plane.request('PATCH', MUTATING, strip, options)).status, 200);
      const { status, body } = await apply(webhooks.slice(1));
      assert.equal(status, 200, body.message);
      assert.equal((await configuration(plane, MUTATING)).webhooks.length, webhooks.length - 1);
      await published(MUTATING);
    });

    it('a configuration that the ca-injector writes is left alone, with a warning', async () => {
      const leader = await leaderOf(plane, podscrape.replicas);
      const annotation = 'cert-manager.io/inject-ca-from';
      const other = Buffer.from(plane.ca).toString('base64');
      const { webhooks } = await configuration(plane, VALIDATING);
      const patch = [
        { op: 'add', path: '/metadata/annotations/cert-manager.io~1inject-ca-from', value: 'a/b' },
        ...webhooks.map((_, index) => ({
          op: 'replace',
          path: `/webhooks/${index}/clientConfig/caBundle`,
          value: other,
        })),
      ];
      const options = { contentType: 'application/json-patch+json' };
      assert.equal((await plane.request('PATCH', VALIDATING, patch, options)).status, 200);
      const line = await plane.waitFor('the warning', () =>
        leader.logLines().find((one) => one['annotation'] === annotation),
      );
      assert.equal(line['level'], 'warn');
      assert.match(String(line['hint']), /--tls-cert/);
      // The other one is repaired meanwhile, and later than that this one would have been.
      const remove = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }];
      await plane.request('PATCH', MUTATING, remove, options);
      await published(MUTATING);
      assert.ok((await publishedBundles(plane, VALIDATING)).every((bundle) => bundle === plane.ca));
    });
  },
);
