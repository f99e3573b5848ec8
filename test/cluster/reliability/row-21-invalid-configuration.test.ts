import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { temporaryFolder } from '../../certificates/tools.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { get, register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const POD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asking', annotations: { 'podscrape.dev/inject': 'enabled' } },
  spec: { automountServiceAccountToken: false, containers: [{ name: 'web', image: 'example.com/web:1' }] },
};

describe(
  'row 21: a new configuration lands in the ConfigMap, also an invalid one',
  await requireCluster('hot reload'),
  () => {
    let plane: ControlPlane;
    before(async () => {
      plane = await startControlPlane({ controllerManager: false });
      await plane.createNamespace('shop');
    });
    after(() => plane.stop());

    it('a file that is rewritten: the next Pods follow it; an invalid one is not followed, and shows', async (t) => {
      const webhook = await started(t, { config: 'defaultProfile: http\n' });
      assert.equal(await path(), '/metrics');
      assert.equal(await reloadSuccessful(webhook), '1');

      writeFileSync(webhook.configFile, 'defaultProfile: spring-boot\n');
      await follows('/actuator/prometheus');

      writeFileSync(webhook.configFile, 'defaultProfile: spring-bot\n');
      await plane.waitFor('the metric to show it', async () => (await reloadSuccessful(webhook)) === '0');
      assert.equal(await path(), '/actuator/prometheus');
      const told = await plane.waitFor('the log to tell of it', () => {
        const line = webhook.logLines().find(({ msg }) => String(msg).startsWith('configuration invalid'));
        return line && JSON.stringify(line);
      });
      assert.match(told, /podscrape\.yaml/);
      assert.match(told, /did you mean spring-boot/);
      assert.equal((await get(webhook.healthPort, '/readyz')).status, 200);

      writeFileSync(webhook.configFile, 'defaultProfile: http\n');
      await follows('/metrics');
      assert.equal(await reloadSuccessful(webhook), '1');
    });

    it('a ConfigMap that is mounted: each swap of its ..data link is followed, but not to what is invalid', async (t) => {
      const folder = temporaryFolder(t);
      const version = (name: string, content: string): void => {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'podscrape.yaml'), content);
        // As the kubelet does it: another link, renamed over the one in use.
        symlinkSync(name, join(folder, '..data_tmp'));
        renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      };
      version('..2026_11_01', 'defaultProfile: http\n');
      symlinkSync('..data/podscrape.yaml', join(folder, 'podscrape.yaml'));
      const webhook = await started(t, { configFile: join(folder, 'podscrape.yaml') });
      assert.equal(await path(), '/metrics');
      version('..2026_11_02', 'defaultProfile: spring-boot\n');
      await follows('/actuator/prometheus');

      version('..2026_11_03', 'defaultProfile: [unclosed\n');
      await plane.waitFor('the metric to show it', async () => (await reloadSuccessful(webhook)) === '0');
      assert.equal(await path(), '/actuator/prometheus');
      assert.equal((await get(webhook.healthPort, '/readyz')).status, 200);

      version('..2026_11_04', 'defaultProfile: http\n');
      await follows('/metrics');
      assert.equal(await reloadSuccessful(webhook), '1');
    });

    async function started(t: TestContext, options: { config?: string; configFile?: string }) {
      const webhook = await startWebhook(options);
      t.after(() => webhook.stop());
      await register(plane, webhook);
      return webhook;
    }

    /** Where a Pod that names no profile is scraped. */
    async function path(): Promise<string | undefined> {
      const { body } = await plane.request<PodObject>('POST', '/api/v1/namespaces/shop/pods?dryRun=All', POD);
      return body.metadata.annotations?.['prometheus.io/path'];
    }

    function follows(expected: string): Promise<unknown> {
      return plane.waitFor(`Pods with ${expected}`, async () => (await path()) === expected);
    }

    async function reloadSuccessful(webhook: Webhook): Promise<string | undefined> {
      const { body } = await get(webhook.healthPort, '/metrics');
      return /^podscrape_config_last_reload_successful (\S+)$/m.exec(body)?.[1];
    }
  },
);
