import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, suite, test } from 'node:test';

import { main } from '../../src/commands/program.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-check-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const { hash, profiles, exporters } = effectiveConfig({ optIn: 'label' }).engine;

suite('podscrape config check', () => {
  for (const option of [[], ['--config']]) {
    test(`a valid file ${option.join('')}`, async () => {
      const path = file('good.yaml', 'optIn: label\n');
      assert.deepEqual(await run('config', 'check', ...option, path), {
        code: 0,
        stdout: `${path}: valid\nhash ${hash}, 0 policies, ${profiles.size} profiles, ${exporters.size} exporters\n`,
        stderr: '',
      });
    });
  }

  test('every problem of a wrong file', async () => {
    const path = file('bad.yaml', 'optIn: labels\nadop: on\n');
    const { code, stdout, stderr } = await run('config', 'check', path);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.ok(lines[0]?.startsWith(`${path}:1:8: optIn: "labels" is not allowed`), stderr);
    assert.ok(lines[1]?.startsWith(`${path}:2:1: adop: unknown key; did you mean adopt?`), stderr);
  });

  test('a file that is not there', async () => {
    const path = join(folder, 'missing.yaml');
    const expected = { code: 1, stdout: '', stderr: `${path}: there is no such file\n` };
    assert.deepEqual(await run('config', 'check', path), expected);
  });

  test('what is allowed but hardly meant is a warning', async () => {
    const exemption = '{selector: {matchLabels: {app: a}}, until: 2020-01-31, reason: moved}';
    const path = file(
      'odd.yaml',
      `policies:
  - {name: all, namespaceSelector: {}, exemptions: [${exemption}]}
  - {name: b, namespaceSelector: {matchLabels: {team: b}}}
`,
    );
    const { code, stdout, stderr } = await run('config', 'check', path);
    assert.equal(code, 0);
    assert.match(stdout, /: valid\nhash [0-9a-f]{12}, 2 policies, /);
    assert.equal(
      stderr,
      `warning: ${path}: policies[0].exemptions[0]: over since 2020-02-01T00:00:00.000Z; take it out\n` +
        `warning: ${path}: policies[1] (b): never matches: all, before it, matches every namespace\n`,
    );
  });

  test('- reads standard input', async () => {
    const good = await piped('optIn: label\n');
    assert.deepEqual([good.code, good.stderr], [0, '']);
    assert.ok(good.stdout.startsWith(`standard input: valid\nhash ${hash}, `), good.stdout);
    const bad = await piped('optIn: 1\n');
    assert.equal(bad.code, 1);
    assert.ok(bad.stderr.startsWith('standard input:1:8: optIn: 1 is not allowed'), bad.stderr);
  });

  for (const [args, message] of [
    [[], 'which file?'],
    [['a', '--config', 'b'], 'given twice'],
    [['a', 'b'], 'too many arguments'],
  ] as const) {
    test(`usage: config check ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run('config', 'check', ...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.ok(stderr.includes(message), stderr);
    });
  }
});

suite('podscrape config', () => {
  test('alone prints its help, as a wrong command line', async () => {
    const { code, stdout, stderr } = await run('config');
    assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
    assert.match(stderr, /^Usage: podscrape config \[options\] \[command\]\n[^]*\n {2}check /);
  });

  test('a command that it does not have', async () => {
    const { code, stderr } = await run('config', 'chek');
    assert.equal(code, 2);
    assert.match(stderr, /unknown command 'chek'\n\(Did you mean check\?\)/);
  });

  for (const args of [
    ['check', '--help'],
    ['help', 'check'],
  ]) {
    test(`config ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run('config', ...args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, /^Usage: podscrape config check \[options\] \[file\]\n[^]*\n {2}--config <file> /);
    });
  }
});

async function piped(text: string): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const sink = (take: (text: string) => void): NodeJS.WritableStream =>
    ({ write: (chunk: string) => (take(chunk), true) }) as NodeJS.WritableStream;
  const io = {
    stdin: Readable.from([Buffer.from(text)]),
    stdout: sink((chunk) => (stdout += chunk)),
    stderr: sink((chunk) => (stderr += chunk)),
  };
  const code = await main(['config', 'check', '-'], io);
  return { code, stdout, stderr };
}
