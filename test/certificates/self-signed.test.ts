import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { suite, test } from 'node:test';

import { alternativeNames } from '../../src/certificates/names.ts';
import { LIFE, makeCertificates, OWN_CA_NAME, SKEW } from '../../src/certificates/self-signed.ts';
import { certificateSource } from '../../src/certificates/source.ts';
import { handshake, saying } from './tools.ts';

const now = new Date();
const set = await makeCertificates(alternativeNames([]), now);
const leaf = new X509Certificate(set.cert);
const authority = new X509Certificate(set.ca);

suite('certificates of our own', () => {
  test('the CA is one and the leaf is none', () => {
    assert.equal(authority.ca, true);
    assert.equal(leaf.ca, false);
    assert.match(authority.subject, OWN_CA_NAME);
    assert.deepEqual(authority.keyUsage, undefined);
    // 1.3.6.1.5.5.7.3.1 is serverAuth.
    assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1']);
    assert.ok(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  });

  test('both are ECDSA: clients refuse a chain of mixed kinds', () => {
    assert.deepEqual([leaf.publicKey.asymmetricKeyType, authority.publicKey.asymmetricKeyType], ['ec', 'ec']);
  });

  test('both begin an hour ago and end in a year', () => {
    const second = (date: Date): number => Math.floor(date.getTime() / 1000);
    for (const certificate of [leaf, authority]) {
      assert.equal(second(certificate.validFromDate), second(new Date(now.getTime() - SKEW)));
      assert.equal(second(certificate.validToDate), second(new Date(now.getTime() + LIFE)));
    }
  });

  test('each PEM ends with a newline, so that two can be joined', () => {
    for (const pem of [set.ca, set.cert, set.key])
      assert.match(pem, /[^\n]-----END [A-Z ]+-----\n$|[^\n]\n-----END [A-Z ]+-----\n$/);
  });

  test('the names are listed by kind', () => {
    const listed = 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1';
    assert.equal(leaf.subjectAltName, listed);
  });

  test('no two CAs have one name, and the key of the CA is not in the set', async () => {
    const other = await makeCertificates(alternativeNames([]), now);
    assert.notEqual(new X509Certificate(other.ca).subject, authority.subject);
    assert.equal(leaf.publicKey.equals(authority.publicKey), false);
    assert.deepEqual(Object.keys(set).sort(), ['ca', 'cert', 'key']);
  });
});

suite('names', () => {
  test('host names and addresses are told apart, once each, in lower case', () => {
    const names = [
      'Podscrape.Monitoring.svc',
      '10.0.0.7',
      'fd00::1',
      '*.example.com',
      'podscrape.monitoring.svc',
    ];
    assert.deepEqual(alternativeNames(names), [
      { kind: 'dns', value: 'podscrape.monitoring.svc' },
      { kind: 'ip', value: '10.0.0.7' },
      { kind: 'ip', value: 'fd00::1' },
      { kind: 'dns', value: '*.example.com' },
    ]);
  });

  for (const name of [
    '',
    ' ',
    'a b',
    'https://podscrape',
    'host:8443',
    '[::1]',
    'fe80::1%eth0',
    '127.0.0.256',
    '-a',
    'a..b',
    'a\n',
    'ä.de',
    `${'a'.repeat(64)}.svc`,
    'a.*.b',
  ]) {
    test(`${JSON.stringify(name)} is refused`, () => {
      assert.throws(() => alternativeNames([name]), saying(JSON.stringify(name), 'neither a host name'));
    });
  }
});

suite('a handshake with a client that trusts the CA alone', () => {
  test('by address', async () => {
    assert.equal(await handshake(set, { host: '127.0.0.1', ca: set.ca }), 'ok');
  });

  const ipv6 = Object.values(networkInterfaces())
    .flat()
    .some((address) => address?.address === '::1');
  test('by IPv6 address', { skip: ipv6 ? false : 'this machine has no ::1' }, async () => {
    assert.equal(await handshake(set, { host: '::1', ca: set.ca }), 'ok');
  });

  test('by name', async () => {
    assert.equal(await handshake(set, { host: '127.0.0.1', servername: 'localhost', ca: set.ca }), 'ok');
  });

  test('not by another name', async () => {
    const client = { host: '127.0.0.1', servername: 'podscrape.monitoring.svc', ca: set.ca };
    assert.equal(await handshake(set, client), 'ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('not with another CA', async () => {
    const { ca } = await makeCertificates(alternativeNames([]), now);
    assert.equal(await handshake(set, { host: '127.0.0.1', ca }), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  test('not after the certificate has ended', async () => {
    const old = await makeCertificates(alternativeNames([]), new Date(now.getTime() - LIFE - SKEW));
    assert.equal(await handshake(old, { host: '127.0.0.1', ca: old.ca }), 'CERT_HAS_EXPIRED');
  });

  test('with the CAs of two generations in one bundle, in either order', async () => {
    const next = await makeCertificates(alternativeNames([]), now);
    for (const ca of [set.ca + next.ca, next.ca + set.ca]) {
      assert.equal(await handshake(set, { host: '127.0.0.1', ca }), 'ok');
      assert.equal(await handshake(next, { host: '127.0.0.1', ca }), 'ok');
    }
  });
});

test('without files the certificate is made in memory', async () => {
  const source = await certificateSource({ dnsNames: ['podscrape.monitoring.svc'], clock: () => now });
  assert.equal(new X509Certificate(source.cert).subjectAltName, 'DNS:podscrape.monitoring.svc');
  assert.equal(source.notAfter.getTime(), new X509Certificate(source.cert).validToDate.getTime());
  assert.match(
    source.description,
    /^own certificate, new at every start, for podscrape\.monitoring\.svc, valid until 20/,
  );
  const client = { host: '127.0.0.1', servername: 'podscrape.monitoring.svc', ca: source.ca ?? '' };
  assert.equal(await handshake(source, client), 'ok');
});
