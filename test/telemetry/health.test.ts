import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startHealthServer } from '../../src/telemetry/health.ts';
import type { ReadinessCheck } from '../../src/telemetry/health.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const log = createLog({ level: 'fatal', destination: { write: () => undefined } });
const metrics = createMetrics({ version: '1' });

async function start(
  t: TestContext,
  checks: Readonly<Record<string, ReadinessCheck>> = {},
  text = () => metrics.text(),
): Promise<(path: string, method?: string) => Promise<Response>> {
  const served = { contentType: metrics.contentType, ready: (is: boolean) => metrics.ready(is), text };
  const server = await startHealthServer({ host: '127.0.0.1', port: 0, metrics: served, checks, log });
  t.after(() => server.close());
  return (path, method = 'GET') => fetch(`http://127.0.0.1:${server.address.port}${path}`, { method });
}

test('/healthz is 200 whatever the checks say', async (t) => {
  const get = await start(t, { certificate: () => 'expired' });
  assert.equal((await get('/healthz')).status, 200);
});

test('/readyz is 200 when every check is fulfilled', async (t) => {
  const get = await start(t, { certificate: () => undefined, server: () => undefined });
  const reply = await get('/readyz');
  assert.deepEqual([reply.status, await reply.text()], [200, 'ready\n']);
});

test('/readyz is 503 and names the failing checks only', async (t) => {
  const get = await start(t, {
    certificate: () => 'expired yesterday',
    listener: () => undefined,
    server: () => 'draining',
  });
  const reply = await get('/readyz');
  assert.equal(reply.status, 503);
  assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
  assert.equal(await reply.text(), 'not ready\n- certificate: expired yesterday\n- server: draining\n');
});

test('/metrics is the text format', async (t) => {
  const get = await start(t);
  const reply = await get('/metrics?x=1');
  assert.equal(reply.headers.get('content-type'), metrics.contentType);
  assert.match(await reply.text(), /^podscrape_build_info\{version="1"\} 1$/m);
});

test('/metrics says what /readyz says', async (t) => {
  const server: { trouble?: string } = {};
  const get = await start(t, { server: () => server.trouble });
  assert.match(await (await get('/metrics')).text(), /^podscrape_ready 1$/m);
  server.trouble = 'draining';
  assert.match(await (await get('/metrics')).text(), /^podscrape_ready 0$/m);
});

test('another path is a 404 that names the pages', async (t) => {
  const get = await start(t);
  const reply = await get('/constructor');
  assert.equal(reply.status, 404);
  assert.equal(await reply.text(), 'no such page; there are /healthz, /readyz, /metrics\n');
});

test('another method is a 405 that says which', async (t) => {
  const get = await start(t);
  const reply = await get('/readyz', 'POST');
  assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'GET, HEAD']);
});

test('HEAD is answered without a body', async (t) => {
  const get = await start(t);
  const reply = await get('/readyz', 'HEAD');
  assert.deepEqual([reply.status, await reply.text()], [200, '']);
});

test('a page that fails is a 500, and the server lives on', async (t) => {
  const get = await start(t, {}, () => Promise.reject(new Error('no metrics today')));
  assert.equal((await get('/metrics')).status, 500);
  assert.equal((await get('/healthz')).status, 200);
});

test('a port in use is a clear error', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  await assert.rejects(startHealthServer({ host: '127.0.0.1', port, metrics, checks: {}, log }), {
    name: 'ListenError',
    message: `cannot listen on 127.0.0.1:${port}: address already in use; choose another with --health-port`,
  });
});
