import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';

import { build } from '../scripts/build.ts';
import { VERSION } from '../src/version.ts';

// The file alone in a folder, far from node_modules and package.json, run from another, empty one.
suite('the bundle', () => {
  const root = mkdtempSync(join(tmpdir(), 'podscrape-build-'));
  const bundle = join(root, 'bin', 'podscrape.js');
  const empty = join(root, 'empty');

  before(async () => {
    mkdirSync(empty);
    await build(bundle);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
    // Run as the file itself, by its first line, with the Node of the tests first on the path.
    const env = { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
    const { status, stdout, stderr, error } = spawnSync(bundle, args, {
      cwd: empty,
      env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (error) throw error;
    return { code: status, stdout, stderr };
  }

  test('is one executable file', () => {
    assert.deepEqual(readdirSync(dirname(bundle)), ['podscrape.js']);
    assert.equal(statSync(bundle).mode & 0o111, 0o111);
  });

  test('knows its version', () => {
    assert.deepEqual(run('--version'), { code: 0, stdout: `${VERSION}\n`, stderr: '' });
  });

  test('prints a webhook configuration', () => {
    const { code, stdout, stderr } = run('webhook-config', '--url', 'https://127.0.0.1:8443');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^apiVersion: admissionregistration\.k8s\.io\/v1\n/);
    assert.match(stdout, /url: https:\/\/127\.0\.0\.1:8443\/mutate\/object\n/);
  });

  test('does not serve with a bad configuration', () => {
    writeFileSync(join(empty, 'bad.yaml'), 'optIn: sometimes\nserver: {drainSeconds: -1}\n');
    const { code, stdout, stderr } = run(
      'serve',
      '--port',
      '0',
      '--health-port',
      '0',
      '--config',
      'bad.yaml',
    );
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.deepEqual(stderr.trimEnd().split('\n'), [
      'bad.yaml:1:8: optIn: "sometimes" is not allowed, only annotation, label or namespace',
      'bad.yaml:2:24: server.drainSeconds: -1 is out of range; 0 to 600',
    ]);
  });

  test('serves, logs and ends when told to', async () => {
    writeFileSync(join(empty, 'good.yaml'), 'server: {drainSeconds: 0}\n');
    const ports = ['--host', '127.0.0.1', '--port', '0', '--health-host', '127.0.0.1', '--health-port', '0'];
    const child = spawn(process.execPath, [bundle, 'serve', '--config', 'good.yaml', ...ports], {
      cwd: empty,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    after(() => child.kill('SIGKILL'));
    const closed = once(child, 'close');
    const messages: unknown[] = [];
    for await (const line of createInterface(child.stdout)) {
      const { msg } = JSON.parse(line) as { msg?: unknown };
      messages.push(msg);
      if (msg === 'serving') child.kill('SIGTERM');
    }
    await closed;
    assert.ok(messages.includes('serving'), JSON.stringify(messages));
    assert.deepEqual([child.exitCode, child.signalCode], [0, null]);
  });
});
