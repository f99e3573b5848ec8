import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { runProcess } from './process.ts';
import { run, runOn } from './run.ts';

const PLAIN = `# nothing of ours
apiVersion: v1
kind: Pod
metadata: {name: a, annotations: {podscrape.dev/profile: gunicorn}} # asks
spec:
  containers: [{name: web}]
`;

suite('podscrape uninject', () => {
  test('a manifest that nobody injected into passes as it is', async () => {
    assert.deepEqual(await runProcess(['uninject', '-f', '-'], PLAIN), {
      code: 0,
      stdout: PLAIN,
      stderr: '',
    });
  });

  test('takes out what inject put in, of every document', async () => {
    const input = `${PLAIN}---\n${PLAIN.replace('name: a', 'name: b')}---\nkind: Service\n`;
    const { stdout } = await runOn(input, 'inject', '-f', '-');
    assert.notEqual(stdout, input);
    const back = await runOn(stdout, 'uninject', '-f', '-');
    assert.deepEqual(back, { code: 0, stdout: input, stderr: 'taken out 2\n' });
  });

  test('an unreadable document passes, with a word, and the code is 1', async () => {
    const { code, stdout, stderr } = await runOn(`a: [\n---\n${PLAIN}`, 'uninject', '-f', '-');
    assert.deepEqual({ code, stdout }, { code: 1, stdout: `a: [\n---\n${PLAIN}` });
    assert.match(stderr, /^standard input:1: \(document 1\): error: column 4: is not YAML: /);
  });

  test('a variable that no profile sets any more stays, with its place, and the code is 1', async () => {
    const { stdout } = await runOn(PLAIN, 'inject', '-f', '-');
    const older = stdout.replaceAll('GUNICORN_CMD_ARGS', 'GUNICORN_OPTIONS');
    const first = await runOn(older, 'uninject', '-f', '-');
    assert.equal(first.code, 1);
    assert.match(
      first.stderr,
      /^standard input:2: Pod\/a \(document 1\): error: web\/GUNICORN_OPTIONS: stays, /,
    );
    assert.doesNotMatch(first.stdout, /statsd-exporter/);
    assert.match(first.stdout, /"added":\{"env":\["web\/GUNICORN_OPTIONS"\]\}/);
    assert.deepEqual(await runOn(first.stdout, 'uninject', '-f', '-'), first);
  });

  test('usage', async () => {
    assert.equal((await run('uninject')).code, 2);
    assert.equal((await run('uninject', '-f', 'a', '--namespace', 'b')).code, 2);
  });
});
