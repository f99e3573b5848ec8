import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';

import { executable, scratch } from '../tools/scratch.ts';
import { ALL_BINARIES, BinariesUnavailable, cacheKey, cacheRoot, ensureBinaries } from './binaries.ts';
import { BINARIES, requiredVersion } from './binary-table.ts';
import { withLock } from './build-lock.ts';
import { requireCluster } from './require.ts';

const MODULES = join(import.meta.dirname, 'go');

/** Logs nothing. */
const log = (): void => undefined;

/** A `go` that writes a line to `calls` for each build, takes a while, and makes an executable. */
function fakeGo(folder: string, version = 'go1.99.0'): { calls: string; env: NodeJS.ProcessEnv } {
  const calls = join(folder, 'calls');
  executable(
    join(folder, 'bin/go'),
    `if [ "$1" = env ]; then echo ${version}; exit; fi
     echo "$@" >> ${calls}
     sleep 0.5
     while [ "$1" != -o ]; do shift; done
     printf '#!/bin/sh\\n' > "$2"; chmod +x "$2"`,
  );
  return {
    calls,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, PODSCRAPE_TEST_CACHE: join(folder, 'cache') },
  };
}

describe('the table', () => {
  test('every row has its tool line, and every tool line its row', () => {
    // Of that one only files are read: crds.ts.
    for (const module of readdirSync(MODULES).filter((name) => name !== 'crds')) {
      const goMod = readFileSync(join(MODULES, module, 'go.mod'), 'utf8');
      const block = /^tool \(\n([^)]*)\)/m.exec(goMod)?.[1] ?? /^tool (\S+)$/m.exec(goMod)?.[1] ?? '';
      const tools = block.split('\n').map((line) => line.trim());
      const packages = BINARIES.filter((row) => row.module === module).map((row) => row.package as string);
      const rows = packages.filter((name) => !name.startsWith('.'));
      assert.notEqual(packages.length, 0, module);
      assert.deepEqual(tools.filter((tool) => tool !== '').sort(), rows.sort(), module);
    }
  });

  test('every staging module of Kubernetes has the version that belongs to it', () => {
    const goMod = readFileSync(join(MODULES, 'kubernetes/go.mod'), 'utf8');
    const version = requiredVersion(goMod, 'k8s.io/kubernetes').replace(/^v1\./, 'v0.');
    const replaced = [...goMod.matchAll(/^\t(\S+) => (\S+) (\S+)$/gm)];
    assert.ok(replaced.length > 30);
    for (const [, from, to, at] of replaced) assert.deepEqual([to, at], [from, version]);
  });
});

describe('the cache', () => {
  test("a binary's folder changes with each of its module's files", async (t) => {
    const modules = scratch(t);
    cpSync(MODULES, modules, { recursive: true });
    const keys = [await cacheKey('etcd', modules)];
    assert.match(keys[0] ?? '', /^etcd-[0-9a-f]{12}$/);
    assert.equal(keys[0], await cacheKey('etcd'));
    for (const file of ['go.mod', 'go.sum']) {
      appendFileSync(join(modules, 'etcd', file), '\n');
      keys.push(await cacheKey('etcd', modules));
    }
    assert.equal(new Set(keys).size, 3, keys.join(' '));
    assert.equal(await cacheKey('kubectl', modules), await cacheKey('kubectl'));
    assert.equal(await cacheKey('manager', modules), await cacheKey('manager'));
    appendFileSync(join(modules, 'manager/main.go'), '\n');
    assert.notEqual(await cacheKey('manager', modules), await cacheKey('manager'));
  });

  test('lies where the environment says, outside the tree', () => {
    assert.equal(cacheRoot({ PODSCRAPE_TEST_CACHE: '/a' }), '/a');
    assert.equal(cacheRoot({ XDG_CACHE_HOME: '/x' }), '/x/podscrape/test-binaries');
    assert.match(cacheRoot({}), /\/\.cache\/podscrape\/test-binaries$/);
  });
});

