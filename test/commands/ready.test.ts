import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, suite, test } from 'node:test';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';
import { startWebhook } from '../cluster/webhook.ts';
import type { Webhook } from '../cluster/webhook.ts';
import { run } from './run.ts';

suite('podscrape ready', () => {
  let webhook: Webhook;
  before(async () => {
    webhook = await startWebhook();
  });
  after(() => webhook.stop());

  test('says that probes and webhook answer', async () => {
    const health = `http://127.0.0.1:${webhook.healthPort}`;
    const ca = `${webhook.certDir}/ca.crt`;
    const { code, stdout, stderr } = await run('ready', '--url', health, webhook.url, '--ca-file', ca);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `${health}: ready\n${webhook.url}: the webhook answers\n`);
  });

  test('fails where the certificate is of another authority', async (t) => {
    const { ca } = await makeCertificates(alternativeNames([]), new Date());
    const other = file(temporaryFolder(t), 'ca.crt', ca);
    const args = ['--url', webhook.url, '--ca-file', other, '--timeout-seconds', '0'];
    const { code, stderr } = await run('ready', ...args);
    assert.equal(code, 1);
    assert.match(stderr, /certificate/);
  });

  test('fails where nobody is', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { code, stderr } = await run(
      'ready',
      ...['--url', `http://127.0.0.1:${port}`, '--timeout-seconds', '0'],
    );
    assert.equal(code, 1);
    assert.match(stderr, /ECONNREFUSED/);
  });

  test('fails where something else answers', async () => {
    const url = `http://127.0.0.1:${webhook.port}`;
    const { code } = await run('ready', '--url', url, '--timeout-seconds', '0');
    assert.equal(code, 1);
  });

  test('fails in time where an answer never ends', async (t) => {
    const server = createServer((socket) => {
      const dripping = setInterval(() => socket.write('x'), 50);
      socket.on('close', () => clearInterval(dripping)).on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(
      'ready',
      ...['--url', `http://127.0.0.1:${port}`, '--timeout-seconds', '0'],
    );
    assert.deepEqual([code, stderr], [1, `http://127.0.0.1:${port}: no answer in time\n`]);
  });

  test('wants to know where, as a base', async () => {
    assert.deepEqual(
      [(await run('ready')).code, (await run('ready', '--url', 'podscrape:8080')).code],
      [2, 2],
    );
    const { code, stderr } = await run('ready', '--url', 'http://podscrape:8080/readyz');
    assert.equal(code, 2);
    assert.match(stderr, /A base such as/);
  });
});
