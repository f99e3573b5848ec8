import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite, test } from 'node:test';

import { waitFor } from '../cluster/wait.ts';
import { runProcess } from './process.ts';

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;
const COUNT = 10_000;
const KINDS = ['Pod', 'Deployment', 'CronJob', 'ConfigMap'] as const;

const container = (name: string): string => `containers: [{name: ${name}, image: x}] # all there is\n`;

/** The document of a number: of every kind some, asking and not, in several styles. */
function document(number: number): string {
  const kind = KINDS[number % KINDS.length];
  const name = `n${number}`;
  const metadata = `metadata: {name: ${name}, annotations: {podscrape.dev/port: "${1024 + number}"}}\n`;
  switch (kind) {
    case 'Pod':
      return `---\n# ${name}\napiVersion: v1\nkind: Pod\n${metadata}spec:\n  ${container(name)}`;
    case 'Deployment':
      return `---\napiVersion: apps/v1\nkind: Deployment\n${metadata}spec:\n    template:\n        spec:\n            ${container(name)}`;
    case 'CronJob':
      return `---\r\n{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "${name}"}, "spec": {"jobTemplate": {}}}\n`;
    default:
      return `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  text: |\n    ---\n\n  number: 9007199254740993\n`;
  }
}

suite('a long stream', () => {
  test('comes out document by document, in order, and every byte of it back', async () => {
    const child = spawn(process.execPath, [CLI, 'inject', '-f', '-'], { stdio: 'pipe' });
    const parts: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
    const closed = once(child, 'close');

    // Nothing more goes in until the first ones have come out.
    child.stdin.write([0, 1, 2, 3, 4].map(document).join(''));
    await waitFor('the first documents', () => Buffer.concat(parts).includes('n1-metrics')).catch(
      (error: unknown) => {
        child.kill();
        throw error;
      },
    );
    assert.ok(!Buffer.concat(parts).includes('name: n5'));

    const rest = Array.from({ length: COUNT - 5 }, (_, index) => document(index + 5));
    for (let from = 0; from < rest.length; from += 100)
      if (!child.stdin.write(rest.slice(from, from + 100).join(''))) await once(child.stdin, 'drain');
    child.stdin.end();
    const [code] = (await closed) as [number];
    const output = Buffer.concat(parts).toString();
    assert.match(stderr, /^injected 5000, skipped 2500$/m);
    assert.equal(code, 0, stderr.slice(0, 1000));

    assert.deepEqual(
      [...output.matchAll(/\bmetadata"?: \{"?name"?: "?(n\d+)\b/g)].map(([, name]) => name),
      Array.from({ length: COUNT }, (_, index) => `n${index}`),
    );
    assert.equal(output.match(/-metrics\b/g)?.length, 5000);

    const input = Array.from({ length: COUNT }, (_, index) => document(index)).join('');
    const back = await runProcess(['uninject', '-f', '-'], output);
    assert.equal(back.stderr, 'taken out 5000, skipped 2500\n');
    assert.ok(back.stdout === input, 'every byte comes back');
  });
});
