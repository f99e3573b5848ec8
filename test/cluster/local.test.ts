import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';

import { scratch } from '../tools/scratch.ts';
import { runProcess } from '../commands/process.ts';
import { ensureBinaries } from './binaries.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { freePorts, run, startProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';
import { BOOT } from './servers.ts';
import { requireSoftware } from './software/require.ts';

/** What `podscrape local` prints. */
async function local(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(['local', ...args]);
  assert.equal(code, 0, stderr);
  return stdout;
}

const promtool = 'promtool and what podscrape local prints';

describe(promtool, await requireSoftware(promtool, { binaries: ['promtool'] }), () => {
  const lines = [
    '',
    '--name on --interval 1m30s --path /actuator/prometheus',
    '--port web=3000 --port 1_000=9102 --prometheus-port 9091',
    '--docker-vm --scheme https --insecure-skip-verify --port a/b.c-d=8443 --port 0x50=80',
  ];
  for (const line of lines) {
    test(`podscrape local ${line}`, async (t) => {
      const { promtool: command } = await ensureBinaries(['promtool']);
      const file = join(scratch(t), 'prometheus.yml');
      writeFileSync(file, await local(...line.split(' ').filter((word) => word !== '')));
      const { code, stdout, stderr } = await run(command, ['check', 'config', file]);
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /SUCCESS: .* is valid prometheus config file syntax/);
    });
  }
});

const suite = 'a controller on this machine';

describe(suite, await requirePrometheus(suite, { cluster: true, binaries: ['manager'] }), () => {
  const NAMESPACE = 'shop';
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-local-'));
  const managers: ManagedProcess[] = [];
  let plane: ControlPlane;
  let prometheus: Prometheus;
  let ports: { readonly manager: number; readonly secure: number };

  before(async () => {
    plane = await startControlPlane();
    await plane.createNamespace(NAMESPACE);
    const [manager = 0, secure = 0] = await freePorts(2);
    ports = { manager, secure };
    await Promise.all([startManager(manager), startManager(secure, '--metrics-secure')]);
    prometheus = await startPrometheus({
      config: (port) =>
        local(
          ...['--port', String(manager), '--name', 'manager', '--interval', '5s'],
          ...['--prometheus-port', String(port)],
        ),
    });
  });
  after(async () => {
    await prometheus.stop();
    await Promise.all(managers.map((manager) => manager.stop()));
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the controller as its developer does, and waits for its metrics' port. */
  async function startManager(port: number, ...more: readonly string[]): Promise<void> {
    const { manager: command } = await ensureBinaries(['manager']);
    const manager = startProcess({
      name: `manager on ${port}`,
      command,
      args: [`--metrics-bind-address=127.0.0.1:${port}`, `--namespace=${NAMESPACE}`, ...more],
      logFile: join(folder, `${port}.log`),
      env: { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: plane.kubeconfig },
    });
    managers.push(manager);
    await manager.waitFor('works', () => manager.tail(100).includes('Starting workers'), BOOT);
  }

  async function configMap(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const body = { metadata: { name }, data };
    const { status } = await plane.request('POST', `/api/v1/namespaces/${NAMESPACE}/configmaps`, body);
    assert.equal(status, 201);
  }

  /** The value of a query that gives one sample, once it is at least this. */
  const atLeast = (least: number, promql: string): Promise<number> =>
    prometheus.waitFor(`${promql} to be ${least} or more`, async () => {
      const samples = await prometheus.query(promql);
      assert.ok(samples.length < 2, promql);
      const value = samples[0]?.value ?? 0;
      if (value < least) throw new Error(`it is ${value}`);
      return value;
    });

  it('both jobs are up: Prometheus itself, and the controller', async () => {
    const { active, dropped } = await prometheus.untilTargets(
      'both targets up',
      ({ active: some }) => some.length === 2 && some.every(({ health }) => health === 'up'),
    );
    assert.deepEqual(
      active.map((target) => [target.scrapePool, target.scrapeUrl, target.scrapeInterval]).sort(),
      [
        ['manager', `http://localhost:${ports.manager}/metrics`, '5s'],
        ['prometheus', `http://localhost:${prometheus.port}/metrics`, '5s'],
      ],
    );
    assert.deepEqual(dropped, []);
    await atLeast(1, 'prometheus_build_info{job="prometheus"}');
  });

  it('what it reconciles shows', async () => {
    for (const name of ['first', 'second']) await configMap(name, {});
    // The cluster's own kube-root-ca.crt is the third.
    await atLeast(
      3,
      'controller_runtime_reconcile_total{job="manager",controller="configmap",result="success"}',
    );
    await atLeast(3, 'workqueue_adds_total{job="manager",name="configmap"}');
    await atLeast(1, 'controller_runtime_max_concurrent_reconciles{job="manager",controller="configmap"}');
  });

  it('what fails is tried again and again, which shows too', async () => {
    const retries = 'workqueue_retries_total{job="manager",name="configmap"}';
    assert.equal((await prometheus.query(retries))[0]?.value, 0);
    await configMap('broken', { fail: 'always' });
    const first = await atLeast(3, retries);
    await atLeast(3, 'controller_runtime_reconcile_errors_total{job="manager",controller="configmap"}');
    await atLeast(first + 1, retries);
  });

  it('a port with a certificate of the controller’s own making, beside the other', async () => {
    const config = async (...more: string[]): Promise<string> =>
      local(
        ...['--port', `secure=${ports.secure}`, '--scheme', 'https', '--interval', '1s'],
        ...['--prometheus-port', String(prometheus.port), ...more],
      );
    const health = async (wanted: string): Promise<string> => {
      const { active } = await prometheus.untilTargets(wanted, ({ active: some }) =>
        some.some((target) => target.scrapePool === 'secure' && target.health === wanted),
      );
      return active.find(({ scrapePool }) => scrapePool === 'secure')?.lastError ?? '';
    };
    await prometheus.reload(await config());
    assert.match(await health('down'), /failed to verify certificate/);
    await prometheus.reload(await config('--insecure-skip-verify'));
    assert.equal(await health('up'), '');
  });
});
