import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { certificateSource } from '../../src/certificates/source.ts';
import { certificate, listening, send, until, verdict, wire } from './support.ts';

test('a POST over TLS gets its verdict', async (t) => {
  const { port } = await listening(t);
  const reply = await send(port, { path: '/mutate/namespace?timeout=3s' });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
  assert.deepEqual([verdict(reply).uid, verdict(reply).allowed], ['f0a1', true]);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version} is spoken`, async (t) => {
    const { port } = await listening(t);
    const { socket } = await wire(t, port, { minVersion: version, maxVersion: version });
    assert.equal(socket.getProtocol(), version);
  });
}

test('TLS 1.1 is not, before and after the certificate is replaced', async (t) => {
  const { port, server } = await listening(t);
  // Without the lower security level this side would not even ask for it.
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const;
  const refused = { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' };
  await assert.rejects(wire(t, port, old), refused);
  server.replaceCertificate(certificate);
  await assert.rejects(wire(t, port, old), refused);
});

test('of HTTP/2 and HTTP/1.1 it chooses HTTP/1.1', async (t) => {
  const { port } = await listening(t);
  assert.equal((await wire(t, port, { ALPNProtocols: ['h2', 'http/1.1'] })).socket.alpnProtocol, 'http/1.1');
});

test('who speaks HTTP/2 only is refused', async (t) => {
  const { port } = await listening(t);
  await assert.rejects(wire(t, port, { ALPNProtocols: ['h2'] }), /no application protocol/);
});

test('a replaced certificate is used for new connections, and open ones go on', async (t) => {
  const { port, server } = await listening(t);
  const before = await wire(t, port);
  const next = await certificateSource({ dnsNames: ['localhost'] });
  server.replaceCertificate(next);
  const after = await wire(t, port, { ca: next.ca });
  const serial = (pem: string) => new X509Certificate(pem).serialNumber;
  assert.equal(after.socket.getPeerCertificate().serialNumber, serial(next.cert));
  assert.notEqual(serial(next.cert), serial(certificate.cert));
  before.socket.write('GET /mutate HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until('the old connection to answer', () => before.text().startsWith('HTTP/1.1 405 '));
});

test('a key that does not belong to the certificate is an error, and the one in force stays', async (t) => {
  const { port, server } = await listening(t);
  const other = await certificateSource({ dnsNames: ['localhost'] });
  assert.throws(
    () => server.replaceCertificate({ key: other.key, cert: certificate.cert }),
    /key values mismatch/,
  );
  assert.throws(() => server.replaceCertificate({ key: 'no', cert: 'PEM' }));
  assert.equal((await send(port)).status, 200);
});

test('a failed handshake shows in the log', async (t) => {
  const { port, lines } = await listening(t);
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  // A fatal alert, bad_certificate, in a record of TLS 1.2.
  socket.write(Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x2a]));
  await until('a line in the log', () => lines.some(({ msg }) => msg === 'TLS handshake failed'));
});

test('plain HTTP is refused without harm', async (t) => {
  const { port } = await listening(t);
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await once(socket, 'close');
  assert.equal((await send(port)).status, 200);
});
