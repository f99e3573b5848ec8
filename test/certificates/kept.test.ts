import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { generate } from 'selfsigned';

import { alternativeNames } from '../../src/certificates/names.ts';
import type { CertificateSet } from '../../src/certificates/self-signed.ts';
import { LIFE, makeCertificates } from '../../src/certificates/self-signed.ts';
import type { Certificate } from '../../src/certificates/source.ts';
import { certificateSource } from '../../src/certificates/source.ts';
import { unprivileged } from '../tools/unprivileged.ts';
import { file, handshake, saying, temporaryFolder } from './tools.ts';

const now = new Date();
const later = (part: number): Date => new Date(now.getTime() + part * LIFE);
const FILES = ['ca.crt', 'tls.crt', 'tls.key'];

function keep(certDir: string, clock = now, dnsNames: string[] = []): Promise<Certificate> {
  return certificateSource({ certDir, dnsNames, clock: () => clock });
}

function onDisk(folder: string): CertificateSet {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  return { ca: text('ca.crt'), cert: text('tls.crt'), key: text('tls.key') };
}

function put(folder: string, set: CertificateSet, ending = ''): void {
  writeFileSync(join(folder, `tls.key${ending}`), set.key);
  writeFileSync(join(folder, `tls.crt${ending}`), set.cert);
  writeFileSync(join(folder, `ca.crt${ending}`), set.ca);
}

const part = ({ ca, cert, key }: Certificate): object => ({ ca, cert, key });

suite('certificates kept in a folder', () => {
  test('made at the first start, for the owner’s eyes only', async (t) => {
    const folder = join(temporaryFolder(t), 'new', 'folder');
    const source = await keep(folder);
    assert.deepEqual(readdirSync(folder).sort(), FILES);
    assert.deepEqual(onDisk(folder), part(source));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'tls.key')).mode & 0o777, 0o600);
    assert.match(
      source.description,
      /\(made now because there was none; its CA is new\) for localhost, 127\.0\.0\.1, ::1,/,
    );
    assert.equal(await handshake(source, { host: '127.0.0.1', ca: source.ca ?? '' }), 'ok');
  });

  test('the CA’s key is not written', async (t) => {
    const folder = temporaryFolder(t);
    const { key } = await keep(folder);
    const all = FILES.map((name) => readFileSync(join(folder, name), 'utf8')).join('');
    assert.equal(all.split('PRIVATE KEY-----').length - 1, 2, 'one key, begin and end');
    assert.ok(all.includes(key));
  });

  test('used again at the next start', async (t) => {
    const folder = temporaryFolder(t);
    const first = await keep(folder);
    const second = await keep(folder, later(0.6));
    assert.deepEqual(part(second), part(first));
    assert.match(second.description, /\(used again\)/);
  });

  test('used again for fewer names than it has', async (t) => {
    const folder = temporaryFolder(t);
    const first = await keep(folder, now, ['a.example.com', '*.b.example.com', '::1']);
    assert.deepEqual(
      part(await keep(folder, now, ['A.example.com', '0:0::1', '*.b.example.com'])),
      part(first),
    );
  });

  const renewed: [title: string, clock: Date, names: string[], why: RegExp][] = [
    ['two thirds of its life are over', later(0.68), [], /two thirds of its life were over/],
    ['it has expired', later(1.1), [], /it expired at 20/],
    ['the clock went back behind its beginning', later(-0.5), [], /it is not valid before 20/],
    [
      'a name is new',
      now,
      ['localhost', 'podscrape.monitoring.svc'],
      /it was not for podscrape\.monitoring\.svc/,
    ],
    ['an address is new', now, ['127.0.0.2'], /it was not for 127\.0\.0\.2/],
    ['a wildcard is new', now, ['*.localhost'], /it was not for \*\.localhost/],
  ];
  for (const [title, clock, names, why] of renewed) {
    test(`made anew when ${title}`, async (t) => {
      const folder = temporaryFolder(t);
      const first = await keep(folder);
      const second = await keep(folder, clock, names);
      assert.match(second.description, why);
      assert.notEqual(second.ca, first.ca);
      assert.notEqual(second.key, first.key);
      assert.deepEqual(onDisk(folder), part(second));
      assert.deepEqual(readdirSync(folder).sort(), FILES);
    });
  }

  for (const missing of FILES) {
    test(`refused, and nothing changed: ${missing} is missing`, async (t) => {
      const folder = temporaryFolder(t);
      await keep(folder);
      rmSync(join(folder, missing));
      const before = contents(folder);
      await assert.rejects(keep(folder), saying(folder, `${missing} missing beside`, 'bring back'));
      assert.deepEqual(contents(folder), before);
    });
  }

  test('refused, and nothing changed: files that do not belong together', async (t) => {
    const folder = temporaryFolder(t);
    await keep(folder);
    const other = await makeCertificates(alternativeNames([]), now);
    for (const [name, text, ...parts] of [
      ['tls.key', other.key, 'tls.key: the private key is not that of'],
      ['ca.crt', other.ca, 'tls.crt: not signed by the CA in'],
      ['tls.crt', 'hello', 'tls.crt: no PEM certificate'],
    ] as const) {
      const kept = readFileSync(join(folder, name), 'utf8');
      writeFileSync(join(folder, name), text);
      const before = contents(folder);
      await assert.rejects(keep(folder), saying(...parts));
      assert.deepEqual(contents(folder), before);
      writeFileSync(join(folder, name), kept);
    }
  });

  test('refused: a folder that cannot be made or written', async (t) => {
    const folder = temporaryFolder(t);
    const plain = file(folder, 'plain', '');
    await assert.rejects(keep(plain), saying(plain, 'cannot keep certificates there: is there already'));
    await assert.rejects(
      keep(join(plain, 'below')),
      saying('cannot keep certificates there: is below a file'),
    );
  });

  test('refused: a folder without permission', async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o555);
    await unprivileged(() =>
      assert.rejects(keep(folder), saying('cannot write certificates there: no permission')),
    );
  });
});

