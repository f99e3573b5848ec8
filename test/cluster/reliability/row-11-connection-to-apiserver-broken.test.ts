import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { OFF, configured, denying, pod, policy } from '../policy-support.ts';
import { requireCluster } from '../require.ts';
import { get, register, startWebhook, temporaryDirectory } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { createLoad, summary } from './load.ts';
import { startProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

describe('row 11: our connection to the apiserver is broken', await requireCluster('a broken watch'), () => {
  let plane: ControlPlane;
  let proxy: Proxy;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('strict', { stage: 'strict' });
    await plane.createNamespace('later', {});
    const apiPort = Number(new URL(plane.url).port);
    proxy = await startProxy(apiPort);
    const directory = temporaryDirectory();
    const kubeconfig = join(directory, 'through-the-proxy.kubeconfig');
    writeFileSync(kubeconfig, readFileSync(plane.kubeconfig, 'utf8').replaceAll(plane.url, proxy.url));
    webhook = await startWebhook({
      directory,
      config: configured([policy('strict', 'enforce')]),
      kubeconfig,
    });
    const fail = ['--failure-policy', 'Fail', '--validating-failure-policy', 'Fail'];
    await register(plane, webhook, ['--config', webhook.configFile, ...fail]);
    await denying(plane, 'strict');
  });
  after(async () => {
    await webhook.stop();
    await proxy.stop();
    await plane.stop();
  });

  it('before: it watches, through the proxy', () => {
    assert.ok(proxy.connections() > 0);
  });

  it('broken: every Pod is admitted, with Fail; what was known of namespaces stays; it stays ready', async (t) => {
    const [backend = 0] = proxy.backends();
    proxy.remove(backend);
    proxy.cut();
    const load = createLoad(plane, { perSecond: 40, total: 120 });
    await load.done;
    t.diagnostic(summary(load));
    assert.deepEqual(load.failed, []);
    assert.equal(load.injected, 120);
    assert.equal((await offIn('strict')).status, 403, 'the policy is still known');
    assert.equal((await get(webhook.healthPort, '/readyz')).status, 200);
    assert.equal(proxy.connections(), 0);

    await plane.request('PATCH', '/api/v1/namespaces/later', { metadata: { labels: { stage: 'strict' } } });
    assert.equal((await offIn('later')).status, 201, 'what is new is not known');
    proxy.add(backend);
  });

  it('mended: what has changed meanwhile is learnt', async () => {
    await plane.waitFor('the label to be known', async () => (await offIn('later')).status === 403, {
      timeoutMs: 60_000,
    });
  });

  function offIn(namespace: string) {
    return plane.request<PodObject>(
      'POST',
      `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
      pod('off', OFF),
    );
  }
});
