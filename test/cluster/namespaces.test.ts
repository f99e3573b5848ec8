import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { ApiServer } from '../../src/kube/api-server.ts';
import { loadKubeConfig } from '../../src/kube/config.ts';
import { startNamespaceWatch } from '../../src/kube/namespaces.ts';
import type { NamespaceWatch } from '../../src/kube/namespaces.ts';
import type { WatchTimes } from '../../src/kube/resource-watch.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';
import { keptLog } from '../kube/support.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { requireCluster } from './require.ts';

suite('the watch of namespaces, before a real API server', await requireCluster('namespaces'), () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await startControlPlane();
  });
  after(() => plane.stop());

  /** A watch with the times that it really has, unless told others; ends with the test. */
  function started(t: TestContext, server: ApiServer, times: Partial<WatchTimes> = {}) {
    const log = keptLog();
    const restarts: string[] = [];
    const watch = startNamespaceWatch({
      server,
      annotationPrefix: () => 'podscrape.dev',
      log,
      onRestart: (reason) => restarts.push(reason),
      times,
    });
    t.after(() => watch.stop());
    return { watch, log, restarts };
  }

  const admin = () => loadKubeConfig({ kubeconfig: plane.kubeconfig });

  /** What a Pod of a ServiceAccount with these verbs on namespaces has; at another port, a proxy. */
  async function account(t: TestContext, name: string, verbs: string[], port?: number): Promise<ApiServer> {
    await plane.kubectl(['create', 'serviceaccount', name]);
    if (verbs.length > 0) {
      const rights = [`--verb=${verbs.join(',')}`, '--resource=namespaces'];
      await plane.kubectl(['create', 'clusterrole', name, ...rights]);
      const binding = [`--clusterrole=${name}`, `--serviceaccount=default:${name}`];
      await plane.kubectl(['create', 'clusterrolebinding', name, ...binding]);
    }
    const serviceAccount = temporaryFolder(t);
    file(serviceAccount, 'token', (await plane.kubectl(['create', 'token', name])).stdout);
    file(serviceAccount, 'ca.crt', plane.ca);
    const env = {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port ?? new URL(plane.url).port),
    };
    return loadKubeConfig({ env, serviceAccount });
  }

  function sees(watch: NamespaceWatch, name: string, team: string): Promise<unknown> {
    const description = `${name} with team=${team}`;
    return plane.waitFor(description, () => watch.get(name)?.labels['team'] === team, { timeoutMs: 60_000 });
  }

  const label = (name: string, team: string) =>
    plane.kubectl(['label', '--overwrite', 'namespace', name, `team=${team}`]);

  test('sees what is there, what comes, what changes and what goes', async (t) => {
    await plane.createNamespace('shop', { team: 'a' });
    await plane.kubectl(['annotate', 'namespace', 'shop', 'podscrape.dev/default-profile=statsd', 'x/y=z']);
    const { watch, restarts } = started(t, await admin());
    await plane.waitFor('synced', () => watch.synced());
    assert.deepEqual(watch.get('shop'), {
      labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' },
      annotations: { 'podscrape.dev/default-profile': 'statsd' },
    });
    assert.notEqual(watch.get('kube-system'), undefined);
    await label('shop', 'b');
    await sees(watch, 'shop', 'b');
    await plane.createNamespace('bank', { team: 'c' });
    await sees(watch, 'bank', 'c');
    await plane.kubectl(['delete', 'namespace', 'bank']);
    await plane.waitFor('bank is gone', () => watch.get('bank') === undefined);
    assert.deepEqual(restarts, []);
  });

  test('the API server ends watches in their time, and the next goes on where it was', async (t) => {
    await plane.createNamespace('fair', { team: 'a' });
    let connections = 0;
    const api = await admin();
    const counted = { ...api, credentials: () => (connections++, api.credentials()) };
    const { watch, log, restarts } = started(t, counted, { watchSeconds: 1, settledMs: 100 });
    await plane.waitFor('several watches', () => connections >= 4);
    await label('fair', 'b');
    await sees(watch, 'fair', 'b');
    assert.deepEqual([restarts, log.lines], [[], []]);
  });

  test('a ServiceAccount needs list and watch on namespaces, nothing else', async (t) => {
    await plane.createNamespace('stall', { team: 'a' });
    const { watch, log } = started(t, await account(t, 'enough', ['list', 'watch']));
    await sees(watch, 'stall', 'a');
    await label('stall', 'b');
    await sees(watch, 'stall', 'b');
    assert.deepEqual(log.lines, []);
  });

  test('without rights it is not synced and says which are missing; once bound it goes on', async (t) => {
    const { watch, log } = started(t, await account(t, 'nothing', []));
    await plane.waitFor('a warning', () => log.at('warn').length > 0);
    assert.equal(watch.synced(), false);
    const [{ reason, hint } = { reason: '', hint: '' }] = log.at('warn');
    assert.equal(
      reason,
      'status 403: namespaces is forbidden: User "system:serviceaccount:default:nothing" cannot list resource "namespaces" in API group "" at the cluster scope',
    );
    assert.equal(hint, 'bind a ClusterRole that allows list and watch on namespaces to that user');
    const view = ['--clusterrole=view', '--serviceaccount=default:nothing'];
    await plane.kubectl(['create', 'clusterrolebinding', 'nothing', ...view]);
    await plane.waitFor('synced', () => watch.synced(), { timeoutMs: 60_000 });
  });

  test('without the right to watch, the list is asked for again and the log says so', async (t) => {
    await plane.createNamespace('booth', { team: 'a' });
    const { watch, log } = started(t, await account(t, 'lister', ['list']));
    await sees(watch, 'booth', 'a');
    await plane.waitFor('a warning', () => log.at('warn').length > 0);
    assert.match(log.at('warn')[0]?.reason ?? '', /cannot watch resource "namespaces"/);
    await label('booth', 'b');
    await sees(watch, 'booth', 'b');
  });

  test('a token that the API server does not know', async (t) => {
    const serviceAccount = temporaryFolder(t);
    file(serviceAccount, 'token', 'stale');
    file(serviceAccount, 'ca.crt', plane.ca);
    const { hostname, port } = new URL(plane.url);
    const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
    const { watch, log } = started(t, await loadKubeConfig({ env, serviceAccount }));
    await plane.waitFor('a warning', () => log.at('warn').length > 0);
    assert.equal(watch.synced(), false);
    assert.match(log.at('warn')[0]?.hint ?? '', /does not know the credentials of the Pod's ServiceAccount/);
  });

  test('connections reset between the two: what is known stays, and is caught up with', async (t) => {
    await plane.createNamespace('kiosk', { team: 'a' });
    const proxy = await resettingProxy(t, Number(new URL(plane.url).port));
    const { watch, log, restarts } = started(t, await account(t, 'behind', ['list', 'watch'], proxy.port));
    await sees(watch, 'kiosk', 'a');
    proxy.reset();
    proxy.broken = true;
    await label('kiosk', 'b');
    await plane.waitFor('refused', () => restarts.length >= 2);
    assert.equal(watch.synced(), true);
    assert.equal(watch.get('kiosk')?.labels['team'], 'a');
    proxy.broken = false;
    await sees(watch, 'kiosk', 'b');
    await plane.waitFor('back', () => log.at('info').length === 1);
    await label('kiosk', 'c');
    await sees(watch, 'kiosk', 'c');
  });

  test('the API server restarts: what changed afterwards is seen', async (t) => {
    await plane.createNamespace('market', { team: 'a' });
    const { watch, log } = started(t, await admin());
    await sees(watch, 'market', 'a');
    await plane.restartApiserver();
    assert.equal(watch.synced(), true);
    assert.notEqual(watch.get('market'), undefined);
    await label('market', 'b');
    await sees(watch, 'market', 'b');
    await plane.waitFor('back', () => log.at('info').length === 1);
    await label('market', 'c');
    await sees(watch, 'market', 'c');
  });
});

/** Passes bytes on to a port of the loopback, and resets connections: the open ones, or each that comes. */
async function resettingProxy(t: TestContext, target: number) {
  const open = new Set<Socket>();
  const proxy = { port: 0, broken: false, reset: () => open.forEach((socket) => socket.resetAndDestroy()) };
  const server = createServer((client) => {
    if (proxy.broken) return void client.resetAndDestroy();
    const upstream = connect(target, '127.0.0.1');
    open.add(client);
    client.on('close', () => {
      open.delete(client);
      upstream.destroy();
    });
    client.on('error', () => undefined);
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.reset();
    server.close();
  });
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}
