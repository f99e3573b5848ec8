// Files that someone else renews: a mounted Secret as kubelet writes it, and tools that write one file after the other.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { followClientCa } from '../../src/certificates/client-ca.ts';
import { startFilesSource } from '../../src/certificates/files-source.ts';
import { alternativeNames } from '../../src/certificates/names.ts';
import { LIFE, makeCertificates } from '../../src/certificates/self-signed.ts';
import type { CertificateSet } from '../../src/certificates/self-signed.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { sleep, waitFor } from '../cluster/wait.ts';
import { saying, temporaryFolder } from './tools.ts';

const DAY = 24 * 3600_000;
const names = alternativeNames([]);
const now = new Date();
const sets = await Promise.all([now, now, now].map((at) => makeCertificates(names, at)));
const [first, second, third] = sets as [CertificateSet, CertificateSet, CertificateSet];
const expired = await makeCertificates(names, new Date(now.getTime() - LIFE - 2 * DAY));

const INTERVAL_MS = 20;

/** A volume as kubelet mounts it: files are links into `..data`, which is a link to a folder, swapped at once. */
function mounted(folder: string) {
  let turn = 0;
  const put = (files: Readonly<Record<string, string>>): void => {
    const version = `..version-${++turn}`;
    mkdirSync(join(folder, version));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, version, name), text);
    symlinkSync(version, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  const link = (name: string): string => {
    symlinkSync(join('..data', name), join(folder, name));
    return join(folder, name);
  };
  return { put, certFile: link('tls.crt'), keyFile: link('tls.key') };
}

async function followed(t: TestContext, set: CertificateSet) {
  const folder = temporaryFolder(t);
  const { put, certFile, keyFile } = mounted(folder);
  const results: string[] = [];
  const lines: { msg: string; reason?: string }[] = [];
  const write = (text: string): void => void lines.push(JSON.parse(text) as (typeof lines)[number]);
  const pair = ({ cert, key }: { cert: string; key: string }) => put({ 'tls.crt': cert, 'tls.key': key });
  pair(set);
  const source = await startFilesSource({
    certFile,
    keyFile,
    log: createLog({ level: 'info', destination: { write } }),
    metrics: { certificateRenewed: (result) => void results.push(result) },
    intervalMs: INTERVAL_MS,
  });
  t.after(() => source.close());
  const taken: string[] = [];
  source.onChange(({ cert }) => void taken.push(cert));
  // What is there at the start has been looked at.
  await sleep(5 * INTERVAL_MS);
  return { source, put, pair, certFile, keyFile, results, lines, taken };
}

suite('files that are followed', () => {
  test('kubelet swaps ..data: the new pair is taken', async (t) => {
    const { source, pair, results, taken } = await followed(t, first);
    assert.equal(source.current()?.cert, first.cert);
    pair(second);
    await waitFor('the new one', () => source.current()?.cert === second.cert);
    pair(third);
    await waitFor('the third one', () => source.current()?.key === third.key);
    assert.deepEqual(taken, [second.cert, third.cert]);
    assert.deepEqual(results, ['success', 'success']);
  });

  test('half a pair: the old one stays until the other half comes', async (t) => {
    const { source, put, pair, results, lines, taken } = await followed(t, first);
    put({ 'tls.crt': second.cert, 'tls.key': first.key });
    await waitFor('it to be refused', () => results.length > 0);
    assert.equal(source.current()?.cert, first.cert);
    assert.match(
      lines[0]?.reason ?? '',
      /tls\.key: the private key is not that of the certificate in .*tls\.crt/,
    );
    await sleep(5 * INTERVAL_MS);
    assert.deepEqual(results, ['failure'], 'said once');
    pair(second);
    await waitFor('the whole pair', () => source.current()?.cert === second.cert);
    assert.deepEqual(taken, [second.cert]);
    assert.deepEqual(results, ['failure', 'success']);
  });

  for (const [what, files] of [
    ['gone', {}],
    ['empty', { 'tls.crt': '', 'tls.key': '' }],
    ['garbage', { 'tls.crt': 'x', 'tls.key': 'y' }],
    ['expired', { 'tls.crt': expired.cert, 'tls.key': expired.key }],
  ] as const) {
    test(`${what}: the old one stays, and serves`, async (t) => {
      const { source, put, results, lines } = await followed(t, first);
      put(files);
      await waitFor('it to be refused', () => results.length > 0);
      assert.deepEqual(results, ['failure']);
      assert.match(lines[0]?.reason ?? '', /tls\.(crt|key): /);
      assert.equal(source.current()?.cert, first.cert);
      assert.equal(source.unready(new Date()), undefined);
    });
  }

  test('not valid yet, of a maker whose clock is ahead: taken when its time comes', async (t) => {
    const { source, pair, results, lines } = await followed(t, first);
    const HOUR = 3600_000;
    // Ours begin an hour before the moment that they are made at.
    const early = await makeCertificates(names, new Date(Date.now() + HOUR + 4000));
    pair(early);
    await waitFor('it to be refused', () => results.length > 0);
    assert.match(lines[0]?.reason ?? '', /is not valid before/);
    assert.equal(source.current()?.cert, first.cert);
    await waitFor('the new one', () => source.current()?.cert === early.cert);
    assert.deepEqual(results, ['failure', 'success']);
  });

  test('the same pair written again is no news', async (t) => {
    const { pair, taken, results, source } = await followed(t, first);
    pair(first);
    await sleep(5 * INTERVAL_MS);
    pair(second);
    await waitFor('the new one', () => source.current()?.cert === second.cert);
    assert.deepEqual([taken, results], [[second.cert], ['success']]);
  });

  test('one that has expired already: unready with the reason, until it is renewed', async (t) => {
    const { source, pair } = await followed(t, expired);
    assert.match(source.unready(now) ?? '', /tls\.crt expired at .*; renew it, or set the clock right/);
    pair(first);
    await waitFor('the new one', () => source.unready(now) === undefined);
    const later = new Date(now.getTime() + LIFE + DAY);
    assert.match(source.unready(later) ?? '', /expired at/);
    assert.match(source.unready(new Date(now.getTime() - 2 * DAY)) ?? '', /is not valid before/);
  });

  test('none that could ever serve at the start: an error, as before', async (t) => {
    const folder = temporaryFolder(t);
    const { put, certFile, keyFile } = mounted(folder);
    put({ 'tls.crt': first.cert, 'tls.key': second.key });
    const options = { certFile, keyFile, metrics: { certificateRenewed: () => undefined } };
    const log = createLog({ level: 'fatal' });
    await assert.rejects(startFilesSource({ ...options, log }), saying('the private key is not that'));
  });
});

test('the CA of client certificates: another is taken, a bad one is not', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'ca.crt');
  writeFileSync(file, first.ca);
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const ca = await followClientCa({ file, log, intervalMs: INTERVAL_MS });
  t.after(() => ca.stop());
  let changes = 0;
  ca.onChange(() => changes++);
  await sleep(5 * INTERVAL_MS);
  writeFileSync(file, first.key);
  await waitFor('it to be refused', () => lines.some((line) => line.includes('must not be published')));
  assert.equal(ca.current(), first.ca);
  writeFileSync(file, first.ca + second.ca);
  await waitFor('both', () => ca.current() === first.ca + second.ca);
  assert.equal(changes, 1);
  await assert.rejects(followClientCa({ file: join(folder, 'none'), log }), saying('there is no such file'));
});
