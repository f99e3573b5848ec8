import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parse } from 'yaml';

import { runProcess } from './process.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MANIFEST = `kind: Service
apiVersion: v1
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    podscrape.dev/profile: gunicorn
spec:
  template:
    spec:
      containers:
      - name: web
        command: [gunicorn, --statsd-host=127.0.0.1:8125, app]
---
apiVersion: v1
kind: Pod
metadata: {name: bad, annotations: {podscrape.dev/port: "x y"}}
spec: {containers: [{name: web}]}
`;

const path = join(folder, 'web.yaml');
writeFileSync(path, MANIFEST);

const NO_PODS =
  '/dev/null: there is no Pod and no workload in it; give a Pod or a workload, such as a Deployment; ' +
  'a template must be rendered first\n';

interface ExplainedLike {
  readonly file: string;
  readonly document: number;
  readonly line: number;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly decision: { readonly outcome: string; readonly targets: readonly object[] };
  readonly caveats: readonly string[];
}

suite('podscrape explain', () => {
  test('a table for people, with what cannot be seen told concretely', async () => {
    const { code, stdout, stderr } = await runProcess(['explain', '-f', path]);
    assert.deepEqual({ code, stderr }, { code: 1, stderr: '' });
    const [web = '', bad = ''] = stdout.split('\n\n');
    assert.match(web, new RegExp(`^Deployment/web in namespace shop \\(${path}:4, document 2\\)\n`));
    for (const line of [
      /^ {2}who +in: nothing is known of namespace shop/m,
      /^ {2}asked +podscrape\.dev\/profile: gunicorn +annotation of metadata$/m,
      /^ {2}outcome +injected \(injected\): the Pod is scrapeable as asked$/m,
      /^ +statsd-exporter +9102 +statsd-metrics +http \/metrics +15s +5s +gunicorn$/m,
      /^ {2}added +container +statsd-exporter$/m,
      /command\[1\] of web has --statsd-host, which beats what GUNICORN_CMD_ARGS says/,
      /GUNICORN_CMD_ARGS is set in web: a value baked into its image cannot be seen/,
      /a custom logger_class of web switches/,
      /logs a traceback for each request$/m,
    ])
      assert.match(web, line);
    assert.match(bad, /^Pod\/bad in namespace default /);
    assert.match(bad, /^ {2}outcome +refused \(bad-request\): /m);
    assert.match(bad, /^ {2}problems +error: podscrape\.dev\/port: "x y" /m);
  });

  for (const [format, read] of [
    ['json', (text: string): unknown => JSON.parse(text)],
    ['yaml', (text: string): unknown => parse(text)],
  ] as const) {
    test(`-o ${format}: the decision records`, async () => {
      const { code, stdout } = await run('explain', '-f', path, '-o', format);
      assert.equal(code, 1);
      const records = read(stdout) as readonly ExplainedLike[];
      assert.deepEqual(
        records.map(({ file, document, line, kind, namespace, name, decision }) => [
          ...[file, document, line, kind, namespace, name, decision.outcome, decision.targets.length],
        ]),
        [
          [path, 2, 4, 'Deployment', 'shop', 'web', 'injected', 1],
          [path, 3, 18, 'Pod', 'default', 'bad', 'refused', 0],
        ],
      );
      assert.equal(records[0]?.caveats.length, 4);
      const none = await run('explain', '-f', '/dev/null', '-o', format);
      assert.deepEqual(
        { code: none.code, records: read(none.stdout), stderr: none.stderr },
        { code: 1, records: [], stderr: NO_PODS },
      );
    });
  }

  test('-o yaml is YAML 1.1 too', async () => {
    const odd = join(folder, 'odd.yaml');
    const annotations = 'annotations: {a: "=", b: "x\\Ny", c: "\\L"}';
    writeFileSync(
      odd,
      MANIFEST.slice(MANIFEST.lastIndexOf('---\n')).replace(/annotations: \{.*?\}/, annotations),
    );
    const { stdout } = await run('explain', '-f', odd, '-o', 'yaml');
    assert.match(stdout, /annotation_a: "="$/m);
    assert.match(stdout, /annotation_b: "x\\u0085y"$/m);
    assert.match(stdout, /annotation_c: "\\u2028"$/m);
  });

  test('who is out, and why', async () => {
    const args = ['explain', '-f', path];
    const labels = await run(...args, '--namespace-labels', 'podscrape.dev/inject=disabled');
    assert.match(labels.stdout, /^ {2}who +out: inject is disabled on the namespace$/m);
    assert.equal(labels.code, 0);
    const known = await run(...args, '--namespace-labels', 'podscrape.dev/inject=enabled');
    assert.match(
      known.stdout,
      /^ {2}who +in: namespace shop has the label podscrape\.dev\/inject: enabled$/m,
    );
  });

  test('what cannot be read is told, and the rest explained', async () => {
    const { code, stdout, stderr } = await runProcess(['explain', '-f', '-'], `a: [\n---\n${MANIFEST}`);
    assert.equal(code, 1);
    assert.match(stderr, /^standard input:1: \(document 1\): error: column 4: is not YAML: [^\n]*\n$/);
    assert.match(stdout, /^Deployment\/web in namespace shop \(standard input:6, document 3\)$/m);
  });

  test('usage', async () => {
    assert.equal((await run('explain')).code, 2);
    const { code, stderr } = await run('explain', '-f', path, '-o', 'xml');
    assert.equal(code, 2);
    assert.match(stderr, /Allowed choices are table, json, yaml/);
  });
});
