import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { LIMITS } from '../../src/webhook/limits.ts';
import { head, listening, metric, review, send, until, wire } from './support.ts';

const timedOut = 'podscrape_admission_rejected_requests_total{status="408"}';

test('no timeout of ours ends a quiet connection before Go’s client does, after 90 s', () => {
  for (const milliseconds of [LIMITS.keepAliveMs, LIMITS.headersMs, LIMITS.requestMs])
    assert.ok(milliseconds > 90_000);
  assert.ok(LIMITS.requestMs >= LIMITS.headersMs);
  assert.equal(LIMITS.receiveMs, 10_000);
});

for (const [what, bytes] of [
  ['a request line without end', 'POST /mut'],
  ['headers without end', 'POST /mutate HTTP/1.1\r\nHost: localhost\r\nX-A: '],
  ['a body without end', `${head(100)}{`],
  ['a chunked body without end', `${head()}1\r\n{\r\n`],
] as const) {
  test(`${what} is cut off, and counted`, async (t) => {
    const { port, metrics } = await listening(t, { limits: { receiveMs: 100, lingerMs: 60_000 } });
    const { socket, closed } = await wire(t, port);
    socket.write(bytes);
    await closed;
    assert.equal(await metric(metrics, timedOut), 1);
  });
}

test('a byte now and then does not help', async (t) => {
  const { port, metrics } = await listening(t, { limits: { receiveMs: 200 } });
  const { socket, closed } = await wire(t, port);
  socket.write(head(100_000));
  const timer = setInterval(() => socket.write(' '), 10);
  t.after(() => clearInterval(timer));
  await closed;
  assert.equal(await metric(metrics, timedOut), 1);
});

test('a connection that has sent nothing yet, or nothing more, is left alone', async (t) => {
  const { port, metrics } = await listening(t, { limits: { receiveMs: 50 } });
  const silent = await wire(t, port);
  const used = await wire(t, port);
  const body = JSON.stringify(review());
  used.socket.write(head(body.length) + body);
  await until('the first answer', () => used.text().includes('"allowed":true'));
  await sleep(200);
  for (const { socket } of [silent, used]) socket.write(head(body.length) + body);
  await until('an answer on the silent one', () => silent.text().includes('"allowed":true'));
  await until('a second answer', () => used.text().split('"allowed":true').length === 3);
  assert.equal(await metric(metrics, timedOut), 0);
});

test('the second request of a connection has its own time', async (t) => {
  const { port, metrics } = await listening(t, { limits: { receiveMs: 100 } });
  const { socket, text, closed } = await wire(t, port);
  const body = JSON.stringify(review());
  socket.write(head(body.length) + body);
  await until('the first answer', () => text().includes('"allowed":true'));
  socket.write('POST');
  await closed;
  assert.equal(await metric(metrics, timedOut), 1);
});

test('of too many silent connections the oldest goes, and those that spoke stay', async (t) => {
  const { port } = await listening(t, { limits: { maxSilent: 3 } });
  const body = JSON.stringify(review());
  const spoke = await wire(t, port);
  spoke.socket.write(head(body.length) + body);
  await until('an answer', () => spoke.text().includes('"allowed":true'));
  const [oldest, ...others] = [
    await wire(t, port),
    await wire(t, port),
    await wire(t, port),
    await wire(t, port),
  ];
  await oldest.closed;
  for (const { socket } of [spoke, ...others]) socket.write(head(body.length) + body);
  for (const one of others) await until('an answer', () => one.text().includes('"allowed":true'));
  await until('a second answer', () => spoke.text().split('"allowed":true').length === 3);
});

test('a hundred slow clients keep nobody from an answer', async (t) => {
  const { port } = await listening(t);
  for (let open = 0; open < 100; open += 1) (await wire(t, port)).socket.write(`${head(1000)}{`);
  assert.equal((await send(port)).status, 200);
});
