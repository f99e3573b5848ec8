// All bodies that are being received share one budget, so that many large ones cannot fill the memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../src/webhook/limits.ts';
import { head, listening, metric, problem, send, until, wire } from './support.ts';

const limits = { bodyBytes: 10_000, inFlightBytes: 25_000 };
const inFlight = 'podscrape_admission_in_flight_requests';
const heldBytes = 'podscrape_admission_body_bytes_in_flight';

test('by default the budget is 48 MiB, and a body at most 7 MiB', () => {
  assert.deepEqual([LIMITS.inFlightBytes, LIMITS.bodyBytes], [48 * 1024 * 1024, 7 * 1024 * 1024]);
});

test('an announced length counts before a byte of it is there; beyond the budget: 503, try again in a second', async (t) => {
  const { port, metrics } = await listening(t, { limits });
  for (let open = 0; open < 2; open += 1) (await wire(t, port)).socket.write(head(10_000));
  await until('both to be received', async () => (await metric(metrics, inFlight)) === 2);
  const body = Buffer.alloc(6_000, ' ');
  const refused = await send(port, { body });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
  assert.equal(problem(refused).error, 'too-many-bodies');
  const shed = 'podscrape_admission_shed_requests_total{cause="body-budget"}';
  assert.equal(await metric(metrics, shed), 1);
  const chunked = await send(port, { body: [body] });
  assert.deepEqual([chunked.status, chunked.headers['retry-after']], [503, '1']);
  assert.equal((await send(port, { body: body.subarray(0, 5_000) })).status, 400, 'what fits is taken');
});

test('who is sent away with a body of a decent size keeps the connection, so that the answer arrives', async (t) => {
  const { port, metrics } = await listening(t, { limits });
  const held = [await wire(t, port), await wire(t, port)];
  for (const { socket } of held) socket.write(head(10_000));
  await until('both to be received', async () => (await metric(metrics, inFlight)) === 2);
  const { socket, text } = await wire(t, port);
  socket.write(head(6_000));
  await until('the first answer', () => text().startsWith('HTTP/1.1 503 '));
  for (const one of held) one.socket.destroy();
  await until('the others to be over', async () => (await metric(metrics, inFlight)) <= 1);
  socket.write(' '.repeat(6_000) + head(1) + ' ');
  await until('the second answer', () => text().includes('HTTP/1.1 400 '));
  assert.doesNotMatch(text(), /connection: close/i);
});

test('a chunked body counts as it grows', async (t) => {
  const { port } = await listening(t, { limits });
  const chunk = `1f40\r\n${' '.repeat(8_000)}\r\n`;
  const wires = [await wire(t, port), await wire(t, port), await wire(t, port)];
  for (const { socket } of wires) socket.write(head());
  for (const { socket } of wires) socket.write(chunk);
  await until(
    'three shares to be taken',
    async () => (await send(port, { body: Buffer.alloc(2_000, ' ') })).status === 503,
  );
  assert.equal((await send(port, { body: Buffer.alloc(900, ' ') })).status, 400);
});

for (const [what, end] of [
  ['an answer', (socket: { write(text: string): unknown }) => socket.write(' '.repeat(10_000))],
  ['a broken connection', (socket: { destroy(): unknown }) => socket.destroy()],
] as const) {
  test(`the share is given back after ${what}`, async (t) => {
    const { port, metrics } = await listening(t, { limits });
    const wires = [await wire(t, port), await wire(t, port)];
    for (const { socket } of wires) socket.write(head(10_000));
    await until('both to be received', async () => (await metric(metrics, inFlight)) === 2);
    assert.equal(await metric(metrics, heldBytes), 20_000);
    for (const { socket } of wires) end(socket);
    await until('both to be over', async () => (await metric(metrics, inFlight)) === 0);
    assert.equal(await metric(metrics, heldBytes), 0);
    for (let open = 0; open < 2; open += 1) (await wire(t, port)).socket.write(head(10_000));
    await until('both to be received', async () => (await metric(metrics, inFlight)) === 2);
    assert.equal((await send(port, { body: Buffer.alloc(5_000, ' ') })).status, 400);
  });
}

test('a hundred clients at once with bodies that are too large leave the server whole', async (t) => {
  const { port, metrics } = await listening(t, { limits: { bodyBytes: 700_000, inFlightBytes: 4_800_000 } });
  const chunk = Buffer.alloc(100_000, ' ');
  const bodies = [Array.from({ length: 8 }, () => chunk), Buffer.alloc(800_000, ' ')];
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, index) => send(port, { body: bodies[index % 2] ?? '' })),
  );
  for (const { status, headers } of replies) {
    assert.ok(status === 413 || (status === 503 && headers['retry-after'] === '1'), String(status));
  }
  await until('all to be over', async () => (await metric(metrics, inFlight)) === 0);
  assert.equal((await send(port)).status, 200);
});
