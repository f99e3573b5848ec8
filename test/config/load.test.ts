import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { loadConfig } from '../../src/config/load.ts';

import { unprivileged } from '../tools/unprivileged.ts';
const folder = mkdtempSync(join(tmpdir(), 'podscrape-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function problems(path: string): Promise<readonly string[]> {
  const result = await loadConfig(path);
  assert.ok(!result.ok, 'the file is refused');
  return result.problems;
}

test('without a file everything is as by default', async () => {
  assert.deepEqual(await loadConfig(), { ok: true, config: effectiveConfig({}) });
});

test('a file is read', async () => {
  const path = file('good.yaml', 'optIn: namespace\nlogging: {level: warn}\n');
  const config = effectiveConfig({ optIn: 'namespace', logging: { level: 'warn' } });
  assert.deepEqual(await loadConfig(path), { ok: true, config });
});

test('problems begin with the file’s name as it was given', async () => {
  const path = file('bad.yaml', 'optIn: namespaces\n');
  assert.deepEqual(await problems(path), [
    `${path}:1:8: optIn: "namespaces" is not allowed, only annotation, label or namespace; did you mean namespace?`,
  ]);
});

test('no such file', async () => {
  const path = join(folder, 'missing.yaml');
  assert.deepEqual(await problems(path), [`${path}: there is no such file`]);
});

test('a directory', async () => {
  assert.deepEqual(await problems(folder), [`${folder}: is a directory; a file is wanted`]);
});

test('a file of 1 MiB is read, a larger one is not', async () => {
  const full = file('full.yaml', `optIn: label\n#${'x'.repeat(1024 * 1024 - 14)}`);
  assert.equal((await loadConfig(full)).ok, true);
  const path = file('large.yaml', `optIn: label\n#${'x'.repeat(1024 * 1024 - 13)}`);
  assert.deepEqual(await problems(path), [`${path}: larger than 1 MiB; that is no configuration file`]);
});

test('bytes that are no text', async () => {
  const path = file('binary.yaml', Uint8Array.of(0x6f, 0xff, 0xfe));
  assert.deepEqual(await problems(path), [`${path}: not UTF-8 text`]);
});

test('a file that may not be read', async () => {
  const path = file('secret.yaml', '');
  chmodSync(path, 0);
  assert.deepEqual(await unprivileged(() => problems(path)), [`${path}: no permission`]);
});
