import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTlsReporter } from '../../src/webhook/tls-trouble.ts';
import { recordingLog } from './support.ts';

test('at most one line in ten seconds, with the count of all since the last', () => {
  const { log, lines } = recordingLog();
  let now = 0;
  const report = createTlsReporter(log, () => now);
  for (now = 0; now <= 10_000; now += 2_500) report('ERR_SSL_X');
  assert.deepEqual(
    lines.map(({ level, code, count }) => [level, code, count]),
    [
      ['warn', 'ERR_SSL_X', 1],
      ['warn', 'ERR_SSL_X', 4],
    ],
  );
});

for (const [code, hint] of [
  // What Go's client makes Node say, seen with TLS 1.2 and 1.3.
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', /compare the caBundle .* and the name it calls/],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', /compare the caBundle/],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', /has expired/],
  ['ERR_SSL_HTTP_REQUEST', /plain HTTP; this port is HTTPS only/],
  ['ERR_SSL_NO_SHARED_CIPHER', /^undefined$/],
] as const) {
  test(`${code} says what to look at`, () => {
    const { log, lines } = recordingLog();
    createTlsReporter(log, () => 0)(code);
    assert.match(String(lines[0]?.['hint']), hint);
  });
}
