// The whole process, as a container runs it: started, asked, told to stop.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { VERSION } from '../../src/version.ts';
import { head, review, send, until, verdict, wire } from '../webhook/support.ts';
import type { LogLine } from '../webhook/support.ts';

const CLI = path.resolve(import.meta.dirname, '../../src/cli.ts');
const LOOPBACK = ['--host', '127.0.0.1', '--port', '0', '--health-host', '127.0.0.1', '--health-port', '0'];

interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly lines: () => readonly LogLine[];
  readonly exit: Promise<{ readonly code: number | null }>;
}

function start(t: TestContext, args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [CLI, 'serve', ...args], {
    env: { ...process.env, POD_NAMESPACE: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = once(child, 'close').then(([code]) => ({ code: code as number | null }));
  const lines = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
  return { child, stdout: () => stdout, stderr: () => stderr, lines, exit };
}

interface Serving extends Running {
  readonly port: number;
  readonly ca: string;
  readonly health: (page: string) => Promise<Response>;
  readonly serving: LogLine;
}

async function serving(
  t: TestContext,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Serving> {
  const running = start(t, [...LOOPBACK, '--dns-name', 'localhost', ...args], env);
  const find = (msg: string) => running.lines().find((line) => line['msg'] === msg);
  await until(
    `it to serve: ${running.stderr()}`,
    () => find('serving') !== undefined || running.child.exitCode !== null,
  );
  const line = find('serving');
  assert.ok(line !== undefined, running.stderr());
  const port = Number(new URL(String(line['webhook'])).port);
  const ca = Buffer.from(String(find('certificate')?.['caBundle']), 'base64').toString();
  return { ...running, port, ca, serving: line, health: (page) => fetch(`${String(line['health'])}${page}`) };
}

/** A file with the configuration `text`, for the length of the test. */
async function configuration(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'podscrape-serve-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'config.yaml');
  await writeFile(file, text);
  return file;
}

async function takenPort(t: TestContext): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await once(other, 'listening');
  return (other.address() as AddressInfo).port;
}

test('at the start the log says what runs, where, with which certificate, and whom to trust', async (t) => {
  const { serving: line, ca, port, lines } = await serving(t);
  assert.equal(line['version'], VERSION);
  assert.match(String(line['configHash']), /^[0-9a-f]+$/);
  assert.equal(line['config'], 'built-in defaults');
  assert.ok(port > 0, 'the real port, not 0');
  const [first] = lines();
  assert.match(String(first?.['source']), /localhost/);
  assert.ok(Date.parse(String(first?.['notAfter'])) > Date.now());
  assert.match(ca, /^-----BEGIN CERTIFICATE-----/);
  const reply = await send(port, { ca });
  assert.equal(verdict(reply).allowed, true);
});

test('probes and metrics are answered on their own port', async (t) => {
  const { health, port, ca } = await serving(t);
  assert.equal((await health('/healthz')).status, 200);
  assert.equal((await health('/readyz')).status, 200);
  await send(port, { ca });
  const text = await (await health('/metrics')).text();
  assert.match(text, new RegExp(`^podscrape_build_info\\{version="${VERSION}"\\} 1$`, 'm'));
  assert.match(text, /^podscrape_admission_decisions_total\{outcome="injected",reason="injected"\} 1$/m);
  assert.match(text, /^podscrape_certificate_not_after_timestamp_seconds [1-9]/m);
});

for (const [what, args, env] of [
  ['--namespace', ['--namespace', 'shop'], {}],
  ['POD_NAMESPACE', [], { POD_NAMESPACE: 'shop' }],
] as const) {
  test(`podscrape's own namespace, from ${what}, is never touched`, async (t) => {
    const { port, ca } = await serving(t, args, env);
    const { auditAnnotations } = verdict(await send(port, { ca }));
    assert.equal(auditAnnotations?.['reason'], 'namespace-excluded');
    const elsewhere = JSON.stringify(review({ namespace: 'other' }));
    assert.equal(verdict(await send(port, { ca, body: elsewhere })).auditAnnotations?.['reason'], 'injected');
  });
}

test('the configuration file counts: level and body limit', async (t) => {
  const file = await configuration(t, 'logging: {level: debug}\nserver: {bodyLimitBytes: 65536}\n');
  const { port, ca, lines } = await serving(t, ['--config', file]);
  assert.equal((await send(port, { ca, body: Buffer.alloc(65_537, ' ') })).status, 413);
  assert.equal((await send(port, { ca, body: '' })).status, 400);
  await until('a debug line', () =>
    lines().some(({ level, code }) => level === 'debug' && code === 'empty-body'),
  );
});

test('SIGTERM drains: unready, serving on, then the end with exit code 0', async (t) => {
  const file = await configuration(t, 'server: {drainSeconds: 3}\n');
  const { child, port, ca, health, exit, lines, stderr } = await serving(t, ['--config', file]);
  child.kill('SIGTERM');
  await until('it to be unready', async () => (await health('/readyz')).status === 503);
  assert.match(await (await health('/readyz')).text(), /draining/);
  assert.equal((await health('/healthz')).status, 200, 'and alive');
  assert.equal((await send(port, { ca })).status, 200, 'and serving');
  assert.equal((await exit).code, 0);
  assert.deepEqual(
    lines().map(({ msg }) => msg),
    ['certificate', 'serving', 'draining', 'decision', 'stopped'],
  );
  assert.equal(stderr(), '');
});

test('SIGINT drains too', async (t) => {
  const file = await configuration(t, 'server: {drainSeconds: 0}\n');
  const { child, exit, lines } = await serving(t, ['--config', file]);
  child.kill('SIGINT');
  assert.equal((await exit).code, 0);
  assert.equal(lines().find(({ msg }) => msg === 'draining')?.['signal'], 'SIGINT');
});

test('a request under way at the signal is answered', async (t) => {
  const file = await configuration(t, 'server: {drainSeconds: 0}\n');
  const { child, port, ca, exit, health } = await serving(t, ['--config', file]);
  const body = JSON.stringify(review());
  const { socket, text } = await wire(t, port, { ca });
  socket.write(head(body.length) + body.slice(0, 10));
  await until('it to have begun', async () =>
    /^podscrape_admission_in_flight_requests 1$/m.test(await (await health('/metrics')).text()),
  );
  child.kill('SIGTERM');
  await until('it to be unready', async () => (await health('/readyz')).status === 503);
  socket.write(body.slice(10));
  assert.equal((await exit).code, 0);
  assert.match(text(), /"allowed":true/);
});

test('a second signal ends at once', async (t) => {
  const { child, exit, lines } = await serving(t);
  child.kill('SIGTERM');
  // Signals of one kind that wait together arrive as one.
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill('SIGINT');
  assert.equal((await exit).code, 130);
  const stopped = lines().filter(({ msg }) => msg === 'stopped');
  assert.deepEqual(
    stopped.map(({ exitCode }) => exitCode),
    [130],
  );
});

const faults: Readonly<
  Record<string, (t: TestContext) => Promise<readonly [args: readonly string[], stderr: RegExp]>>
> = {
  'a configuration that is wrong': async (t) => [
    ['--config', await configuration(t, 'optIn: everybody\nserver: {drainSeconds: -1}\n')],
    /optIn.*\n.*server\.drainSeconds/,
  ],
  'a configuration that is not there': async () => [
    ['--config', '/nonexistent/config.yaml'],
    /\/nonexistent\/config\.yaml: there is no such file/,
  ],
  'a certificate that is not there': async () => [
    ['--tls-cert', '/nonexistent/tls.crt', '--tls-key', '/nonexistent/tls.key'],
    /\/nonexistent\/tls\.(crt|key)/,
  ],
  'a port in use': async (t) => {
    const port = await takenPort(t);
    const message = `^cannot listen on 127\\.0\\.0\\.1:${port}: address already in use; choose another with --port\\n$`;
    return [['--port', String(port)], new RegExp(message)];
  },
  'a health port in use': async (t) => {
    const port = await takenPort(t);
    const message = `^cannot listen on 127\\.0\\.0\\.1:${port}: address already in use; choose another with --health-port\\n$`;
    return [['--health-port', String(port)], new RegExp(message)];
  },
  'a host that is none of this machine': async () => [
    ['--host', '192.0.2.1'],
    /^cannot listen on 192\.0\.2\.1:0: no interface of this machine has that address; choose another with --host\n$/,
  ],
};

for (const [what, fault] of Object.entries(faults)) {
  test(`${what}: exit code 1, with words on standard error only`, async (t) => {
    const [args, message] = await fault(t);
    const { exit, stdout, stderr } = start(t, [...LOOPBACK, '--dns-name', 'localhost', ...args]);
    assert.equal((await exit).code, 1);
    assert.match(stderr(), message);
    assert.doesNotMatch(stderr(), /\n\s+at /, 'no stack');
    assert.equal(stdout(), '');
  });
}
