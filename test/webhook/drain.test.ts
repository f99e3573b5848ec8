// The apiserver repeats a POST that got 503 with Retry-After, but not one whose connection ended under it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { head, listening, problem, review, send, until, wire } from './support.ts';

const body = JSON.stringify(review());

test('in service it does not drain', async (t) => {
  const { server } = await listening(t);
  assert.deepEqual([server.draining(), server.listening()], [false, true]);
});

test('during the delay it is unready, serves on, and asks clients to leave their connections', async (t) => {
  const { server, port } = await listening(t);
  void server.drain({ delayMs: 60_000 });
  assert.deepEqual([server.draining(), server.listening()], [true, true]);
  const agent = new https.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const reply = await send(port, { agent });
  assert.deepEqual([reply.status, reply.headers.connection], [200, 'close']);
});

test('after the delay new requests get 503 with Retry-After 0 and the end of the connection', async (t) => {
  const { server, port } = await listening(t, { limits: { settleMs: 60_000 } });
  const open = await wire(t, port);
  void server.drain({ delayMs: 0 });
  await sleep(10);
  const reply = await send(port);
  assert.deepEqual(
    [reply.status, reply.headers['retry-after'], reply.headers.connection],
    [503, '0', 'close'],
  );
  assert.equal(problem(reply).error, 'draining');
  open.socket.write(head(body.length) + body);
  await open.closed;
  assert.match(open.text(), /^HTTP\/1\.1 503 [\s\S]*retry-after: 0\r\n/i);
});

test('a request under way is answered before the end', async (t) => {
  const { server, port } = await listening(t);
  const { socket, text, closed } = await wire(t, port);
  socket.write(head(body.length) + body.slice(0, 10));
  await sleep(50);
  const drained = server.drain({ delayMs: 0 });
  await sleep(50);
  assert.equal(server.listening(), true, 'it waits for the request');
  socket.write(body.slice(10));
  await drained;
  await closed;
  assert.match(text(), /"allowed":true/);
});

test('then the listener and the idle connections are gone', async (t) => {
  const { server, port } = await listening(t);
  const silent = await wire(t, port);
  const idle = await wire(t, port);
  idle.socket.write(head(body.length) + body);
  await until('an answer', () => idle.text().includes('"allowed":true'));
  await server.drain({ delayMs: 0 });
  await Promise.all([silent.closed, idle.closed]);
  assert.equal(server.listening(), false);
  await assert.rejects(send(port), { code: 'ECONNREFUSED' });
});

test('a request that never ends does not hold up the end', async (t) => {
  const { server, port } = await listening(t, { limits: { drainMs: 50, receiveMs: 60_000 } });
  const { socket, closed } = await wire(t, port);
  socket.write(`${head(1000)}{`);
  await sleep(50);
  void server.drain({ delayMs: 0 });
  await until('the end', () => !server.listening());
  await closed;
});

test('a connection that never gets to TLS does not hold up the end', async (t) => {
  const { server, port } = await listening(t);
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  await sleep(20);
  await Promise.all([once(socket, 'close'), server.drain({ delayMs: 0 })]);
});

test('draining twice is draining once', async (t) => {
  const { server } = await listening(t);
  const first = server.drain({ delayMs: 0 });
  assert.equal(server.drain({ delayMs: 60_000 }), first);
  await first;
});

test('closing cuts a draining short, in its delay and while it waits for a request', async (t) => {
  for (const delayMs of [60_000, 0]) {
    const { server, port } = await listening(t, { limits: { drainMs: 60_000, receiveMs: 60_000 } });
    (await wire(t, port)).socket.write(`${head(1000)}{`);
    await sleep(50);
    const drained = server.drain({ delayMs });
    await sleep(50);
    await server.close();
    await drained;
  }
});

test('under load every answer of a draining server is a verdict or an invitation to come again', async (t) => {
  const { server, port } = await listening(t, { limits: { settleMs: 200 } });
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const seen = new Map<number, number>();
  let running = true;
  const client = async () => {
    while (running) {
      const { status, headers } = await send(port, { agent });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      if (status !== 503) continue;
      assert.equal(headers['retry-after'], '0');
      return;
    }
  };
  const clients = Promise.all(Array.from({ length: 8 }, client));
  await until('some answers', () => (seen.get(200) ?? 0) > 50);
  await Promise.all([clients, server.drain({ delayMs: 100 })]);
  running = false;
  assert.deepEqual([...seen.keys()].sort(), [200, 503]);
  assert.equal(seen.get(503), 8);
});
