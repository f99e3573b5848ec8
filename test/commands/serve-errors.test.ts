// Errors that nobody caught: a webhook that ends over one bad connection would be an outage.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { SERVE_DEFAULTS, serve } from '../../src/commands/serve.ts';
import { send, until } from '../webhook/support.ts';
import type { LogLine } from '../webhook/support.ts';

for (const name of ['uncaughtException', 'unhandledRejection']) {
  test(`${name}: a fatal line without the words of the error, and the server serves on`, async () => {
    const events = new EventEmitter();
    let text = '';
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString();
        done();
      },
    });
    const lines = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine);
    const find = (msg: string) => lines().find((line) => line['msg'] === msg);
    const loopback = { host: '127.0.0.1', port: 0, healthHost: '127.0.0.1', healthPort: 0 };
    const options = { ...SERVE_DEFAULTS, ...loopback, dnsName: ['localhost'] };
    const code = serve(options, { stdout, stderr: stdout, env: {}, events });
    await until('it to serve', () => find('serving') !== undefined);
    const port = Number(new URL(String(find('serving')?.['webhook'])).port);
    const ca = Buffer.from(String(find('certificate')?.['caBundle']), 'base64').toString();

    events.emit(name, new Error('CANARY'));
    assert.equal(find('uncaught error')?.['level'], 'fatal');
    assert.doesNotMatch(text, /CANARY/);
    assert.equal((await send(port, { ca })).status, 200);

    events.emit('SIGTERM');
    events.emit('SIGINT');
    assert.equal(await code, 130);
    for (const event of ['SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection']) {
      assert.equal(events.listenerCount(event), 0, `${event} is let go`);
    }
    await assert.rejects(send(port, { ca }), { code: 'ECONNREFUSED' });
  });
}
