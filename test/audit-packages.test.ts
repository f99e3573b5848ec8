import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { offences } from '../scripts/audit-packages.ts';
import { thirdPartyNotices } from '../scripts/notices.ts';
import { scratch } from './tools/scratch.ts';

const SCRIPT = resolve(import.meta.dirname, '../scripts/audit-packages.ts');

const advisory = (severity: string) => ({
  id: 1,
  url: 'https://example.com/advisory/1',
  title: 'Answers whoever asks',
  severity,
  vulnerable_versions: '>=0.0.0',
  cwe: ['CWE-1'],
  cvss: { score: 9, vectorString: '' },
});

/**
 * The real npm asks a stand-in registry, because the real one's advisories change from day to day: no test could say
 * what they are. Without `advisories` it has no such service.
 */
async function registry(t: TestContext, advisories?: object): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    const asked = request.url?.endsWith('/advisories/bulk') === true && advisories !== undefined;
    response.writeHead(asked ? 200 : 405, { 'content-type': 'application/json' });
    response.end(asked ? JSON.stringify(advisories) : '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** npm keeps what it once heard of an advisory, so that each run has a cache of its own. */
async function audit(t: TestContext, ...args: readonly string[]): Promise<{ code: number; said: string }> {
  const env = { ...process.env, npm_config_cache: scratch(t) };
  const { promise, resolve: done } = Promise.withResolvers<{ code: number; said: string }>();
  execFile(process.execPath, [SCRIPT, ...args], { env }, (error, _stdout, stderr) => {
    done({ code: error === null ? 0 : Number(error.code), said: stderr });
  });
  return promise;
}

suite('the audit of packages', () => {
  test('passes where nothing is known', async (t) => {
    const { code, said } = await audit(t, '--registry', await registry(t, {}));
    assert.equal(code, 0, said);
    assert.match(said, /^audited: nothing high or critical \(0 packages/);
  });

  test('fails for a weakness that the policy refuses, and names it', async (t) => {
    const { code, said } = await audit(t, '--registry', await registry(t, { fastify: [advisory('high')] }));
    assert.equal(code, 1, said);
    assert.match(said, /^fastify .*: high: Answers whoever asks \(https:\/\/example\.com\/advisory\/1\)$/m);
    assert.match(said, /name the advisory in ACCEPTED/);
  });

  test('lets a lesser one pass', async (t) => {
    const { code, said } = await audit(
      t,
      '--registry',
      await registry(t, { fastify: [advisory('moderate')] }),
    );
    assert.equal(code, 0, said);
    assert.match(said, /1 packages with lesser advisories/);
  });

  test('tells of a registry without advisories, and fails only where it must have them', async (t) => {
    const url = await registry(t);
    const { code, said } = await audit(t, '--registry', url);
    assert.equal(code, 0, said);
    assert.match(said, /^NOT AUDITED: .*405/);
    assert.equal((await audit(t, '--registry', url, '--require')).code, 1);
  });

  test('an accepted weakness is accepted until its end, and no longer', () => {
    const one = { ...advisory('critical'), range: '*' };
    const report = { vulnerabilities: { fastify: { via: [one, 'ajv'] } } };
    const accepted = [{ url: one.url, because: 'only with an option that is off', until: '2026-06-30' }];
    assert.deepEqual(offences(report, accepted, '2026-06-30'), []);
    assert.equal(offences(report, accepted, '2026-07-01').length, 1);
    assert.equal(offences(report, [], '2026-06-30').length, 1);
  });
});

suite('the notices', () => {
  test('have every text that a package brings with its licence', (t) => {
    const folder = scratch(t);
    const files = ['LICENSE.txt', 'CopyrightNotice.txt', 'NOTICE', 'UNLICENSE', 'COPYING.md'];
    for (const file of files) writeFileSync(join(folder, file), `the text of ${file}\n`);
    const manifest = { name: 'one', version: '1.0.0', license: 'MIT' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const text = thirdPartyNotices([folder]);
    for (const file of files) assert.ok(text.includes(`the text of ${file}\n`), file);
  });
});

suite('the lock file', () => {
  test('brings nothing to production that runs a script at install time', async () => {
    const { default: lock } = (await import('../package-lock.json', { with: { type: 'json' } })) as {
      default: { packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }> };
    };
    const withScripts = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript);
    assert.ok(withScripts.length > 0, 'esbuild and node have one, so that the test sees what it looks for');
    assert.deepEqual(
      withScripts.filter(([, { dev }]) => dev !== true).map(([name]) => name),
      [],
    );
  });
});
