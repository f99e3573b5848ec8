import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listening, metric, send, wire } from './support.ts';

const rows = [
  ['no HTTP at all', '\u0000\u0001\u0002\r\n\r\n', 400, 'bad-http'],
  ['an unknown method', 'FETCH /mutate HTTP/1.1\r\n\r\n', 400, 'bad-http'],
  [
    'a length that is no number',
    'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: CANARY\r\n\r\n',
    400,
    'bad-http',
  ],
  [
    'a length and chunks',
    'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'bad-http',
  ],
  [
    'headers of 100 kB',
    `POST /mutate HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`,
    431,
    'headers-too-large',
  ],
] as const;

for (const [what, bytes, status, code] of rows) {
  test(`${what}: a short ${status}, the end of the connection, and the server lives on`, async (t) => {
    const { port, metrics } = await listening(t);
    const { socket, text, closed } = await wire(t, port);
    socket.write(bytes);
    await closed;
    assert.match(text(), new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*"error":"${code}"`));
    assert.doesNotMatch(text(), /CANARY/);
    assert.equal(await metric(metrics, `podscrape_admission_rejected_requests_total{status="${status}"}`), 1);
    assert.equal((await send(port)).status, 200);
  });
}
