import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';

import { requiredVersion } from './binary-table.ts';
import { parseWarnings } from './client.ts';
import { startControlPlane } from './control-plane.ts';
import { ProcessDied, isRunning } from './processes.ts';
import { requireCluster } from './require.ts';
import { waitFor } from './wait.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'web:1' }] },
    },
  },
};

describe('a control plane', await requireCluster('a control plane'), () => {
  test('does what a cluster does, and stops without a trace', async (t) => {
    const plane = await startControlPlane();
    t.after(() => plane.stop());

    await t.test('has the version that go.mod names', async () => {
      const { body } = await plane.request<{ gitVersion: string }>('GET', '/version');
      const goMod = readFileSync(join(import.meta.dirname, 'go/kubernetes/go.mod'), 'utf8');
      // Binaries of the user's own have their own version.
      if (!process.env['KUBEBUILDER_ASSETS']) {
        assert.equal(body.gitVersion, requiredVersion(goMod, 'k8s.io/kubernetes'));
      }
      const { stdout } = await plane.kubectl(['version', '--output=json']);
      const { serverVersion } = JSON.parse(stdout) as { serverVersion: { gitVersion: string } };
      assert.equal(serverVersion.gitVersion, body.gitVersion);
    });

    await t.test('makes a ReplicaSet and Pods of a Deployment', async () => {
      await plane.createNamespace('shop', { team: 'web' });
      const created = await plane.request('POST', '/apis/apps/v1/namespaces/shop/deployments', deployment);
      assert.equal(created.status, 201, JSON.stringify(created.body));
      const pods = await plane.waitFor('two Pods', async () => {
        const { body } = await plane.request('GET', '/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb');
        return body.items?.length === 2 && body.items;
      });
      const owners = pods.map((pod) => pod.metadata?.ownerReferences?.[0]?.kind);
      assert.deepEqual(owners, ['ReplicaSet', 'ReplicaSet']);
    });

    await t.test('lets a Pod in as soon as createNamespace has resolved', async () => {
      await plane.createNamespace('fresh');
      // The API server itself waits about a second for the account, so the Pod alone would not tell.
      const account = await plane.request('GET', '/api/v1/namespaces/fresh/serviceaccounts/default');
      assert.equal(account.status, 200);
      const pod = { metadata: { name: 'one' }, spec: deployment.spec.template.spec };
      const { status, body } = await plane.request('POST', '/api/v1/namespaces/fresh/pods', pod);
      assert.equal(status, 201, body.message);
    });

    await t.test('hands over warnings', async () => {
      const env = ['1', '2'].map((value) => ({ name: 'A', value }));
      const pod = { metadata: { name: 'twice' }, spec: { containers: [{ name: 'a', image: 'a', env }] } };
      const { warnings } = await plane.request('POST', '/api/v1/namespaces/fresh/pods?dryRun=All', pod);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /hides previous definition of "A"/);
    });

    await t.test('forbids the developer what no role binding allows', async () => {
      const pods = (token: string) =>
        plane.request('GET', '/api/v1/namespaces/shop/pods', undefined, { token });
      assert.equal((await pods(plane.adminToken)).status, 200);
      const { status, body } = await pods(plane.developerToken);
      assert.equal(status, 403);
      assert.match(body.message ?? '', /User "developer" cannot list/);
      assert.equal((await pods('nobody')).status, 401);
    });

    await t.test('runs kubectl, with input, and tells of its failures', async () => {
      const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } };
      await plane.kubectl(['apply', '-n', 'shop', '-f', '-'], { stdin: JSON.stringify(config) });
      const { stdout } = await plane.kubectl([
        'get',
        'configmap',
        'c',
        '-n',
        'shop',
        '-o',
        'jsonpath={.data.a}',
      ]);
      assert.equal(stdout, '1');
      await assert.rejects(plane.kubectl(['get', 'configmap', 'none']), /exit code 1\n.*"none" not found/);
      const { code, stderr } = await plane.kubectl(['get', 'configmap', 'none'], { allowFailure: true });
      assert.equal(code, 1);
      assert.match(stderr, /not found/);
    });

    await t.test('keeps its objects, address and metrics over a restart of kube-apiserver', async () => {
      const before = plane.apiserverPid;
      await plane.restartApiserver();
      assert.notEqual(plane.apiserverPid, before);
      assert.equal(isRunning(before), false);
      assert.equal((await plane.request('GET', '/apis/apps/v1/namespaces/shop/deployments/web')).status, 200);
      assert.match(await plane.metrics(), /^apiserver_request_total\{/m);
    });

    await t.test('stops, twice if need be', async () => {
      const { pids, dataDir } = plane;
      assert.deepEqual(pids.map(isRunning), [true, true, true]);
      await Promise.all([plane.stop(), plane.stop()]);
      assert.deepEqual(pids.map(isRunning), [false, false, false]);
      assert.equal(existsSync(dataDir), false);
    });
  });

  test('ends with the process that booted it, even one that is killed', async (t) => {
    const module = JSON.stringify(new URL('control-plane.ts', import.meta.url).href);
    const program = `
      import { startControlPlane } from ${module};
      const plane = await startControlPlane({ controllerManager: false });
      await plane.createNamespace('shop');
      const pod = { metadata: { name: 'one' }, spec: { containers: [{ name: 'a', image: 'a' }] } };
      const { status } = await plane.request('POST', '/api/v1/namespaces/shop/pods', pod);
      console.log(JSON.stringify({ pids: plane.pids, dataDir: plane.dataDir, status }));
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    t.after(() => child.kill('SIGKILL'));
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { pids, dataDir, status } = JSON.parse(line) as { pids: number[]; dataDir: string; status: number };
    t.after(() => rmSync(dataDir, { recursive: true, force: true }));
    assert.deepEqual(pids.map(isRunning), [true, true]);
    assert.equal(status, 201, 'a Pod is let in without kube-controller-manager too');

    child.kill('SIGKILL');
    await ended;
    const gone = waitFor('etcd and kube-apiserver have ended', () => !pids.some(isRunning), {
      timeoutMs: 8000,
    });
    await gone.catch((error: unknown) => {
      for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
      throw error;
    });
  });

  test('says at once why a part would not start', { timeout: 30_000 }, async () => {
    const boot = startControlPlane({ extraApiserverArgs: ['--no-such-flag'], controllerManager: false });
    await assert.rejects(
      boot,
      (error) => error instanceof ProcessDied && /unknown flag: --no-such-flag/.test(error.message),
    );
  });
});

test('the warnings of a header', () => {
  assert.deepEqual(parseWarnings(undefined), []);
  assert.deepEqual(parseWarnings('299 - "one"'), ['one']);
  assert.deepEqual(parseWarnings('299 - "say \\"hi\\", then", 299 api "a \\\\ b"'), [
    'say "hi", then',
    'a \\ b',
  ]);
});
