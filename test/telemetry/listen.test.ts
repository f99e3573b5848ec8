import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Server } from 'node:net';
import { test } from 'node:test';
import { hostAndPort, listen } from '../../src/telemetry/listen.ts';

const flags = { hostFlag: '--host', portFlag: '--port' };

/** A server whose `listen` fails with `code` on the hosts given, because the system's answers differ by machine. */
function failing(code: string, hosts: readonly string[]): { server: Server; tried: string[] } {
  const tried: string[] = [];
  const server = Object.assign(new EventEmitter(), {
    listen({ host }: { host: string }, done: () => void) {
      tried.push(host);
      if (hosts.includes(host)) server.emit('error', Object.assign(new Error(`listen ${code}`), { code }));
      else done();
    },
    address: () => ({ address: tried.at(-1), port: 1, family: 'IPv4' }),
  });
  return { server: server as unknown as Server, tried };
}

const rows = [
  ['EADDRINUSE', 'cannot listen on 10.0.0.1:80: address already in use; choose another with --port'],
  [
    'EACCES',
    'cannot listen on 10.0.0.1:80: permission denied; ports below 1024 are privileged, choose a higher one with --port',
  ],
  [
    'EADDRNOTAVAIL',
    'cannot listen on 10.0.0.1:80: no interface of this machine has that address; choose another with --host',
  ],
  [
    'ENOTFOUND',
    'cannot listen on 10.0.0.1:80: no such host; give an address or a name that resolves with --host',
  ],
  ['EIO', 'cannot listen on 10.0.0.1:80: listen EIO'],
] as const;

for (const [code, message] of rows) {
  test(`${code} is a ListenError that says what to do`, async () => {
    const { server } = failing(code, ['10.0.0.1']);
    await assert.rejects(listen(server, { host: '10.0.0.1', port: 80, ...flags }), {
      name: 'ListenError',
      message,
    });
  });
}

test('a port that cannot exist is a ListenError too', async () => {
  await assert.rejects(listen(new Server(), { host: '127.0.0.1', port: 70_000, ...flags }), {
    name: 'ListenError',
    message: 'cannot listen on 127.0.0.1:70000: ports are 0 to 65535; choose another with --port',
  });
});

test('a machine without IPv6 gets 0.0.0.0 in place of ::', async () => {
  const { server, tried } = failing('EAFNOSUPPORT', ['::']);
  assert.equal((await listen(server, { host: '::', port: 0, ...flags })).address, '0.0.0.0');
  assert.deepEqual(tried, ['::', '0.0.0.0']);
});

test('an IPv6 address is written with brackets', () => {
  assert.equal(hostAndPort('::1', 80), '[::1]:80');
});
