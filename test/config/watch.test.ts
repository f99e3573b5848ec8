// Real files, changed in the ways in which people, editors and the kubelet change them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/load.ts';
import { watchConfig } from '../../src/config/watch.ts';
import type { WatchOptions } from '../../src/config/watch.ts';
import { until } from '../tools/until.ts';

/** What the watch said, in order: the profile that is now the default, `restored`, or the problems. */
type Said = string;

interface Watched {
  readonly file: string;
  readonly said: readonly Said[];
  /** Resolves once that many things were said. */
  readonly count: (number: number) => Promise<void>;
  readonly stop: () => void;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-watch-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file with the text, watched. */
async function watched(t: TestContext, text: string, more: Partial<WatchOptions> = {}): Promise<Watched> {
  const file = join(folderOf(t), 'podscrape.yaml');
  writeFileSync(file, text);
  return watch(t, file, more);
}

async function watch(t: TestContext, file: string, more: Partial<WatchOptions> = {}): Promise<Watched> {
  const loaded = await loadConfig(file);
  assert.ok(loaded.ok);
  const said: Said[] = [];
  const watching = watchConfig({
    file,
    current: loaded.config,
    onChange: ({ engine }) => said.push(engine.defaultProfile ?? 'none'),
    onInvalid: (problems) => said.push(problems.join('\n').replaceAll(file, 'FILE')),
    onRestored: () => said.push('restored'),
    intervalMs: 2,
    ...more,
  });
  const stop = (): void => watching.stop();
  t.after(stop);
  const count = (number: number): Promise<void> => until(`${number} calls`, () => said.length >= number);
  return { file, said, count, stop };
}

const of = (profile: string): string => `defaultProfile: ${profile}\n`;

test('an edit in place', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  writeFileSync(file, of('statsd'));
  await count(1);
  writeFileSync(file, '');
  await count(2);
  assert.deepEqual(said, ['statsd', 'none']);
});

test('another file renamed over it', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  writeFileSync(`${file}.new`, of('statsd'));
  renameSync(`${file}.new`, file);
  await count(1);
  assert.deepEqual(said, ['statsd']);
});

test('a profile and an exporter that change', async (t) => {
  const seen: string[] = [];
  const onChange = ({ engine: { profiles, exporters } }: Config): void => {
    seen.push(`${profiles.get('own')?.target?.port} ${exporters.get('statsd-exporter')?.port}`);
  };
  const { file } = await watched(t, of('http'), { onChange });
  writeFileSync(file, 'profiles: {own: {target: {port: 9000}}}');
  await until('the profile', () => seen.length === 1);
  writeFileSync(file, 'profiles: {own: {target: {port: 9001}}}\nexporters: {statsd-exporter: {port: 9202}}');
  await until('the exporter', () => seen.length === 2);
  assert.deepEqual(seen, ['9000 9102', '9001 9202']);
});

/** As the kubelet's atomic writer does: a new directory, a new symlink, renamed over `..data`; the old one removed. */
function publish(mount: string, generation: string, text: string, former?: string): void {
  mkdirSync(join(mount, generation));
  writeFileSync(join(mount, generation, 'podscrape.yaml'), text);
  symlinkSync(generation, join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  if (former !== undefined) rmSync(join(mount, former), { recursive: true });
}

test('a ConfigMap mount, where only the symlink ..data changes', async (t) => {
  const mount = folderOf(t);
  publish(mount, '..2027_01_31_1', of('http'));
  symlinkSync(join('..data', 'podscrape.yaml'), join(mount, 'podscrape.yaml'));
  const { said, count } = await watch(t, join(mount, 'podscrape.yaml'));
  publish(mount, '..2027_01_31_2', of('statsd'), '..2027_01_31_1');
  await count(1);
  publish(mount, '..2027_01_31_3', of('gunicorn'), '..2027_01_31_2');
  await count(2);
  assert.deepEqual(said, ['statsd', 'gunicorn']);
});

test('an invalid file leaves in force what was, and is told once', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  writeFileSync(file, of('htpt'));
  await count(1);
  await sleep(50);
  writeFileSync(file, 'a: [');
  await count(2);
  writeFileSync(file, of('http'));
  await count(3);
  assert.equal(said.length, 3);
  assert.match(said[0] ?? '', /^FILE:1:17: defaultProfile: unknown profile "htpt"/);
  assert.match(said[1] ?? '', /^FILE:1:\d+: not valid YAML/);
  assert.equal(said[2], 'restored');
});

test('after an invalid file, one that says something new', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  writeFileSync(file, 'a: [');
  await count(1);
  writeFileSync(file, of('statsd'));
  await count(2);
  assert.deepEqual(said.slice(1), ['statsd']);
});

test('a file that is gone, and comes back', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  unlinkSync(file);
  await count(1);
  writeFileSync(file, of('http'));
  await count(2);
  assert.deepEqual(said, ['FILE: there is no such file', 'restored']);
});

test('what means the same is no change', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  writeFileSync(file, `# a comment\noptIn: annotation\n${of('http')}`);
  await sleep(50);
  writeFileSync(file, of('statsd'));
  await count(1);
  assert.deepEqual(said, ['statsd']);
});

test('a file that is being written counts when it stands still', async (t) => {
  const { file, said, count } = await watched(t, `${of('http')}optIn: label\n`, { intervalMs: 40 });
  // Each of these is valid, the empty one too, and none stays for two looks.
  for (let round = 0; round < 60; round++) {
    writeFileSync(file, '');
    await sleep(2);
    writeFileSync(file, `defaultProfile: statsd\n#${round}`);
    await sleep(2);
  }
  writeFileSync(file, `${of('gunicorn')}optIn: label\n`);
  await count(1);
  assert.deepEqual(said, ['gunicorn']);
});

test('what a callback throws is told, and the next file is taken', async (t) => {
  const said: string[] = [];
  const onChange = ({ engine }: Config): void => {
    if (engine.defaultProfile === 'statsd') throw new Error('no room');
    said.push(engine.defaultProfile ?? 'none');
  };
  const onInvalid = (problems: readonly string[]): never => {
    said.push(...problems);
    throw new Error('nobody listens');
  };
  const { file } = await watched(t, of('http'), { onChange, onInvalid });
  writeFileSync(file, of('statsd'));
  await until('the failure', () => said.length === 1);
  writeFileSync(file, of('gunicorn'));
  await until('the change', () => said.length === 2);
  assert.deepEqual(said, [`${file}: cannot be put in force: no room`, 'gunicorn']);
});

test('after stop nothing is said', async (t) => {
  const { file, said, stop } = await watched(t, of('http'));
  stop();
  writeFileSync(file, of('statsd'));
  await sleep(50);
  assert.deepEqual(said, []);
});

test('a pipe is not read again', async (t) => {
  const { file, said, count } = await watched(t, of('http'));
  execFileSync('mkfifo', [`${file}.pipe`]);
  renameSync(`${file}.pipe`, file);
  await sleep(50);
  unlinkSync(file);
  writeFileSync(file, of('statsd'));
  await count(1);
  assert.deepEqual(said.at(-1), 'statsd');
});