suite('certificates of someone else in the folder', () => {
  test('are used while they are valid, to the end', async (t) => {
    const folder = temporaryFolder(t);
    const set = await foreign();
    put(folder, set);
    assert.deepEqual(part(await keep(folder, later(0.9))), set);
  });

  for (const [title, clock, names, why] of [
    ['expired', later(1.1), [], 'it expired at'],
    ['for other names', now, ['podscrape.monitoring.svc'], 'it was not for podscrape.monitoring.svc'],
  ] as const) {
    test(`are refused, not replaced, when ${title}`, async (t) => {
      const folder = temporaryFolder(t);
      put(folder, await foreign());
      const before = contents(folder);
      await assert.rejects(
        keep(folder, clock, [...names]),
        saying(why, 'does not replace what it has not made'),
      );
      assert.deepEqual(contents(folder), before);
    });
  }

  test('are refused when the CA has the right name and another key', async (t) => {
    const folder = temporaryFolder(t);
    put(folder, { ...(await foreign()), ca: (await foreign()).ca });
    await assert.rejects(keep(folder), saying('tls.crt: not signed by the CA in'));
  });

  async function foreign(): Promise<CertificateSet> {
    const dates = { notBeforeDate: later(-0.01), notAfterDate: later(1) };
    const kind = { keyType: 'ec', algorithm: 'sha256', ...dates } as const;
    const ca = await generate([{ name: 'commonName', value: 'Example CA' }], {
      ...kind,
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
    });
    const leaf = await generate([{ name: 'commonName', value: 'localhost' }], {
      ...kind,
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
            { type: 7, ip: '::1' },
          ],
        },
      ],
    });
    return { ca: ca.cert, cert: leaf.cert, key: leaf.private };
  }
});

// A crash at every point of the way: the old set or the new one is there afterwards, never a mixture and never none.
suite('a start after a crash in the middle of a renewal', () => {
  async function prepared(
    t: TestContext,
  ): Promise<{ folder: string; old: CertificateSet; next: CertificateSet }> {
    const folder = temporaryFolder(t);
    const [old, next] = [
      await makeCertificates(alternativeNames([]), now),
      await makeCertificates(alternativeNames([]), now),
    ];
    put(folder, old);
    put(folder, next, '.new');
    return { folder, old, next };
  }

  async function recovered(folder: string): Promise<object> {
    const source = await keep(folder);
    assert.deepEqual(readdirSync(folder).sort(), FILES, 'no left-overs');
    assert.match(source.description, /used again/);
    return part(source);
  }

  test('before the new set was complete: the old one', async (t) => {
    const { folder, old } = await prepared(t);
    renameSync(join(folder, 'ca.crt.new'), join(folder, 'ca.crt.tmp'));
    assert.deepEqual(await recovered(folder), old);
  });

  test('when it was complete: the new one', async (t) => {
    const { folder, next } = await prepared(t);
    assert.deepEqual(await recovered(folder), next);
  });

  test('when some files were in place: the new one', async (t) => {
    for (const done of [['tls.key'], ['tls.key', 'tls.crt']]) {
      const { folder, next } = await prepared(t);
      for (const name of done) renameSync(join(folder, `${name}.new`), join(folder, name));
      assert.deepEqual(await recovered(folder), next);
    }
  });

  test('at the very first start, before anything was in place: a set all the same', async (t) => {
    const { folder, next } = await prepared(t);
    for (const name of FILES) rmSync(join(folder, name));
    assert.deepEqual(await recovered(folder), next);
  });
});

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}
