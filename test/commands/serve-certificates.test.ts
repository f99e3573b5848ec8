// Options of `serve` about certificates, and a process whose certificate is exchanged under it.
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import { serve, SERVE_DEFAULTS } from '../../src/commands/serve.ts';
import { temporaryFolder } from '../certificates/tools.ts';
import { waitFor } from '../cluster/wait.ts';
import { send } from '../webhook/support.ts';
import { run } from './run.ts';

const refused: readonly [args: readonly string[], message: RegExp][] = [
  [['--cert-secret', 'a', '--cert-dir', 'b'], /--cert-secret.*cannot be used with option '--cert-dir/],
  [['--cert-secret', 'a', '--tls-cert', 'b', '--tls-key', 'c'], /cannot be used with option '--tls-/],
  [['--cert-secret', 'a'], /--cert-secret without --dns-name: .*SERVICE\.NAMESPACE\.svc/],
  [['--cert-secret', 'A_b'], /It must have lower case letters, digits, dashes and dots/],
  [['--lease', 'a'], /--lease belongs to --cert-secret/],
  [['--no-publish-ca'], /--no-publish-ca belongs to --cert-secret/],
  [['--client-name', 'a'], /--client-name without --client-ca-file/],
];

for (const [args, message] of refused) {
  test(`serve ${args.join(' ')}: exit code 2`, async () => {
    const { code, stderr } = await run('serve', ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  });
}

test('a client CA that is not there: exit code 1', async () => {
  const { code, stderr } = await run('serve', '--client-ca-file', '/nonexistent/ca.crt');
  assert.deepEqual([code, stderr], [1, '/nonexistent/ca.crt: there is no such file\n']);
});

test('--cert-secret outside a cluster: exit code 1, and what to give', async () => {
  const before = process.env['KUBERNETES_SERVICE_HOST'];
  assert.equal(before, undefined);
  const { code, stderr } = await run('serve', '--cert-secret', 'a', '--dns-name', 'b');
  assert.equal(code, 1);
  assert.match(stderr, /no API server: .*--kubeconfig FILE/);
});

test('the pair in the files is renewed: served without a restart', async (t) => {
  const folder = temporaryFolder(t);
  const names = alternativeNames(['localhost']);
  const write = async (): Promise<string> => {
    const set = await makeCertificates(names, new Date());
    for (const [name, text] of [
      ['tls.crt', set.cert],
      ['tls.key', set.key],
    ] as const) {
      writeFileSync(join(folder, `${name}.new`), text);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    }
    return set.ca;
  };
  const first = await write();
  const lines: Record<string, unknown>[] = [];
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const events = new EventEmitter();
  const ended = serve(
    {
      ...SERVE_DEFAULTS,
      ...{ host: '127.0.0.1', port: 0, healthHost: '127.0.0.1', healthPort: 0, dnsName: [] },
      tlsCert: join(folder, 'tls.crt'),
      tlsKey: join(folder, 'tls.key'),
    },
    { stdout, stderr: stdout, env: {}, events },
  );
  const find = (msg: string) => lines.find((line) => line['msg'] === msg);
  const serving = await waitFor('it to serve', () => find('serving'));
  const port = Number(new URL(String(serving['webhook'])).port);
  assert.equal((await send(port, { ca: first })).status, 200);
  // So that the change is not what was there at first.
  const second = await write();
  await waitFor('the new certificate', () => find('certificate replaced'), { timeoutMs: 30_000 });
  assert.equal((await send(port, { ca: second })).status, 200);
  await assert.rejects(send(port, { ca: first }));
  const metrics = await (await fetch(`${String(serving['health'])}/metrics`)).text();
  assert.match(metrics, /^podscrape_certificate_renewals_total\{result="success"\} 1$/m);
  events.emit('SIGTERM');
  events.emit('SIGINT');
  assert.equal(await ended, 130);
});
