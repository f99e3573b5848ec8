// The steps with real certificates, and real handshakes on the way.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { suite, test } from 'node:test';

import { generate } from 'selfsigned';

import { bundleEntries, mergeBundles } from '../../src/certificates/bundle.ts';
import { readContents, SECRET_KEYS } from '../../src/certificates/held.ts';
import type { Contents } from '../../src/certificates/held.ts';
import { alternativeNames } from '../../src/certificates/names.ts';
import type { Action, Wish } from '../../src/certificates/plan.ts';
import { plan } from '../../src/certificates/plan.ts';
import { makeAuthority } from '../../src/certificates/self-signed.ts';
import { perform } from '../../src/certificates/steps.ts';
import { handshake } from './tools.ts';

const DAY = 24 * 3600 * 1000;
const names = alternativeNames(['localhost', '127.0.0.1']);
const wish: Wish = { life: 90 * DAY, authorityLife: 1825 * DAY, settle: 10_000 };
const start = new Date(Math.floor(Date.now() / 1000) * 1000);

function after(contents: Contents, action: Action, now = start): Promise<Contents> {
  return perform(action, contents, { names, wish, now });
}

function read(contents: Contents) {
  return readContents(contents, names);
}

function trusts(contents: Contents, bundle: string | undefined): Promise<string> {
  const { cert = '', key = '' } = { cert: contents['tls.crt'], key: contents['tls.key'] };
  return handshake({ cert, key }, { host: '127.0.0.1', ca: bundle ?? '' });
}

const created = await after({}, 'create');
const first = read(created).held.authorities[0]!;

suite('a step', () => {
  test('create: one authority, its key, and a leaf of it, for the names and the lives asked for', async () => {
    const { held, faults } = read(created);
    assert.deepEqual(faults, []);
    assert.equal(held.authorities.length, 1);
    assert.equal(held.signing, first.id);
    assert.equal(held.leaf?.authority, first.id);
    assert.deepEqual(held.leaf.lacking, []);
    assert.equal(held.leaf.made, start.getTime());
    assert.equal(held.leaf.until, start.getTime() + wish.life);
    assert.equal(first.until, start.getTime() + wish.authorityLife);
    assert.deepEqual(held.ends, { [first.id]: held.leaf.until });
    assert.equal(await trusts(created, created['ca.crt']), 'ok');
  });

  test('sign: another leaf of the same authority, and the bundle is as it was', async () => {
    const signed = await after(created, 'sign', new Date(start.getTime() + DAY));
    assert.equal(signed['ca.crt'], created['ca.crt']);
    assert.equal(signed['ca.key'], created['ca.key']);
    assert.notEqual(signed['tls.key'], created['tls.key']);
    assert.equal(read(signed).held.ends[first.id], start.getTime() + DAY + wish.life);
  });

  test('introduce, switch, tidy: each trusted by who knows the bundle before it and after it', async () => {
    const introduced = await after({ ...created, rotate: 'please' }, 'introduce');
    assert.equal(introduced['tls.crt'], created['tls.crt']);
    assert.equal(introduced['rotate'], undefined, 'asked for once');
    const { held } = read(introduced);
    assert.equal(held.authorities.length, 2);
    assert.equal(held.signing, first.id);
    assert.notEqual(held.next, first.id);
    assert.equal(await trusts(introduced, introduced['ca.crt']), 'ok');

    const switched = await after(introduced, 'switch');
    assert.equal(switched['ca.crt'], introduced['ca.crt']);
    assert.equal(switched[SECRET_KEYS.nextKey], undefined);
    assert.equal(read(switched).held.signing, held.next);
    assert.equal(await trusts(switched, introduced['ca.crt']), 'ok');
    assert.equal(await trusts(created, switched['ca.crt']), 'ok', 'a slow replica');
    assert.notEqual(await trusts(switched, created['ca.crt']), 'ok', 'who was not told');

    const later = new Date(start.getTime() + 91 * DAY);
    const renewed = await after(switched, 'sign', later);
    const tidied = await after(renewed, 'tidy', later);
    assert.deepEqual(
      read(tidied).held.authorities.map(({ id }) => id),
      [held.next],
    );
    assert.deepEqual(Object.keys(read(tidied).held.ends), [held.next]);
    assert.equal(read(tidied).held.leaf?.authority, held.next);
  });

  test('the bundle to publish has the CAs alone, whatever people put around them', () => {
    const [ca = '', key = ''] = [created['ca.crt'], created['ca.key']];
    const edited = { ...created, 'ca.crt': `# ours\r\n${ca.replaceAll('\n', '\r\n')}${key}${ca}` };
    assert.deepEqual(read(edited).faults, []);
    assert.equal(read(edited).bundle, ca);
  });

  test('what someone else keeps in the Secret stays', async () => {
    for (const action of ['create', 'sign', 'introduce', 'tidy'] as const) {
      assert.equal((await after({ ...created, note: 'mine' }, action))['note'], 'mine', action);
    }
  });

  test('a leaf does not outlive its authority', async () => {
    const late = new Date(start.getTime() + wish.authorityLife - DAY);
    const { held } = read(await after(created, 'sign', late));
    assert.equal(held.leaf?.until, first.until);
  });

  test('a leaf ends with the day that was asked for, in seconds too', async () => {
    const quick = { names, wish: { life: 6000, authorityLife: 12_000, settle: 1000 }, now: start };
    const { held } = readContents(await perform('create', {}, quick), names);
    assert.equal(held.leaf?.until, start.getTime() + 6000);
    assert.equal(plan(held, quick.wish, { now: start.getTime() + 3999, published: 0 }).action, 'none');
    assert.equal(plan(held, quick.wish, { now: start.getTime() + 4000, published: 0 }).action, 'sign');
  });
});

