import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';

import { ProcessDied, freePorts, isRunning, lostPort, run, startProcess } from './processes.ts';
import { Hopeless, waitFor } from './wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-processes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a Node program as a server process. */
function start(name: string, program: string) {
  const logFile = join(folder, `${name}.log`);
  return startProcess({ name, command: process.execPath, args: ['--eval', program], logFile });
}

const FOREVER = 'setInterval(() => {}, 1000); console.log("up");';

describe('a server process', () => {
  test('is stopped by SIGTERM', async () => {
    const server = start('polite', FOREVER);
    await server.waitFor('is up', () => server.tail().includes('up'));
    await server.stop();
    assert.deepEqual(server.exit, { code: null, signal: 'SIGTERM' });
    assert.equal(isRunning(server.pid), false);
  });

  test('is killed after the grace when it ignores SIGTERM', { timeout: 5000 }, async () => {
    const server = start('deaf', `process.on('SIGTERM', () => {}); ${FOREVER}`);
    await server.waitFor('is up', () => server.tail().includes('up'));
    await server.stop(100);
    assert.deepEqual(server.exit, { code: null, signal: 'SIGKILL' });
  });

  test('that dies early is told of at once, with its last lines', { timeout: 5000 }, async () => {
    const server = start('dying', 'console.error("no such luck"); process.exit(3)');
    const refused = () => Promise.reject(new Error('connection refused'));
    const waiting = server.waitFor('never', refused, { timeoutMs: 60_000 });
    await assert.rejects(waiting, (error) => {
      assert.ok(error instanceof ProcessDied);
      assert.match(error.message, /^dying ended early \(exit code 3\)[^]*no such luck$/);
      return true;
    });
  });

  test('that cannot be started ends with what the shell says', async () => {
    const server = startProcess({
      name: 'none',
      command: '/no/such/file',
      args: [],
      logFile: join(folder, 'none.log'),
    });
    await assert.rejects(
      server.waitFor('never', () => false),
      /exit code 127[^]*\/no\/such\/file/,
    );
  });

  test('ends with its parent, also when it ignores SIGTERM and the parent is killed', async (t) => {
    const program = `
      import { startProcess } from ${JSON.stringify(new URL('processes.ts', import.meta.url).href)};
      const deaf = "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)";
      const logFile = ${JSON.stringify(join(folder, 'orphan.log'))};
      const server = startProcess({ name: 'x', command: process.execPath, args: ['--eval', deaf], logFile });
      await server.waitFor('is up', () => server.tail().includes('up'));
      console.log(server.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => parent.kill('SIGKILL'));
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const pid = Number(line);
    assert.equal(isRunning(pid), true);
    parent.kill('SIGKILL');
    const ended = waitFor('the orphan has ended', () => !isRunning(pid), { timeoutMs: 6000 });
    await ended.catch((error: unknown) => {
      process.kill(pid, 'SIGKILL');
      throw error;
    });
  });
});

describe('run', () => {
  test('feeds the input and hands over output and code', async () => {
    const program =
      'process.stdin.on("data", (d) => console.log("got " + d)); console.error("e"); process.exitCode = 4';
    const result = await run(process.execPath, ['--eval', program], { stdin: 'this' });
    assert.deepEqual(result, { code: 4, stdout: 'got this\n', stderr: 'e\n' });
  });

  test('ends a command that takes too long', { timeout: 5000 }, async () => {
    const endless = run(process.execPath, ['--eval', FOREVER], { timeoutMs: 300 });
    await assert.rejects(endless, /took over 300 ms/);
  });
});

describe('waitFor', () => {
  test('resolves to the first truthy value, throws counting as not yet', async () => {
    let tries = 0;
    const value = await waitFor('the third try', () => {
      tries++;
      if (tries === 1) throw new Error('not yet');
      return tries === 3 && 'third';
    });
    assert.equal(value, 'third');
  });

  test('tells what it waited for and the last failure', async () => {
    const failing = () => Promise.reject(new Error('connection refused'));
    await assert.rejects(
      waitFor('an answer', failing, { timeoutMs: 60 }),
      /waited 0.06 s in vain for: an answer: connection refused/,
    );
  });

  test('gives up on Hopeless', async () => {
    const hopeless = () => Promise.reject(new Hopeless('it is gone'));
    await assert.rejects(waitFor('it', hopeless, { timeoutMs: 60_000 }), /^Hopeless: it is gone/);
  });
});

describe('ports', () => {
  test('are free and distinct', async (t) => {
    const ports = await freePorts(20);
    assert.equal(new Set(ports).size, 20);
    const server = createServer().listen(ports[0], '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    assert.equal((server.address() as AddressInfo).port, ports[0]);
  });

  test('a boot that lost one is told from other failures', () => {
    const exit = { code: 1, signal: null };
    assert.equal(
      lostPort(new ProcessDied('a', exit, 'listen tcp 127.0.0.1:1: bind: address already in use')),
      true,
    );
    assert.equal(lostPort(new ProcessDied('a', exit, 'unknown flag')), false);
    assert.equal(lostPort(new Error('address already in use')), false);
  });
});