describe('ensureBinaries', () => {
  test('without Go, and with nothing in the cache, says what is missing and what to do', async (t) => {
    const env = { PATH: scratch(t), PODSCRAPE_TEST_CACHE: join(scratch(t), 'cache') };
    await assert.rejects(ensureBinaries(['etcd', 'kubectl'], { env, log }), (error) => {
      assert.ok(error instanceof BinariesUnavailable);
      assert.match(error.message, /^etcd, kubectl: .* no `go` on the PATH/);
      assert.match(error.message, /Install Go 1\.26\S* or newer, or set KUBEBUILDER_ASSETS/);
      return true;
    });
  });

  test('says that Go is too old', async (t) => {
    const { env } = fakeGo(scratch(t), 'go1.9.7');
    await assert.rejects(ensureBinaries(['etcd'], { env, log }), /Go is too old \(go1\.9\.7\)/);
  });

  test('takes what KUBEBUILDER_ASSETS has, and builds the rest', async (t) => {
    const folder = scratch(t);
    const { env, calls } = fakeGo(folder);
    const assets = join(folder, 'assets');
    executable(join(assets, 'etcd'), 'true');
    const paths = await ensureBinaries(['etcd', 'kubectl'], {
      env: { ...env, KUBEBUILDER_ASSETS: assets },
      log,
    });
    assert.equal(paths.etcd, join(assets, 'etcd'));
    assert.equal(paths.kubectl, join(folder, 'cache', await cacheKey('kubectl'), 'kubectl'));
    assert.equal(readFileSync(calls, 'utf8').trim().split('\n').length, 1);
    assert.match(
      readFileSync(calls, 'utf8'),
      /-X k8s\.io\/component-base\/version\.gitVersion=v1\.\d+\.\d+ /,
    );
  });

  test('builds once when several processes ask at the same time', async (t) => {
    const folder = scratch(t);
    const { env, calls } = fakeGo(folder);
    const program = `
      import { ensureBinaries } from ${JSON.stringify(new URL('binaries.ts', import.meta.url).href)};
      await ensureBinaries(['etcd']);`;
    const start = () =>
      spawn(process.execPath, ['--input-type=module', '--eval', program], { env, stdio: 'ignore' });
    const codes = await Promise.all(
      [start(), start(), start()].map(async (child) => (await once(child, 'exit'))[0] as number),
    );
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(readFileSync(calls, 'utf8').trim().split('\n').length, 1);
    assert.deepEqual(
      readdirSync(join(folder, 'cache')),
      [await cacheKey('etcd')],
      'nothing else is left there',
    );
  });

  test('hands over what the compiler says, and caches nothing', async (t) => {
    const folder = scratch(t);
    const { env } = fakeGo(folder);
    executable(
      join(folder, 'bin/go'),
      'if [ "$1" = env ]; then echo go1.99.0; else echo "missing go.sum entry" >&2; exit 1; fi',
    );
    await assert.rejects(
      ensureBinaries(['etcd'], { env, log }),
      /building etcd failed:\nmissing go\.sum entry/,
    );
    assert.deepEqual(readdirSync(join(folder, 'cache', await cacheKey('etcd'))), []);
  });
});

describe('the lock', () => {
  test('of a process that has died is taken over', async (t) => {
    const file = join(scratch(t), 'lock');
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
    await once(child, 'exit');
    writeFileSync(file, String(child.pid));
    assert.equal(
      await withLock(
        file,
        () => assert.fail('it waits for the dead'),
        async () => 'done',
      ),
      'done',
    );
    assert.equal(existsSync(file), false);
  });

  test('of a living process is waited for', async (t) => {
    const file = join(scratch(t), 'lock');
    writeFileSync(file, String(process.ppid));
    let waited: number | undefined;
    const waiting = (pid: number): void => {
      waited = pid;
      rmSync(file);
    };
    await withLock(file, waiting, async () => undefined);
    assert.equal(waited, process.ppid);
  });
});

describe('requireCluster', () => {
  const nothing = (t: TestContext) => ({ PATH: scratch(t), PODSCRAPE_TEST_CACHE: scratch(t) });

  test('skips where nothing can be had, but fails in CI', async (t) => {
    const notice = t.mock.method(process.stderr, 'write', () => true);
    const { skip } = await requireCluster('admission', [], nothing(t));
    notice.mock.restore();
    assert.match(String(skip), /no `go` on the PATH/);
    assert.match(String(notice.mock.calls[0]?.arguments[0]), /^!+\nNOT RUN: admission\n.* no `go`/);
    await assert.rejects(
      requireCluster('admission', [], { ...nothing(t), CI: 'true' }),
      /^Error: admission cannot run in CI/,
    );
  });

  test('lets a suite run where the binaries are', async (t) => {
    const assets = scratch(t);
    for (const name of ALL_BINARIES) executable(join(assets, name), 'true');
    const env = { ...nothing(t), CI: 'true', KUBEBUILDER_ASSETS: assets };
    assert.deepEqual(await requireCluster('a suite', ['statsd_exporter'], env), { skip: false });
  });
});
