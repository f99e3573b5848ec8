import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';

import { startControlPlane } from '../control-plane.ts';
import { isRunning, run } from '../processes.ts';
import { requireKubelet } from '../require.ts';
import { waitFor } from '../wait.ts';
import { kubeletUnavailable } from './available.ts';
import { startKubelet } from './kubelet.ts';
import { PodNetwork } from './network.ts';
import { testImages, twoPods } from './stage.ts';

/** What a kubelet leaves, or not, on the machine: links, folders, and processes in network namespaces not ours. */
interface Traces {
  readonly links: readonly string[];
  readonly folders: readonly string[];
  readonly pids: readonly number[];
  readonly mounts: string;
}

/** The traces of one process's kubelet, of which `before` are known: others may be at work on the same machine. */
function tracesOf(
  owner: number,
  before: { readonly namespaces: readonly string[]; readonly links: readonly string[] },
): Traces {
  const names = readdirSync('/sys/class/net');
  const bridges = names.filter((name) => new RegExp(`^psk\\d+-${owner}$`).test(name));
  const numbers = bridges.map((name) => /\d+/.exec(name)?.[0]);
  const ends = names.filter((name) => numbers.some((number) => name.startsWith(`psv${number}-`)));
  return {
    links: [...new Set([...bridges, ...ends, ...names.filter((name) => before.links.includes(name))])],
    folders: readdirSync(tmpdir()).filter((name) => name.startsWith(`podscrape-kubelet-${owner}-`)),
    pids: readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && before.namespaces.includes(networkOf(pid))),
    // Other mounts of the machine may come and go.
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes('podscrape'))
      .join('\n'),
  };
}

function networkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

/** Runs as a process of its own: boots all, prints what it has made, and waits to be killed. */
const CHILD = `
import { startControlPlane } from ${JSON.stringify(new URL('../control-plane.ts', import.meta.url).href)};
import { startKubelet } from ${JSON.stringify(new URL('kubelet.ts', import.meta.url).href)};
import { twoPods } from ${JSON.stringify(new URL('stage.ts', import.meta.url).href)};
const plane = await startControlPlane();
const kubelet = await startKubelet(plane, { images: { 'example.test/shell': { entrypoint: ['/bin/sh', '-c'] } } });
await twoPods(plane);
console.log(JSON.stringify([kubelet.pid('ends', 'deaf', 'app'), kubelet.pid('ends', 'pair', 'exporter')]));
setInterval(() => {}, 1000);`;

describe('the end of a kubelet', await requireKubelet('the end of a kubelet'), () => {
  it('stop() leaves nothing', async (t) => {
    const { images, remove } = testImages();
    t.after(remove);
    const plane = await startControlPlane();
    t.after(() => plane.stop());
    const before = tracesOf(process.pid, { namespaces: [], links: [] });
    const kubelet = await startKubelet(plane, { images });
    t.after(() => kubelet.stop());
    await twoPods(plane);
    const pids = [kubelet.pid('ends', 'deaf', 'app'), kubelet.pid('ends', 'pair', 'exporter')];
    const namespaces = pids.map(networkOf);
    const during = tracesOf(process.pid, { namespaces, links: [] });
    assert.equal(during.links.length, 3);
    // Each Pod's holder of the namespace, and per container the shell; `deaf` has three more.
    assert.ok(during.pids.length >= 8, String(during.pids.length));
    assert.equal(during.mounts, '');
    await kubelet.stop();
    assert.deepEqual(tracesOf(process.pid, { namespaces, links: during.links }), before);
    assert.ok(!pids.some(isRunning));
    assert.equal((await plane.request('GET', `/api/v1/nodes/${kubelet.nodeName}`)).status, 404);
    const left = await plane.request<{ items: unknown[] }>('GET', '/api/v1/namespaces/ends/pods');
    assert.equal(left.body.items.length, 2);
  });

  it('nor does SIGKILL of its process', async (t) => {
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', CHILD], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => owner.kill('SIGKILL'));
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
    const pids = JSON.parse(line) as number[];
    const namespaces = pids.map(networkOf);
    const during = tracesOf(owner.pid!, { namespaces, links: [] });
    assert.equal(during.links.length, 3);
    assert.equal(during.folders.length, 1);
    const { links } = during;
    assert.equal(during.mounts, '');
    owner.kill('SIGKILL');
    await waitFor('nothing to be left', () => {
      const left = tracesOf(owner.pid!, { namespaces, links });
      assert.deepEqual(left, { links: [], folders: [], pids: [], mounts: '' });
      return !pids.some(isRunning);
    });
  });

  it('the next kubelet removes links whose owner is no more', async (t) => {
    const left = 'psk63-1';
    assert.equal((await run('ip', ['link', 'add', left, 'type', 'bridge'])).code, 0);
    t.after(() => run('ip', ['link', 'del', left]));
    const plane = await startControlPlane({ controllerManager: false });
    t.after(() => plane.stop());
    const [one, other] = await Promise.all(
      ['one', 'other'].map((nodeName) => startKubelet(plane, { images: {}, nodeName })),
    );
    t.after(() => Promise.all([one?.stop(), other?.stop()]));
    const names = readdirSync('/sys/class/net');
    assert.ok(!names.includes(left));
    // The bridges of the two that live are theirs alone.
    assert.equal(names.filter((name) => new RegExp(`^psk\\d+-${process.pid}$`).test(name)).length, 2);
  });

  it('kubelets side by side have networks of their own', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-networks-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const starts = Array.from({ length: 30 }, () => PodNetwork.start(1, folder));
    const networks = await Promise.all(starts);
    t.after(() => Promise.all(networks.map((network) => network.stop())));
    assert.equal(new Set(networks.map(({ hostIPs }) => hostIPs.join())).size, 30);
  });
});

describe('where the kubelet cannot run', () => {
  it('says why', () => {
    assert.match(
      kubeletUnavailable(1000) ?? '',
      /only root may: run as root, or with `sudo[^]*This is user 1000/,
    );
  });

  it('in CI that is a failure, and elsewhere a loud skip', async () => {
    const program = `
      process.getuid = () => 1000;
      const { requireKubelet } = await import(${JSON.stringify(new URL('../require.ts', import.meta.url).href)});
      console.log(JSON.stringify(await requireKubelet('a suite')));`;
    const args = ['--input-type=module', '--eval', program];
    const env = { ...process.env, CI: 'false' };
    const skipped = await run(process.execPath, args, { env });
    assert.match(skipped.stdout, /^\{"skip":"The kubelet of the tests/);
    assert.match(skipped.stderr, /^!{100}\nNOT RUN: a suite\nThe kubelet[^]*only root may/);
    const failed = await run(process.execPath, args, { env: { ...env, CI: 'true' } });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /a suite cannot run in CI: The kubelet of the tests/);
  });
});
