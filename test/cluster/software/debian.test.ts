import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { executable, scratch } from '../../tools/scratch.ts';
import { ensureDebian } from './debian.ts';
import { SoftwareUnavailable, closedFolder, softwareRoot } from './place.ts';
import { requireSoftware } from './require.ts';

/** Logs nothing. */
const log = (): void => undefined;

interface Archive {
  readonly calls: () => string[];
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  /** The version of redis-server from now on. */
  readonly release: (version: string) => void;
}

/** Tools of Debian that know of two packages, one of them installed, and take a while. */
function fakeArchive(folder: string): Archive {
  const calls = join(folder, 'calls');
  const version = join(folder, 'version');
  const cache = join(folder, 'cache');
  writeFileSync(version, '7.0.15-1');
  executable(
    join(folder, 'bin/apt-get'),
    `while [ "$1" = -o ]; do shift 2; done
     echo "$@" >> ${calls}
     case "$1" in
     -s) echo "Inst libc6 (2.36 Debian:12 [amd64])"; echo "Inst redis-server ($(cat ${version}) Debian:12 [amd64])" ;;
     download) sleep 0.3; shift; for one; do touch "$one.deb"; done ;;
     esac`,
  );
  executable(join(folder, 'bin/dpkg-query'), 'echo installed libc6');
  executable(
    join(folder, 'bin/dpkg-deb'),
    `[ "$1" = --version ] && exit
     mkdir -p "$3/usr/bin" "$3/usr/lib/x86_64-linux-gnu"
     for one in redis-server redis-cli; do printf '#!/bin/sh\\n' > "$3/usr/bin/$one"; chmod +x "$3/usr/bin/$one"; done`,
  );
  return {
    calls: () => readFileSync(calls, 'utf8').trim().split('\n'),
    cache,
    env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, PODSCRAPE_TEST_CACHE: cache },
    release: (next) => writeFileSync(version, next),
  };
}

const fetched = { ignoreInstalled: true, log };

describe('ensureDebian', () => {
  test('takes what the machine has', async (t) => {
    const folder = scratch(t);
    executable(join(folder, 'prometheus-pushgateway'), 'true');
    const env = { PATH: folder, PODSCRAPE_TEST_CACHE: join(folder, 'cache') };
    const found = await ensureDebian(['pushgateway'], { env, log });
    assert.deepEqual(found.pushgateway, {
      programs: { 'prometheus-pushgateway': join(folder, 'prometheus-pushgateway') },
      env: {},
      folder: undefined,
    });
  });

  test('fetches what is not installed of a package and its dependencies, and finds it again', async (t) => {
    const { env, calls, cache } = fakeArchive(scratch(t));
    const { 'redis-server': redis } = await ensureDebian(['redis-server'], { ...fetched, env });
    assert.equal(calls().at(-1), 'download redis-server=7.0.15-1');
    const folder = redis.folder ?? '';
    assert.ok(folder.startsWith(join(cache, 'software')), folder);
    assert.equal(redis.programs['redis-cli'], join(folder, 'usr/bin/redis-cli'));
    assert.deepEqual(redis.env, { LD_LIBRARY_PATH: join(folder, 'usr/lib/x86_64-linux-gnu') });
    assert.equal(readFileSync(join(folder, 'packages'), 'utf8'), 'redis-server=7.0.15-1\n');
    const before = calls().length;
    assert.deepEqual(
      (await ensureDebian(['redis-server'], { ...fetched, env }))['redis-server'],
      redis,
      'the second time it is there',
    );
    assert.equal(calls().length, before);
  });

  test('other versions are another folder', async (t) => {
    const { env, release } = fakeArchive(scratch(t));
    const folders: string[] = [];
    for (const version of ['7.0.15-1', '7.0.15-2']) {
      release(version);
      const { 'redis-server': redis } = await ensureDebian(['redis-server'], { ...fetched, env });
      folders.push(redis.folder!);
      rmSync(redis.folder!, { recursive: true });
    }
    assert.equal(new Set(folders).size, 2, folders.join(' '));
  });

  test('fetches the package lists where they are missing or old', async (t) => {
    const folder = scratch(t);
    const { env, calls } = fakeArchive(folder);
    const apt = join(folder, 'bin/apt-get');
    const updated = join(folder, 'updated');
    const script = readFileSync(apt, 'utf8').replace(
      'case "$1" in',
      `case "$1" in\nupdate) touch ${updated} ;;`,
    );
    executable(
      apt,
      script.replace('-s)', `-s) [ -e ${updated} ] || { echo "E: Unable to locate" >&2; exit 100; };`),
    );
    await ensureDebian(['redis-server'], { ...fetched, env });
    assert.deepEqual(
      calls().map((call) => call.split(' ')[0]),
      ['--version', '-s', 'update', '-s', 'download'],
    );
  });

  test('fetches once when several processes ask at the same time', async (t) => {
    const { env, calls, cache } = fakeArchive(scratch(t));
    const program = `
      import { ensureDebian } from ${JSON.stringify(new URL('debian.ts', import.meta.url).href)};
      await ensureDebian(['redis-server'], { ignoreInstalled: true });`;
    const start = () =>
      spawn(process.execPath, ['--input-type=module', '--eval', program], { env, stdio: 'ignore' });
    const codes = await Promise.all(
      [start(), start(), start()].map(async (child) => (await once(child, 'exit'))[0] as number),
    );
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(calls().filter((call) => call.startsWith('download')).length, 1);
    assert.equal(readdirSync(join(cache, 'software')).length, 1, 'nothing else is left there');
  });

  test('hands over what apt says, and caches nothing', async (t) => {
    const folder = scratch(t);
    const { env, cache } = fakeArchive(folder);
    executable(
      join(folder, 'bin/apt-get'),
      '[ "$1" = --version ] || { echo "E: no such host" >&2; exit 100; }',
    );
    await assert.rejects(ensureDebian(['redis-server'], { ...fetched, env }), /failed:\nE: no such host/);
    assert.deepEqual(readdirSync(join(cache, 'software')), []);
  });

  test('a package without the programs is an error, not a folder', async (t) => {
    const folder = scratch(t);
    const { env, cache } = fakeArchive(folder);
    executable(join(folder, 'bin/dpkg-deb'), 'true');
    await assert.rejects(
      ensureDebian(['redis-server'], { ...fetched, env }),
      /redis-server has not all of redis-server, redis-cli/,
    );
    assert.deepEqual(readdirSync(join(cache, 'software')), []);
  });

  test('without apt says what is missing and what to do', async (t) => {
    const env = { PATH: scratch(t), PODSCRAPE_TEST_CACHE: scratch(t) };
    await assert.rejects(ensureDebian(['redis-server'], { ...fetched, env }), (error) => {
      assert.ok(error instanceof SoftwareUnavailable);
      assert.match(
        error.message,
        /^redis-server: not on the PATH, nor in the cache .* there is no `apt-get`/,
      );
      assert.match(error.message, /Install redis-server, redis-cli, or run the tests on Debian\.$/);
      return true;
    });
  });
});

