import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { ensureBinaries } from './binaries.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { CHART, podscrape, rendered } from './offline-stage.ts';
import { CLI } from './webhook.ts';
import type { PodObject } from './pods.ts';
import { run } from './processes.ts';
import { requireCluster } from './require.ts';

describe(
  'podscrape inject as a stage of a pipe',
  await requireCluster('podscrape in a pipe', ['helm']),
  () => {
    let plane: ControlPlane;
    let helm = '';
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-offline-'));
    before(async () => {
      ({ helm } = await ensureBinaries(['helm']));
      plane = await startControlPlane({ controllerManager: false });
      await plane.createNamespace('shop');
    });
    after(async () => {
      await plane.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('helm install, upgrade and rollback with podscrape as the post-renderer', async () => {
      const script = join(folder, 'post-render');
      writeFileSync(script, `#!/bin/sh\nexec ${process.execPath} ${CLI} inject --namespace shop -f -\n`);
      chmodSync(script, 0o755);
      const release = async (...args: string[]): Promise<readonly string[]> => {
        const env = { ...process.env, KUBECONFIG: plane.kubeconfig, HELM_NO_PLUGINS: '1' };
        const ran = await run(helm, [...args, '-n', 'shop'], { env });
        assert.equal(ran.code, 0, ran.stderr);
        const path = '/apis/apps/v1/namespaces/shop/deployments/front';
        const { template } = (await plane.request(`GET`, path)).body.spec as { template: PodObject };
        return template.spec.containers.map(({ name }) => name);
      };
      const chart = ['shop', CHART, '--no-hooks'];
      const [bare, injected] = [['shop'], ['shop', 'statsd-exporter']];
      assert.deepEqual(await release('install', ...chart, '--post-renderer', script), injected);
      assert.deepEqual(await release('upgrade', ...chart), bare);
      assert.deepEqual(await release('upgrade', ...chart, '--post-renderer', script), injected);
      assert.deepEqual(await release('rollback', 'shop', '2', '--no-hooks'), bare);
    });

    it('kubectl get -o yaml | inject | kubectl apply | uninject: as it was', async () => {
      const get = (): Promise<string> =>
        plane.kubectl(['get', 'all', '-n', 'shop', '-o', 'yaml']).then(({ stdout }) => stdout);
      const before = await get();
      const injected = await podscrape('inject', before);
      assert.match(injected, /name: statsd-exporter/);
      await plane.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], { stdin: injected });
      const after = await get();
      assert.match(after, /name: statsd-exporter/);
      assert.equal(await podscrape('inject', after), after);
      assert.equal(await podscrape('uninject', injected), before);
    });

    it('kubectl kustomize | inject | kubectl apply', async () => {
      const kustomization = {
        namespace: 'shop',
        namePrefix: 'a-',
        commonAnnotations: { 'podscrape.dev/interval': '30s' },
        resources: ['chart.yaml'],
        patches: [
          { target: { kind: 'Deployment' }, patch: '[{"op":"add","path":"/spec/paused","value":true}]' },
        ],
      };
      writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
      writeFileSync(join(folder, 'chart.yaml'), (await rendered(helm, 'shop', '--no-hooks')).text);
      const { stdout } = await plane.kubectl(['kustomize', folder]);
      const injected = await podscrape('inject', stdout);
      assert.equal(injected.match(/"outcome":"injected"/g)?.length, 5);
      await plane.kubectl(['apply', '-f', '-'], { stdin: injected });
      assert.equal(await podscrape('uninject', injected), stdout);
    });
  },
);
