import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ensureBinaries } from './binaries.ts';
import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { dryRun, examples, objectsOf, podscrape, rendered, standing, templatesIn } from './offline-stage.ts';
import type { Source, Standing } from './offline-stage.ts';
import { podsOf } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { LogLines, Webhook } from './webhook.ts';

/** Pods that become of each source, with one of a CronJob. */
const PODS: Readonly<Record<string, number>> = {
  'examples/chiller.yaml': 6,
  'examples/kusion-sample-app.yaml': 2,
  'examples/openfaas-gateway.yaml': 1,
  'examples/packit.yaml': 3,
  'examples/provider-aws.yaml': 1,
  'a chart': 8,
};

for (const mode of ['hoist', 'inject'] as const) {
  describe(
    `what podscrape inject printed, under workloads: ${mode}`,
    await requireCluster(`inject under ${mode}`, ['helm']),
    () => {
      let plane: ControlPlane;
      let webhook: Webhook;
      let helm = '';
      /** Applied as inject printed it. */
      const fresh = new Map<string, { readonly source: Source; readonly injected: string }>();
      /** What the apiserver made of that before there was a webhook. */
      const alone = new Map<string, readonly KubeObject[]>();
      /** Applied before, as the owner wrote it. */
      let old: readonly Source[] = [];

      before(async () => {
        ({ helm } = await ensureBinaries(['helm']));
        plane = await startControlPlane();
        await plane.request('POST', '/api/v1/nodes', {
          apiVersion: 'v1',
          kind: 'Node',
          metadata: { name: 'node' },
        });
        // No kubelet is there, but DaemonSets make a Pod for a node without the taint that new ones get.
        await plane.request('PATCH', '/api/v1/nodes/node', { spec: { taints: null } });
        // The spec of a Pod or a Job never changes: there is nothing to go over.
        old = [...examples('old-'), await rendered(helm, 'old-shop', '--no-hooks')];
        webhook = await startWebhook({ config: `workloads: ${mode}\n` });
        for (const source of [...examples(), await rendered(helm, 'shop')])
          fresh.set(source.name, { source, injected: await inject(source.text) });
        for (const { namespaces } of [...[...fresh.values()].map(({ source }) => source), ...old])
          for (const [name, labels] of Object.entries(namespaces)) await plane.createNamespace(name, labels);
        for (const [name, { injected }] of fresh) alone.set(name, await dryRun(plane, injected));
        await register(plane, webhook, ['--config', webhook.configFile]);
      });
      after(async () => {
        await webhook.stop();
        await plane.stop();
      });

      /** By the webhook's configuration, as `docs/offline.md` says. */
      const inject = (text: string): Promise<string> =>
        podscrape('inject', text, '--config', webhook.configFile);
      const apply = (stdin: string, ...flags: string[]): Promise<unknown> =>
        plane.kubectl(['apply', ...flags, '-f', '-'], { stdin });
      /** What the webhook said of the objects of namespaces. */
      const decisions = async ({ namespaces }: Source): Promise<LogLines> =>
        (await webhook.decided()).filter((line) => Object.hasOwn(namespaces, String(line['namespace'])));

      it('by another configuration: workloads stay as they are in the manifest, and no second rollout', async () => {
        const source = await rendered(helm, 'other', '--no-hooks');
        await plane.createNamespace('other');
        const config = join(webhook.certDir, 'other.yaml');
        writeFileSync(config, 'imageRegistry: registry.example.com\n');
        const injected = await podscrape('inject', source.text, '--config', config);
        await apply(injected);
        const first = await standing(plane, source);
        for (const { patchOps, kind, name } of await decisions(source))
          if (kind !== 'v1/Pod') assert.equal(patchOps, 0, `${String(kind)} ${String(name)}`);
        await apply(injected);
        assert.deepEqual(await standing(plane, source), first);
      });

      for (const name of Object.keys(PODS)) {
        it(`${name}: the apiserver takes it, and with the webhook makes the same of it`, async () => {
          const { source, injected } = fresh.get(name)!;
          assert.deepEqual(await dryRun(plane, injected), alone.get(name));
          const asked = objectsOf(injected).filter((object) => JSON.stringify(object).includes('/status"'));
          const told = await decisions(source);
          const seen = told.filter(({ patchOps }) => patchOps === 0);
          assert.ok(asked.length > 0 && seen.length >= asked.length, JSON.stringify(told));
        });

        it(`${name}: applied, the webhook has nothing to do, for its Pods neither`, async () => {
          const { source, injected } = fresh.get(name)!;
          await apply(injected);
          const [namespace = ''] = Object.keys(source.namespaces);
          await startCronJobs(plane, namespace);
          const pods = await podsOf(plane, namespace, PODS[name]!);
          const asking = pods.filter(({ metadata }) => metadata.annotations?.['podscrape.dev/status']);
          const lines = await decisions(source);
          assert.ok(
            lines.filter(({ kind }) => kind === 'v1/Pod').length >= asking.length,
            JSON.stringify(lines),
          );
          for (const { patchOps, reason, kind, name: of } of lines)
            assert.equal(patchOps, 0, `${String(kind)} ${String(of)}: ${String(reason)}`);
        });

        it(`${name}: applied again, no rollout`, async () => {
          const { source, injected } = fresh.get(name)!;
          const first = await standing(plane, source);
          await apply(injected);
          assert.deepEqual(await standing(plane, source), first);
          for (const { revisions } of Object.values(first)) assert.ok(revisions <= 1);
        });

        it(`${name}: over what was applied without it, and back`, async () => {
          const source = old.find((one) => one.name === name)!;
          await apply(source.text);
          const first = await standing(plane, source);
          const injected = await inject(source.text);
          await apply(injected);
          const second = await standing(plane, source);
          const wanted = Object.entries(templatesIn(alone.get(name)!));
          assert.deepEqual(templates(second), Object.fromEntries(wanted.filter(([key]) => key in second)));
          assert.equal(await podscrape('uninject', injected), source.text);
          await apply(source.text);
          const back = await standing(plane, source);
          // The webhook keeps in the templates what inject put there: nothing is to be rolled out.
          if (mode === 'inject') assert.deepEqual(rolledOut(back), rolledOut(second));
          else assert.deepEqual(templates(back), templates(first));
          for (const line of await decisions(source))
            assert.equal(line['level'], 'info', JSON.stringify(line));
        });
      }
    },
  );
}

/** The CronJob controller makes up for a time that it has missed. */
async function startCronJobs(plane: ControlPlane, namespace: string): Promise<void> {
  const path = `/apis/batch/v1/namespaces/${namespace}/cronjobs`;
  const { items = [] } = (await plane.request('GET', path)).body;
  const lastScheduleTime = new Date(Date.now() - 2 * 86_400_000).toISOString().replace(/\.\d+/, '');
  for (const { metadata } of items)
    await plane.request('PATCH', `${path}/${metadata?.name}/status`, { status: { lastScheduleTime } });
}

function templates(all: Readonly<Record<string, Standing>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(all).map(([name, { template }]) => [name, template]));
}

/** A Deployment has a new generation for each new annotation too: here that of kubectl. */
function rolledOut(all: Readonly<Record<string, Standing>>): Readonly<Record<string, unknown>> {
  const entries = Object.entries(all);
  return Object.fromEntries(
    entries.map(([name, { template, revisions }]) => [name, { template, revisions }]),
  );
}