const other = await after({}, 'create');
/** What an administrator may bring along. */
const made = async (keyType: 'rsa' | 'ec', cA: boolean, keySize?: number): Promise<Contents> => {
  const extensions = [{ name: 'basicConstraints', cA, critical: true } as const];
  const pair = await generate([{ name: 'commonName', value: 'corp' }], {
    keyType,
    ...(keySize !== undefined && { keySize }),
    extensions,
    notBeforeDate: new Date(start.getTime() - DAY),
    algorithm: 'sha256',
  });
  return { 'ca.crt': pair.cert, 'ca.key': pair.private };
};
const weak = await made('rsa', true, 1024);
const half = (key: string, value = ''): Contents => ({ ...created, [key]: value });

const damaged: readonly [what: string, contents: Contents, faults: readonly string[], action: Action][] = [
  ['nothing', {}, [], 'create'],
  ['foreign keys alone', { note: 'mine' }, [], 'create'],
  ['half a pair: no key', half('tls.key'), ['tls.key is missing'], 'sign'],
  ['half a pair: no certificate', half('tls.crt'), ['tls.crt is missing'], 'sign'],
  [
    'the key of another certificate',
    half('tls.key', other['tls.key']),
    ['tls.crt and tls.key do not belong together'],
    'sign',
  ],
  ['a CA without its key', half('ca.key'), ['ca.key is missing'], 'introduce'],
  [
    'the key of another CA',
    half('ca.key', other['ca.key']),
    ['ca.key is the key of no certificate in ca.crt'],
    'introduce',
  ],
  [
    'another CA',
    half('ca.crt', other['ca.crt']),
    ['ca.key is the key of no certificate in ca.crt', 'tls.crt is not signed by a CA in ca.crt'],
    'create',
  ],
  [
    'no CA',
    half('ca.crt'),
    [
      'ca.crt has no certificate',
      'ca.key is the key of no certificate in ca.crt',
      'tls.crt is not signed by a CA in ca.crt',
    ],
    'create',
  ],
  [
    'garbage',
    { 'ca.crt': 'x', 'ca.key': 'x', 'tls.crt': 'x', 'tls.key': 'x' },
    [
      'ca.crt has no certificate',
      'ca.key: no PEM private key (-----BEGIN PRIVATE KEY-----) in it',
      'tls.crt: no PEM certificate (-----BEGIN CERTIFICATE-----) in it',
    ],
    'create',
  ],
  [
    'a damaged certificate beside the CA',
    half(
      'ca.crt',
      `${created['ca.crt'] ?? ''}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
    ),
    ['ca.crt has a damaged certificate'],
    'none',
  ],
  [
    'the next key of no CA',
    half('ca-next.key', other['ca.key']),
    ['ca-next.key is the key of no certificate in ca.crt'],
    'none',
  ],
  [
    'a CA whose kind of key podscrape does not sign with',
    await made('rsa', true),
    [
      'ca.key is of a kind (rsa) that podscrape does not sign with; ECDSA on P-256, P-384 or P-521 will do',
      'tls.crt and tls.key are missing',
    ],
    'create',
  ],
  [
    'a certificate that is no CA in its place',
    await made('ec', false),
    ['ca.key is the key of a certificate that is no CA', 'tls.crt and tls.key are missing'],
    'create',
  ],
  [
    'a certificate that TLS does not serve with',
    {
      ...created,
      'ca.crt': `${created['ca.crt'] ?? ''}${weak['ca.crt'] ?? ''}`,
      'tls.crt': weak['ca.crt'] ?? '',
      'tls.key': weak['ca.key'] ?? '',
    },
    ['TLS refuses tls.crt and tls.key (error:0A00018F:SSL routines::ee key too small)'],
    'sign',
  ],
  ["someone else's CA that will do", await made('ec', true), ['tls.crt and tls.key are missing'], 'sign'],
  ['ends that are no JSON', half('leaf-ends.json', '{'), [], 'none'],
];

suite('a Secret with', () => {
  for (const [what, contents, faults, action] of damaged) {
    test(`${what}: ${action}`, async () => {
      const reading = read(contents);
      assert.deepEqual(reading.faults, faults);
      const now = start.getTime();
      const step = plan(reading.held, wish, { now, published: undefined });
      assert.equal(step.action, action);
      const repaired = read(await after(contents, step.action));
      assert.ok(repaired.held.leaf !== undefined, 'there is something to serve with');
    });
  }
});

suite('bundles', () => {
  const ca = created['ca.crt'] ?? '';
  test('are joined in order, each certificate once, with whole lines', async () => {
    const two = (await makeAuthority({ now: start, life: DAY })).cert;
    const merged = mergeBundles([two.trimEnd(), ca.trimEnd(), two], start);
    assert.equal(merged, two + ca);
    assert.equal(bundleEntries(merged).length, 2);
  });

  test('lose what is over, and keep what is not valid yet', async () => {
    const old = (await makeAuthority({ now: new Date(start.getTime() - 2 * DAY), life: DAY })).cert;
    const early = (await makeAuthority({ now: new Date(start.getTime() + 2 * DAY), life: DAY })).cert;
    assert.equal(mergeBundles([old, early, ca], start), early + ca);
    assert.ok(new X509Certificate(early).validFromDate > start);
  });

  test('are empty where there is nothing', () => {
    assert.equal(mergeBundles(['', 'garbage'], start), '');
  });
});
