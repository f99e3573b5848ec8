import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parse } from 'yaml';

import { json, serve } from './answers.ts';
import { run } from './run.ts';
import { scrapeOf } from './scrapes.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-live-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const LIVE = `apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, annotations: {podscrape.dev/port: "8080", prometheus.io/scrape: "true"}}
spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.1.9}
`;

suite('podscrape explain pod/NAME', () => {
  const kubeconfig = (url: string): string =>
    file(
      `${url.replace(/\W/g, '-')}.kubeconfig`,
      JSON.stringify({
        'current-context': 'a',
        contexts: [
          { name: 'a', context: { cluster: 'a', user: 'a' } },
          { name: 'b', context: { cluster: 'a', user: 'a', namespace: 'blog' } },
        ],
        clusters: [{ name: 'a', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'a', user: { token: 't' } }],
      }),
    );

  test('reads the Pod', async (t) => {
    const paths: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      paths.push(request.url);
      json(parse(LIVE))(request, response);
    });
    const { code, scrape } = await scrapeOf(
      'po/web-0',
      '-n',
      'shop',
      '--kubeconfig',
      kubeconfig(url),
      '--preset',
      'prometheus-community',
    );
    assert.equal(code, 0);
    assert.deepEqual(paths, ['/api/v1/namespaces/shop/pods/web-0']);
    assert.equal(scrape.pod['exists'], true);
  });

  test('without -n, in the namespace of the context, as kubectl does', async (t) => {
    const paths: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      paths.push(request.url);
      json({ kind: 'Status', message: 'none' }, 404)(request, response);
    });
    const args = ['explain', 'pod/web-0', '--kubeconfig', kubeconfig(url)] as const;
    const { stderr } = await run(...args, '--context', 'b');
    assert.match(stderr, /^pod\/web-0 in namespace blog: there is no such Pod;/);
    await run(...args, '--context', 'b', '-n', 'shop');
    await run(...args);
    assert.deepEqual(
      paths,
      ['blog', 'shop', 'default'].map((namespace) => `/api/v1/namespaces/${namespace}/pods/web-0`),
    );
  });

  for (const [status, message] of [
    [404, /^pod\/web-0 in namespace default: there is no such Pod; .*-n\n$/],
    [403, /may not read it \(no rights\); it needs get on pods in namespace default\n$/],
    [401, /does not know who asks; renew the credentials/],
    [500, /answered 500 no rights/],
  ] as const)
    test(`HTTP ${status}`, async (t) => {
      const url = await serve(t, json({ kind: 'Status', message: 'no rights' }, status));
      const { code, stderr } = await run('explain', 'pod/web-0', '--kubeconfig', kubeconfig(url));
      assert.equal(code, 1);
      assert.match(stderr, message);
    });

  test('no cluster', async () => {
    const { code, stderr } = await run(
      'explain',
      'pod/web-0',
      '--kubeconfig',
      kubeconfig('http://127.0.0.1:1'),
    );
    assert.equal(code, 1);
    assert.match(stderr, /no answer from http:\/\/127\.0\.0\.1:1 \(.*ECONNREFUSED.*\); is the cluster up/);
    const none = await run('explain', 'pod/web-0', '--kubeconfig', join(folder, 'none'));
    assert.match(none.stderr, /none: there is no such file; give another with --kubeconfig FILE/);
  });
});
