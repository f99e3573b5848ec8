import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parse } from 'yaml';

import { PrometheusApi } from '../../src/commands/prometheus-api.ts';
import { json, serve } from './answers.ts';
import { run } from './run.ts';
import { scrapeOf, WEB_YAML } from './scrapes.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-prometheus-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WEB = file('web.yaml', WEB_YAML);

/** What a terminal carries out; a line end is none of these here. */
const CONTROL = /[\p{Cc}--\n]/v;

suite('podscrape explain --prometheus', () => {
  const meta = (over: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
    __meta_kubernetes_namespace: 'shop',
    __meta_kubernetes_pod_name: 'web-7d4b9c-k2v5x',
    __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
    __meta_kubernetes_pod_controller_name: 'web-7d4b9c',
    __meta_kubernetes_pod_container_name: 'web',
    __meta_kubernetes_pod_container_port_number: '8080',
    ...over,
  });
  const YAML =
    'scrape_configs:\n- {job_name: pods, scrape_interval: 15s, scrape_timeout: 5s, kubernetes_sd_configs: [{role: pod}]}\n';
  const prometheus = (health: string, lastError = ''): RequestListener => {
    const active = {
      discoveredLabels: meta({}),
      scrapePool: 'pods',
      scrapeUrl: 'http://10.244.3.4:8080/metrics',
      lastError,
      health,
      scrapeInterval: '15s',
      scrapeTimeout: '5s',
      lastScrapeDuration: 0.01,
    };
    const targets = { activeTargets: [active], droppedTargets: [], droppedTargetCounts: { pods: 0 } };
    return (request, response) => {
      const data = request.url?.includes('/api/v1/targets') === true ? targets : { yaml: YAML };
      json({ status: 'success', data })(request, response);
    };
  };

  test('up: the running configuration is explained', async (t) => {
    const url = await serve(t, prometheus('up'));
    const { code, scrape } = await scrapeOf('-f', WEB, '--prometheus', url);
    assert.equal(code, 0);
    assert.equal(scrape.jobsOf, url);
    assert.deepEqual(
      scrape.health?.map(({ state }) => state),
      ['up', 'missing'],
    );
  });

  test('down: exit code 2, cause and remedy', async (t) => {
    const url = await serve(t, prometheus('down', 'server returned HTTP status 404 Not Found'));
    const { code, stdout } = await run('explain', '-f', WEB, '--prometheus', url);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /running +DOWN {2}web-7d4b9c-k2v5x web:8080 {2}http:\/\/10\.244\.3\.4:8080\/metrics {2}by pods\n/,
    );
    assert.match(stdout, /the port answers, but not at that path\n +remedy: set the path/);
  });

  test('what a Prometheus says does not reach the terminal as it is', async (t) => {
    const url = await serve(t, prometheus('down', 'bad \u001B[31mthing\u009B0m\n  running      up'));
    const { stdout } = await run('explain', '-f', WEB, '--prometheus', url);
    assert.match(stdout, /bad {1,2}\[31mthing 0m {3,}running {6}up/);
    assert.doesNotMatch(stdout, CONTROL);
    const { stdout: yaml } = await run('explain', '-f', WEB, '--prometheus', url, '-o', 'yaml');
    const { stdout: text } = await run('explain', '-f', WEB, '--prometheus', url, '-o', 'json');
    for (const printed of [yaml, text]) assert.doesNotMatch(printed, CONTROL);
    assert.deepEqual(parse(yaml), JSON.parse(text));
  });

  test('a token from its file goes along, and nowhere else', async (t) => {
    const seen: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      seen.push(request.headers.authorization);
      prometheus('up')(request, response);
    });
    const token = file('token', 'secret\n');
    const { stdout } = await run('explain', '-f', WEB, '--prometheus', url, '--prometheus-token-file', token);
    assert.deepEqual(seen, ['Bearer secret', 'Bearer secret']);
    assert.doesNotMatch(stdout, /secret/);
  });

  test('the files are read once, so that one question has one answer', async (t) => {
    const seen: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      seen.push(request.headers.authorization);
      prometheus('up')(request, response);
    });
    const tokenFile = file('token-once', 'first');
    const api = new PrometheusApi({ url, tokenFile });
    await api.config();
    rmSync(tokenFile);
    await api.targets(['pods']);
    assert.deepEqual(seen, ['Bearer first', 'Bearer first']);
  });

  const text =
    (body: string, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      response.writeHead(status, headers);
      response.end(body);
    };

  // Prometheus' own authentication (prometheus/exporter-toolkit, web/handler.go) is Basic.
  test('a Prometheus that wants a password: where to give it, and that it is wrong', async (t) => {
    const url = await serve(t, text('Unauthorized', 401, { 'www-authenticate': 'Basic' }));
    const host = url.replace('http://', '');
    const none = await run('explain', '-f', WEB, '--prometheus', url);
    assert.equal(
      none.stderr,
      `${url}: it wants a user and a password (HTTP 401); give --prometheus http://USER:PASSWORD@${host}\n`,
    );
    const wrong = await run('explain', '-f', WEB, '--prometheus', `http://me:hidden@${host}`);
    assert.equal(wrong.stderr, `${url}: it does not take the user and password of the URL (HTTP 401)\n`);
    assert.deepEqual([none.code, wrong.code], [1, 1]);
  });

  test('a token that is not taken, or does not suffice', async (t) => {
    const tokenFile = file('token-poor', 'abc');
    for (const [status, message] of [
      [401, `it does not take the token of ${tokenFile} (HTTP 401); renew it`],
      [403, `it knows the token of ${tokenFile}, and refuses (HTTP 403); give its user the right to ask`],
    ] as const) {
      const url = await serve(t, text('no', status));
      const args = ['--prometheus', url, '--prometheus-token-file', tokenFile];
      const { code, stderr } = await run('explain', '-f', WEB, ...args);
      assert.deepEqual([code, stderr], [1, `${url}: ${message}\n`]);
    }
  });

  const FAULTS: readonly (readonly [what: string, answer: RequestListener, message: RegExp])[] = [
    [
      '401',
      text('no', 401),
      /it wants credentials \(HTTP 401\); give a bearer token with --prometheus-token-file/,
    ],
    ['503', text('starting', 503), /it is not ready \(HTTP 503\)/],
    [
      'a redirect',
      text('', 302, { location: 'https://login.example/' }),
      /it redirects to https:\/\/login\.example\//,
    ],
    ['HTML', text('<html>'), /a page for people \(HTTP 200\) where a Prometheus has its API/],
    ['404', text('404 page not found', 404), /no JSON \(HTTP 404\)/],
    ['other JSON', json({ a: 1 }), /its answer is not that of a Prometheus/],
    ['an error', json({ status: 'error', error: 'bad thing' }, 422), /HTTP 422: bad thing/],
    ['no targets', json({ status: 'success', data: { yaml: YAML } }), /its answer has no targets/],
  ];
  for (const [what, answer, message] of FAULTS)
    test(`not a Prometheus: ${what}`, async (t) => {
      const url = await serve(t, answer);
      const { code, stdout, stderr } = await run('explain', '-f', WEB, '--prometheus', url);
      assert.deepEqual([code, stdout], [1, '']);
      assert.ok(stderr.startsWith(`${url}: `), stderr);
      assert.match(stderr, message);
    });

  test('no answer in time, or one without an end', async (t) => {
    const silent = await serve(t, () => undefined);
    await assert.rejects(
      new PrometheusApi({ url: silent, answerMs: 50 }).targets(),
      /no answer within 0\.05 s$/,
    );
    const endless = await serve(t, (_, response) => {
      const more = (): void => {
        if (response.write('x'.repeat(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const api = new PrometheusApi({ url: endless, mostBytes: 1024 * 1024 });
    await assert.rejects(api.targets(), /its answer is larger than 1 MiB; limit it with --job$/);
  });

  test('the targets of some jobs', async (t) => {
    const urls: (string | undefined)[] = [];
    const url = await serve(t, (request, response) => {
      urls.push(request.url);
      prometheus('up')(request, response);
    });
    const { active } = await new PrometheusApi({ url: `${url}/prom/` }).targets(['pods', 'a b']);
    assert.equal(active.length, 2);
    assert.deepEqual(
      urls,
      ['pods', 'a%20b'].map((job) => `/prom/api/v1/targets?state=any&scrapePool=${job}`),
    );
  });

  test('nothing there; a password in the URL is not repeated', async () => {
    const { code, stderr } = await run('explain', '-f', WEB, '--prometheus', 'http://me:hidden@127.0.0.1:1');
    assert.equal(code, 1);
    assert.match(stderr, /^http:\/\/127\.0\.0\.1:1: nothing listens there; .*port-forward/);
    assert.doesNotMatch(stderr, /hidden/);
  });
});
