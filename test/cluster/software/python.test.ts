import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { executable, scratch } from '../../tools/scratch.ts';
import { run } from '../processes.ts';
import { SoftwareUnavailable, closedFolder } from './place.ts';
import { ensurePython } from './python.ts';
import { requireSoftware } from './require.ts';

const REQUIREMENTS = readFileSync(join(import.meta.dirname, 'python/requirements.txt'), 'utf8');

/** Logs nothing. */
const log = (): void => undefined;

/** A `python3` that tells where it is, makes folders for environments, and fails at installing when told to. */
function fakePython(folder: string, installing = 'true'): NodeJS.ProcessEnv {
  const path = join(folder, 'bin/python3');
  executable(
    path,
    `echo "$@" >> ${join(folder, 'calls')}
     case "$1 $2" in
     "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
     "-m pip") ${installing} ;;
     *) printf '%s\\n' ${path} 3.99.1 ${folder} ;;
     esac`,
  );
  chmodSync(folder, 0o755);
  return { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, PODSCRAPE_TEST_CACHE: join(folder, 'cache') };
}

describe('the requirements', async () => {
  test('pin one version each, with hashes', () => {
    const entries = REQUIREMENTS.replaceAll('\\\n', ' ').trim().split('\n');
    assert.ok(entries.length > 20);
    for (const entry of entries)
      assert.match(entry, /^[a-z0-9-]+==\S+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+$/);
    for (const name of ['gunicorn', 'flask', 'celery', 'redis', 'prometheus-client'])
      assert.ok(
        entries.some((entry) => entry.startsWith(`${name}==`)),
        name,
      );
  });

  test(
    'are what the environment holds, for every user',
    await requireSoftware('Python packages', { python: true }),
    async () => {
      const { python, folders } = await ensurePython({ log });
      const { stdout } = await run(python, ['-m', 'pip', 'freeze', '--all'], {
        env: { PATH: process.env['PATH'] },
      });
      const pinned = [...REQUIREMENTS.matchAll(/^([a-z0-9-]+==\S+) \\$/gm)].map(([, entry]) => entry!);
      assert.ok(pinned.length > 20);
      const normal = stdout.toLowerCase().replaceAll('_', '-').split('\n');
      for (const entry of pinned) assert.ok(normal.includes(entry), `${entry}\n${stdout}`);
      if (process.getuid?.() === 0)
        for (const folder of folders) assert.equal(closedFolder(folder), undefined, folder);
    },
  );
});

describe('ensurePython', () => {
  test('installs once, by hash and from wheels alone', async (t) => {
    const folder = scratch(t);
    const env = fakePython(folder);
    const first = await ensurePython({ env, log });
    assert.equal(first.version, '3.99.1');
    assert.deepEqual(first.folders, [dirname(first.bin), folder]);
    assert.deepEqual(await ensurePython({ env, log }), first);
    const calls = readFileSync(join(folder, 'calls'), 'utf8');
    assert.equal(calls.match(/^-m venv/gm)?.length, 1);
    assert.match(calls, /^-m pip install .*--require-hashes --only-binary=:all: .*-r \S+requirements\.txt$/m);
    assert.equal(calls.match(/^-m pip/gm)?.length, 1);
  });

  test('hands over what pip says, and tries again the next time', async (t) => {
    const folder = scratch(t);
    const env = fakePython(folder, 'echo "no matching distribution" >&2; exit 1');
    for (let i = 0; i < 2; i++)
      await assert.rejects(
        ensurePython({ env, log }),
        /installing the Python packages failed:\nno matching distribution/,
      );
    assert.equal(
      readdirSync(join(folder, 'cache/software')).filter((name) => name.endsWith('lock')).length,
      0,
    );
  });

  test('prefers an interpreter that every user can run', async (t) => {
    const [closed, open] = [scratch(t), scratch(t)];
    fakePython(open);
    const env = fakePython(closed);
    const system = join(open, 'bin/python3');
    assert.deepEqual((await ensurePython({ env, log, system })).folders.at(-1), closed, 'the first of two');
    chmodSync(closed, 0o700);
    assert.deepEqual((await ensurePython({ env, log, system })).folders.at(-1), open);
    chmodSync(open, 0o700);
    assert.deepEqual((await ensurePython({ env, log, system })).folders.at(-1), closed, 'better than none');
  });

  test('without Python says what is missing and what to do', async (t) => {
    const folder = scratch(t);
    executable(join(folder, 'python3'), 'echo "AssertionError: 3.8.1 is too old" >&2; exit 1');
    const env = { PATH: folder, PODSCRAPE_TEST_CACHE: join(folder, 'cache') };
    await assert.rejects(ensurePython({ env, log, system: join(folder, 'none') }), (error) => {
      assert.ok(error instanceof SoftwareUnavailable);
      assert.match(error.message, /`python3` will not do: AssertionError: 3\.8\.1 is too old/);
      assert.match(
        error.message,
        /there is no `\S+none`\. Install Python 3\.11 or newer with its venv module/,
      );
      return true;
    });
  });
});
