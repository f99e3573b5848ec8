import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { runProcess } from './process.ts';
import { run, runOn } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-inject-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const pod = (name: string, annotations = 'podscrape.dev/port: "80"'): string => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  annotations:
    ${annotations}
spec:
  containers:
  - name: web
    image: x # the application
`;

const examples = join(import.meta.dirname, '../../examples');

suite('podscrape inject', () => {
  for (const name of readdirSync(examples).filter((entry) => entry.endsWith('.yaml'))) {
    test(`examples/${name}, and out again`, async () => {
      const path = join(examples, name);
      const original = readFileSync(path, 'utf8');
      const injected = await run('inject', '-f', path);
      assert.equal(injected.code, 0, injected.stderr);
      assert.match(injected.stdout, /podscrape\.dev\/status/);
      const again = await runOn(injected.stdout, 'inject', '-f', '-');
      assert.equal(again.stdout, injected.stdout, 'once is enough');
      const back = await runOn(injected.stdout, 'uninject', '-f', '-');
      assert.deepEqual({ code: back.code, stdout: back.stdout }, { code: 0, stdout: original });
    });
  }

  test('standard input, one object: pure data on standard output, and nothing to say', async () => {
    const { code, stdout, stderr } = await runProcess(['inject', '-f', '-'], pod('a'));
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^ {4}image: x # the application\n {4}ports:\n {4}- name: web-metrics$/m);
  });

  test('a bad request is told with file, line and document, the others are done, and the code is 1', async () => {
    const bad = pod('bad', 'podscrape.dev/prot: "80"\n    podscrape.dev/port: "x y"');
    const path = file('bad.yaml', `${pod('a')}---\n${bad}---\nbroken: [\n---\n${pod('b')}`);
    const { code, stdout, stderr } = await run('inject', '-f', path);
    assert.equal(code, 1);
    const lines = stderr.trimEnd().split('\n');
    assert.equal(lines.length, 4, stderr);
    assert.equal(
      lines[0],
      `${path}:17: Pod/bad (document 2): warning: podscrape.dev/prot: unknown key, ignored; did you mean podscrape.dev/port?`,
    );
    assert.ok(lines[1]?.startsWith(`${path}:18: Pod/bad (document 2): error: podscrape.dev/port: `), stderr);
    assert.ok(lines[2]?.startsWith(`${path}:24: (document 3): error: column 9: is not YAML: `), stderr);
    assert.equal(lines[3], 'injected 2, refused 1');
    assert.ok(stdout.includes('---\nbroken: [\n---\n'));
    assert.equal(stdout.match(/name: web-metrics/g)?.length, 2);
  });

  test('a directory: its manifests in order, joined by ---; those below it with -R', async () => {
    file('dir/b.yml', 'b: 1');
    file('dir/a.yaml', pod('a'));
    file('dir/c.json', '{"c": 1}\n');
    file('dir/d.yaml', '---\nd: 1\n');
    file('dir/README.md', '# no manifest\n');
    file('dir/below/e.yaml', 'e: 1\n');
    const flat = await run('inject', '-f', join(folder, 'dir'));
    assert.equal(flat.code, 0, flat.stderr);
    assert.ok(flat.stdout.endsWith('---\nb: 1\n---\n{"c": 1}\n---\nd: 1\n'), flat.stdout);
    assert.equal(parseAllDocuments(flat.stdout).length, 4);
    const deep = await run('inject', '-R', '-f', join(folder, 'dir'), '-f', join(folder, 'dir/c.json'));
    assert.deepEqual(
      parseAllDocuments(deep.stdout).map((document) => Object.keys(document.toJS() as object)[0]),
      ['apiVersion', 'b', 'e', 'c', 'd', 'c'],
    );
  });

  test('what is not there, empty or no text', async () => {
    mkdirSync(join(folder, 'empty'));
    const missing = join(folder, 'missing.yaml');
    const binary = file('binary.yaml', Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
    const good = file('good.yaml', pod('good'));
    const { code, stdout, stderr } = await run(
      'inject',
      ...[missing, join(folder, 'empty'), binary, good].flatMap((path) => ['-f', path]),
    );
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `${missing}: there is no such file\n` +
        `${join(folder, 'empty')}: has no *.yaml, *.yml or *.json; -R looks into the directories below it too\n` +
        `${binary}:1: (document 1): error: is no UTF-8 text; passed through as it is\n`,
    );
    assert.match(stdout, /name: web-metrics/);
    const bytes = await runBytes(['inject', '-f', binary]);
    assert.deepEqual([...bytes], [0xff, 0xfe, 0x00, 0x0a]);
  });

  test('namespaces: the option, its labels, and those in the input', async () => {
    const policies = `policies:
- name: shop
  namespaceSelector: {matchLabels: {team: shop}}
  mode: enforce
  conventions: {allowedPorts: {ranges: ['9000-9999'], severity: deny}}
`;
    const config = file('policies.yaml', policies);
    const path = file('pod.yaml', pod('a'));
    const args = ['inject', '--config', config, '-f', path];
    assert.equal((await run(...args)).code, 0);
    const denied = await run(...args, '--namespace-labels', 'team=shop');
    assert.equal(denied.code, 1, denied.stderr);
    assert.match(denied.stderr, /pod\.yaml:\d+: Pod\/a \(document 1\): error: /);
    const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n---\n';
    const stream = file('stream.yaml', `${namespace}${pod('a')}`);
    assert.equal((await run('inject', '--config', config, '-f', stream)).code, 0);
    assert.equal((await run('inject', '--config', config, '-f', stream, '--namespace', 'shop')).code, 1);
    const system = await run('inject', '-f', path, '--namespace', 'kube-system');
    assert.equal(system.stdout, pod('a'));
  });

  test('a reader that has seen enough is no fault', async () => {
    const input = Array.from({ length: 300 }, (_, index) => `---\n${pod(`a${index}`)}`).join('');
    const path = file('many.yaml', input);
    const cli = new URL('../../src/cli.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [cli, 'inject', '-f', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /EPIPE|Error/);
  });

  for (const [args, message] of [
    [[], 'which manifests?'],
    [['-f', '-', '-f', '-'], 'given twice'],
    [['-f', 'a', '--namespace', 'No'], 'lower case'],
    [['-f', 'a', '--namespace-labels', 'a'], 'is no label'],
    [['-f', 'a', 'b'], 'too many arguments'],
  ] as const) {
    test(`usage: inject ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run('inject', ...args);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.ok(stderr.includes(message), stderr);
    });
  }

  test('a configuration that is wrong', async () => {
    const config = file('wrong.yaml', 'optIn: maybe\n');
    const { code, stdout, stderr } = await run('inject', '--config', config, '-f', file('x.yaml', pod('x')));
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.ok(stderr.startsWith(`${config}:1:8: optIn: `), stderr);
  });
});

async function runBytes(args: readonly string[]): Promise<Buffer> {
  const cli = new URL('../../src/cli.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const parts: Buffer[] = [];
  for await (const part of child.stdout) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
