import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { generate } from 'selfsigned';

import { readCaBundle, readKeyPair } from '../../src/certificates/files.ts';
import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import { file, handshake, saying, temporaryFolder } from './tools.ts';

const now = new Date();
const set = await makeCertificates(alternativeNames([]), now);
const other = await makeCertificates(alternativeNames([]), now);
const days = (count: number): Date => new Date(now.getTime() + count * 24 * 60 * 60 * 1000);

/** Loads the two texts as files. */
function load(t: TestContext, cert: string, key: string): ReturnType<typeof readKeyPair> {
  const folder = temporaryFolder(t);
  return readKeyPair(file(folder, 'server.crt', cert), file(folder, 'server.key', key));
}

suite('a certificate and its key from files', () => {
  test('they serve', async (t) => {
    const pair = await load(t, set.cert, set.key);
    assert.equal(await handshake(pair, { host: '127.0.0.1', ca: set.ca }), 'ok');
  });

  test('the chain may follow the certificate', async (t) => {
    assert.equal((await load(t, set.cert + set.ca, set.key)).cert, set.cert + set.ca);
  });

  const refused: [title: string, cert: string, key: string, ...parts: string[]][] = [
    [
      'the key of another certificate',
      set.cert,
      other.key,
      'server.key: the private key is not that of',
      'server.crt',
    ],
    [
      'the chain before the certificate',
      set.ca + set.cert,
      set.key,
      'is that of certificate 2; put that one first',
    ],
    ['no PEM', 'hello', set.key, 'server.crt: no PEM certificate'],
    ['an empty certificate', '', set.key, 'server.crt: no PEM certificate'],
    ['an empty key', set.cert, '', 'server.key: no PEM private key'],
    [
      'the two swapped',
      set.key,
      set.cert,
      'server.crt: no PEM certificate',
      'it holds a PRIVATE KEY',
      'swapped?',
    ],
    ['two certificates', set.cert, set.cert, 'server.key: no PEM private key', 'swapped?'],
    ['a damaged certificate', damaged(set.cert), set.key, 'server.crt: certificate 1 is damaged'],
    [
      'a damaged second certificate',
      set.cert + damaged(set.ca),
      set.key,
      'server.crt: certificate 2 is damaged',
    ],
    ['a damaged key', set.cert, damaged(set.key), 'server.key: the private key is damaged'],
    [
      'an encrypted key',
      set.cert,
      encryptedKey(),
      'server.key: the private key is encrypted',
      'openssl pkey',
    ],
  ];
  for (const [title, cert, key, ...parts] of refused) {
    test(`refused: ${title}`, (t) => assert.rejects(load(t, cert, key), saying(...parts)));
  }

  test('refused: a key that TLS finds too short', async (t) => {
    const weak = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 1024,
      algorithm: 'sha256',
      // Rounded to the second, a certificate made now could be valid from the next one on.
      notBeforeDate: days(-1),
    });
    await assert.rejects(
      load(t, weak.cert, weak.private),
      saying('server.crt and', 'TLS refuses them', 'key too small'),
    );
  });

  test('refused: files that cannot be read', async (t) => {
    const folder = temporaryFolder(t);
    const cert = file(folder, 'server.crt', set.cert);
    const key = (keyFile: string): ReturnType<typeof readKeyPair> => readKeyPair(cert, keyFile);
    await assert.rejects(key(`${folder}/none.key`), saying('none.key: there is no such file'));
    await assert.rejects(key(folder), saying(`${folder}: is a directory`));
    await assert.rejects(
      key(file(folder, 'large', 'x'.repeat(1024 * 1024 + 1))),
      saying('large: larger than 1 MiB'),
    );
  });
});

suite('a bundle of CAs to trust', () => {
  const bundle = (t: TestContext, text: string, clock = now): ReturnType<typeof readCaBundle> =>
    readCaBundle(file(temporaryFolder(t), 'ca.crt', text), clock);

  test('the certificates and nothing else', async (t) => {
    const { pem, warnings } = await bundle(t, `# mine\n${set.ca}\n\n# theirs\n${other.ca.trimEnd()}`);
    assert.equal(pem, set.ca + other.ca);
    assert.deepEqual(warnings, []);
  });

  test('an expired one is told', async (t) => {
    const { warnings } = await bundle(t, set.ca, days(366));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /ca\.crt: certificate 1 expired at /);
  });

  test('a private key must not be published', (t) =>
    assert.rejects(bundle(t, set.ca + set.key), saying('ca.crt: there is a private key in it')));

  test('nor an encrypted one', (t) =>
    assert.rejects(bundle(t, set.ca + encryptedKey()), saying('a private key in it')));

  test('no certificate', (t) => assert.rejects(bundle(t, 'hello'), saying('ca.crt: no PEM certificate')));

  test('no file', () =>
    assert.rejects(readCaBundle('/nonexistent/ca.crt', now), saying('there is no such file')));
});

function damaged(pem: string): string {
  return pem.replace(/\n.{8}/, '\nAAAAAAAA');
}

function encryptedKey(): string {
  const privateKeyEncoding = {
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'test',
  } as const;
  const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
  return generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding, publicKeyEncoding }).privateKey;
}
