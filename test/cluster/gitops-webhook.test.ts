import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { render } from '../chart/helm.ts';
import type { Values } from '../chart/helm.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { RECONCILERS, liveOf, nameOf } from './gitops-reconcilers.ts';
import type { Manifest } from './gitops-reconcilers.ts';
import { requireCluster } from './require.ts';
import { startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const NAMESPACE = 'monitoring';
/** What podscrape writes to; the rest of the chart is as Git has it. */
const WRITTEN = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'Secret', 'Lease'];

const ENFORCED = {
  name: 'production',
  namespaceSelector: { matchLabels: { stage: 'production' } },
  mode: 'enforce',
  conventions: { requireRequest: 'deny' },
};

/** One with fewer entries, and one with more. */
const BEFORE: Values = { config: { workloads: 'off', policies: [ENFORCED] } };
const AFTER: Values = { config: { policies: [ENFORCED] } };

type Configuration = Manifest & {
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
};

describe(
  'the chart’s objects under GitOps, with an authority of podscrape’s own',
  await requireCluster('the chart under GitOps', ['helm']),
  () => {
    let plane: ControlPlane;
    let webhook: Webhook;
    let git: readonly Manifest[];
    let next: readonly Manifest[];

    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
      [git, next] = await Promise.all([written(BEFORE), written(AFTER)]);
      const secret = git.find(({ kind }) => kind === 'Secret')?.metadata?.name ?? 'none';
      const lease = git.find(({ kind }) => kind === 'Lease')?.metadata?.name ?? 'podscrape';
      await plane.createNamespace(NAMESPACE);
      webhook = await startWebhook({
        config: '{}\n',
        kubeconfig: plane.kubeconfig,
        certificate: ['--cert-secret', secret, '--lease', lease, '--dns-name', '127.0.0.1'],
        args: ['--namespace', NAMESPACE],
      });
    });
    after(async () => {
      await webhook.stop();
      await plane.stop();
    });

    async function written(values: Values): Promise<readonly Manifest[]> {
      const objects = await render(values, { namespace: NAMESPACE });
      return objects.filter(({ kind = '' }) => WRITTEN.includes(kind)).map((object) => ({ ...object }));
    }

    /** How many entries there are, once every one has the CA that podscrape keeps in its Secret. */
    function published(): Promise<number> {
      return plane.waitFor(
        'the CA in every entry',
        async () => {
          const [secret, ...configurations] = await Promise.all(
            ['Secret', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map((kind) =>
              liveOf(
                plane,
                git.find((one) => one.kind === kind)!,
              ),
            ),
          );
          const { data } = secret as { data?: Readonly<Record<string, string>> };
          const bundles = configurations.flatMap((one) =>
            ((one as Configuration).webhooks ?? []).map(({ clientConfig }) => clientConfig.caBundle),
          );
          const ca = data?.['ca.crt'];
          return ca !== undefined && bundles.every((bundle) => bundle === ca) && bundles.length;
        },
        { timeoutMs: 60_000 },
      );
    }

    async function standing(objects: readonly Manifest[]): Promise<object> {
      const all = await Promise.all(objects.map((object) => liveOf(plane, object)));
      // The Lease is renewed all the time.
      return all.filter((one) => one?.kind !== 'Lease');
    }

    for (const { how, sync, diff } of RECONCILERS) {
      it(`${how}: nobody takes the CA away, and nothing is out of sync`, async () => {
        for (const one of git.filter(({ kind = '' }) => kind.endsWith('Configuration'))) await remove(one);
        await sync(plane, git);
        await published();
        const before = await standing(git);
        assert.deepEqual(await diff(plane, git), []);
        for (let again = 0; again < 3; again++) await sync(plane, git);
        assert.deepEqual(await diff(plane, git), []);
        assert.deepEqual(await standing(git), before);
      });

      it(`${how}: entries that come with a commit have it too`, async () => {
        const before = await published();
        await sync(plane, next);
        const entries = await published();
        assert.ok(entries > before, `${before} entries, then ${entries}`);
        assert.deepEqual(await diff(plane, next), []);
      });
    }

    async function remove(object: Manifest): Promise<void> {
      const name = nameOf(object).toLowerCase();
      await plane.kubectl(['delete', '--ignore-not-found', name]);
    }
  },
);