describe('the place of software', () => {
  test('is the cache of the environment, or one that every user may enter', (t) => {
    const home = scratch(t);
    assert.equal(softwareRoot({ PODSCRAPE_TEST_CACHE: '/a' }, 0), '/a/software');
    assert.equal(
      softwareRoot({ XDG_CACHE_HOME: home }, 1000),
      join(home, 'podscrape/test-binaries/software'),
    );
    assert.equal(softwareRoot({ XDG_CACHE_HOME: home }, 0), '/var/cache/podscrape/software');
    chmodSync(home, 0o755);
    assert.equal(softwareRoot({ XDG_CACHE_HOME: home }, 0), join(home, 'podscrape/test-binaries/software'));
  });

  test('a closed folder is found on the way to a file', (t) => {
    const folder = scratch(t);
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    assert.equal(closedFolder(join(folder, 'a/b/c')), folder);
    chmodSync(folder, 0o711);
    assert.equal(closedFolder(join(folder, 'a/b/c')), undefined);
    chmodSync(join(folder, 'a'), 0o750);
    assert.equal(closedFolder(join(folder, 'a/b/c')), join(folder, 'a'));
    assert.equal(existsSync(join(folder, 'a/b/c')), false);
  });
});

describe('requireSoftware', () => {
  test('skips loudly where software cannot be had, but fails in CI', async (t) => {
    const env = { PATH: scratch(t), PODSCRAPE_TEST_CACHE: scratch(t) };
    const needs = { debian: ['pushgateway'], python: true, binaries: ['helm'] } as const;
    const notice = t.mock.method(process.stderr, 'write', () => true);
    const { skip } = await requireSoftware('exporters', needs, env);
    notice.mock.restore();
    for (const reason of [/there is no `go`/, /there is no `apt-get`/]) {
      assert.match(String(skip), reason);
      assert.match(String(notice.mock.calls[0]?.arguments[0]), reason);
    }
    await assert.rejects(
      requireSoftware('exporters', needs, { ...env, CI: 'true' }),
      /^Error: exporters cannot run in CI/,
    );
  });

  test('lets a suite run where it is there', async () => {
    assert.deepEqual(await requireSoftware('nothing', {}, { CI: 'true' }), { skip: false });
  });
});
