import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { head, listening, metric, problem, review, send, until, verdict, wire } from './support.ts';

const MIB = 1024 * 1024;
const blank = (bytes: number) => Buffer.alloc(bytes, ' ');
/** Blanks around a value are JSON, so a body can have any size and be right. */
const padded = (json: string, bytes: number) =>
  Buffer.concat([Buffer.from(json), blank(bytes - json.length)]);

for (const [what, body] of [
  ['8 MiB with a length', blank(8 * MIB)],
  ['8 MiB chunked', Array.from({ length: 8 }, () => blank(MIB))],
  ['80 MiB with a length', blank(80 * MIB)],
  ['80 MiB chunked', Array.from({ length: 80 }, () => blank(MIB))],
] as const) {
  test(`${what}: 413, and the connection is closed`, async (t) => {
    const { port, metrics } = await listening(t);
    const reply = await send(port, { body });
    assert.deepEqual([reply.status, reply.headers.connection], [413, 'close']);
    assert.deepEqual(problem(reply), {
      error: 'body-too-large',
      message: `the body is larger than ${7 * MIB} bytes; server.bodyLimitBytes in the configuration raises it`,
    });
    assert.equal(await metric(metrics, 'podscrape_admission_rejected_requests_total{status="413"}'), 1);
  });
}

test('exactly the limit is taken, with and without a length', async (t) => {
  const { port } = await listening(t, { limits: { bodyBytes: 1000 } });
  const json = '{"kind":"AdmissionReview"}';
  const body = padded(json, 1000);
  for (const whole of [body, [body]]) {
    assert.equal(problem(await send(port, { body: whole })).error, 'wrong-version');
  }
  for (const whole of [padded(json, 1001), [body, blank(1)]]) {
    assert.equal((await send(port, { body: whole })).status, 413);
  }
});

test('a body near the limit gets its verdict', async (t) => {
  const { port } = await listening(t);
  const json = JSON.stringify(review());
  assert.equal(verdict(await send(port, { body: padded(json, 7 * MIB) })).allowed, true);
});

test('exactly as many values as may be are taken; one more: 413, in words of its own', async (t) => {
  const { port, metrics } = await listening(t, { limits: { bodyValues: 1000 } });
  // A list and the commas in it, and blanks: only what is longer than so many bytes is counted.
  const list = (values: number) => padded(`[${'0,'.repeat(values - 1)}0]`, 3000);
  assert.equal(problem(await send(port, { body: list(1000) })).error, 'not-a-review');
  const reply = await send(port, { body: list(1001) });
  assert.equal(reply.status, 413);
  assert.deepEqual(problem(reply), {
    error: 'too-many-values',
    message: 'the body holds more than 1000 values; an object that large has no place in etcd',
  });
  assert.equal(await metric(metrics, 'podscrape_admission_body_bytes_in_flight'), 0);
});

test('a client that says it will close, refused while it still sends, reads the answer', async (t) => {
  const { port } = await listening(t, {
    limits: { inFlightBytes: 10_000, bodyBytes: 10_000, lingerMs: 60_000 },
  });
  const holding = await wire(t, port);
  holding.socket.write(head(10_000));
  await until('the budget to be taken', async () => (await send(port, { body: ' ' })).status === 503);
  const { socket, text } = await wire(t, port, { allowHalfOpen: true });
  const ended = once(socket, 'end');
  socket.write(head(9_000).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await until('the answer', () => text().startsWith('HTTP/1.1 503 '));
  await new Promise<void>((resolve, reject) => {
    socket.write(blank(9_000), (error) => (error ? reject(error) : resolve()));
  });
  await ended;
  assert.match(text(), /too-many-bodies/);
  socket.end();
});

test('an announced length is judged before a byte of the body is there', async (t) => {
  const { port } = await listening(t);
  const { socket, text } = await wire(t, port);
  socket.write(head(7 * MIB + 1));
  await until('an answer', () => text().startsWith('HTTP/1.1 413 '));
});

test('a client that writes everything before it reads still reads the 413', async (t) => {
  const { port } = await listening(t, { limits: { lingerMs: 60_000 } });
  const { socket, text } = await wire(t, port);
  socket.pause();
  await new Promise<void>((resolve, reject) => {
    socket.write(head(8 * MIB));
    socket.write(blank(8 * MIB), (error) => (error ? reject(error) : resolve()));
  });
  socket.resume();
  await once(socket, 'end');
  assert.match(text(), /^HTTP\/1\.1 413 /);
});

test('a client that neither stops sending nor closes is cut off', async (t) => {
  const { port } = await listening(t, { limits: { lingerMs: 50, receiveMs: 60_000 } });
  const { socket, text, closed } = await wire(t, port, { allowHalfOpen: true });
  socket.write(head());
  const timer = setInterval(() => socket.write(`100000\r\n${' '.repeat(MIB)}\r\n`), 5);
  t.after(() => clearInterval(timer));
  await closed;
  assert.match(text(), /^HTTP\/1\.1 413 /);
});

test('a body that ends before its length is no harm to anybody', async (t) => {
  const { port, lines, metrics } = await listening(t);
  const { socket } = await wire(t, port);
  socket.write(`${head(1000)}{`);
  socket.destroy();
  await until('the broken body to be noticed', () => lines.some(({ code }) => code === 'body-incomplete'));
  assert.equal(await metric(metrics, 'podscrape_admission_rejected_requests_total{status="400"}'), 1, 'once');
  assert.equal((await send(port)).status, 200);
});
