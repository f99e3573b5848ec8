import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { parse } from 'yaml';

import { PrometheusApi } from '../../src/commands/prometheus-api.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WEB = file(
  'web.yaml',
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}, annotations: {podscrape.dev/port: "8080"}}
    spec:
      containers:
      - {name: web, ports: [{containerPort: 8080, name: http}]}
      - {name: proxy, ports: [{containerPort: 9000}]}
`,
);

const LIVE = `apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, annotations: {podscrape.dev/port: "8080", prometheus.io/scrape: "true"}}
spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
status: {phase: Running, podIP: 10.244.1.9}
`;

const CONFIG = file(
  'prometheus.yml',
  `scrape_configs:
- job_name: pods
  kubernetes_sd_configs: [{role: pod, namespaces: {names: [shop]}}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_label_team], action: keep, regex: core}
- job_name: services
  kubernetes_sd_configs: [{role: endpointslice}]
`,
);

interface Scrape {
  readonly jobsOf: string;
  readonly pod: Readonly<Record<string, unknown>>;
  readonly discovered: readonly {
    readonly place: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly state: string;
    readonly found: readonly {
      readonly steps: readonly object[];
      readonly outcome: { readonly state: string };
    }[];
    readonly targets: readonly { readonly url: string; readonly interval: string }[];
  }[];
  readonly requested: readonly { readonly scraped: boolean; readonly why: readonly object[] }[];
  readonly findings: readonly { readonly code: string }[];
  readonly health?: readonly { readonly state: string; readonly cause?: { readonly code: string } }[];
}

async function scrapeOf(...args: string[]): Promise<{ code: number; stderr: string; scrape: Scrape }> {
  const { code, stdout, stderr } = await run('explain', '-o', 'json', ...args);
  const [record] = JSON.parse(stdout) as readonly { readonly scrape: Scrape }[];
  return { code, stderr, scrape: record!.scrape };
}

suite('podscrape explain: what a Prometheus makes of it', () => {
  test('podscrape’s own jobs scrape what was asked for', async () => {
    const { code, scrape } = await scrapeOf('-f', WEB);
    assert.equal(code, 0);
    assert.equal(scrape.pod['name'], 'web-xxxxxxxxxx-xxxxx');
    assert.deepEqual(
      scrape.jobs.flatMap(({ targets }) => targets.map(({ url, interval }) => [url, interval])),
      [['http://10.0.0.7:8080/metrics', '15s']],
    );
    assert.deepEqual(scrape.findings, []);
  });

  test('a rule that drops it: exit code 2, and the reason where the eye ends', async () => {
    const { code, stdout } = await run('explain', '-f', WEB, '--prometheus-config', CONFIG);
    assert.equal(code, 2);
    const end = stdout.slice(stdout.indexOf('  NOT SCRAPED'));
    assert.match(end, /^ {2}NOT SCRAPED +web:8080 http \/metrics\n/);
    assert.match(
      end,
      /pods: web:8080 dropped by rule 1 \(keep\): __meta_kubernetes_pod_label_team is not set, which does not match core\n$/,
    );
    assert.match(stdout, /services: discovers by role endpointslice: not explained\n/);
    assert.match(
      stdout,
      /pods: scrapes nothing of 2 discovered\n +web:8080, proxy:9000 {2}dropped by rule 1/,
    );
  });

  test('-o json and -o yaml say the same, rules that do nothing too', async () => {
    const { scrape } = await scrapeOf('-f', WEB, '--preset', 'prometheus-community');
    const [job] = scrape.jobs;
    assert.equal(job!.found[0]!.steps.length, 12);
    assert.deepEqual(Object.keys(job!.found[0]!.steps[0]!).toSorted(), [
      'changes',
      'config',
      'effect',
      'input',
      'rule',
      'words',
    ]);
    const yaml = await run('explain', '-o', 'yaml', '-f', WEB, '--preset', 'prometheus-community');
    assert.deepEqual((parse(yaml.stdout) as { scrape: unknown }[])[0]!.scrape, scrape);
  });

  test('--all-rules in the table', async () => {
    const args = ['explain', '-f', WEB, '--preset', 'prometheus-community'];
    const [some, all] = [await run(...args), await run(...args, '--all-rules')];
    assert.doesNotMatch(some.stdout, /nothing: /);
    assert.match(
      all.stdout,
      /rule 3 \(replace\) +nothing: __meta_kubernetes_pod_annotation_prometheus_io_scheme /,
    );
  });

  test('long values are shortened in the table alone', async () => {
    const table = await run('explain', '-f', WEB);
    assert.match(table.stdout, /pod_annotation_podscrape_dev_status +\{"outcome":"injected"[^}]{20,60}…\n/);
    const { scrape } = await scrapeOf('-f', WEB);
    const status = scrape.discovered[0]!.labels['__meta_kubernetes_pod_annotation_podscrape_dev_status'];
    assert.match(status ?? '', /\}$/);
  });

  test('--pod-ip', async () => {
    const { scrape } = await scrapeOf('-f', WEB, '--pod-ip', 'fd00::9');
    assert.deepEqual(
      scrape.jobs.flatMap(({ targets }) => targets.map(({ url }) => url)),
      ['http://[fd00::9]:8080/metrics'],
    );
  });

  test('a Pod with a status is as it is, and is not injected any more', async () => {
    const path = file('live.yaml', LIVE);
    const { code, scrape } = await scrapeOf('-f', path, '--preset', 'prometheus-community');
    assert.equal(code, 0);
    assert.deepEqual(scrape.pod, {
      name: 'web-0',
      namespace: 'shop',
      phase: 'Running',
      ip: '10.244.1.9',
      exists: true,
    });
    const own = await run('explain', '-f', path);
    assert.match(own.stdout, /^ {2}caveats +runs without podscrape\.dev\/status although it asks/m);
    assert.match(own.stdout, /^ {2}would add /m);
  });

  test('operator mode: a monitor’s targets do not count', async () => {
    const text = LIVE.replace(
      'annotations: {',
      'annotations: {podscrape.dev/operator-mode: "true", ',
    ).replace(/status:.*\n/, '');
    const { code, scrape } = await scrapeOf('-f', file('operated.yaml', text), '--prometheus-config', CONFIG);
    assert.deepEqual([code, scrape.requested], [0, []]);
  });

  test('--job', async () => {
    const { scrape } = await scrapeOf('-f', WEB, '--prometheus-config', CONFIG, '--job', 'services');
    assert.deepEqual(
      scrape.jobs.map(({ job, state }) => [job, state]),
      [['services', 'not-explained']],
    );
    const wrong = await run('explain', '-f', WEB, '--prometheus-config', CONFIG, '--job', 'service');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /no job "service" in \S+prometheus\.yml; did you mean services\?/);
  });

  test('a configuration that Prometheus would refuse: its place, exit code 1', async () => {
    const path = file(
      'bad.yml',
      'scrape_configs:\n- job_name: pods\n  relabel_configs:\n  - {action: kep, regex: a}\n',
    );
    const { code, stdout, stderr } = await run('explain', '-f', WEB, '--prometheus-config', path);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /bad\.yml:4:\d+: error: scrape_configs\[0\]\.relabel_configs\[0\]\.action: /);
    const missing = await run('explain', '-f', WEB, '--prometheus-config', join(folder, 'none.yml'));
    assert.deepEqual(
      [missing.code, missing.stderr],
      [1, `${join(folder, 'none.yml')}: there is no such file\n`],
    );
  });

  const USAGE: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['-f', WEB, 'pod/web'], /exclude each other/],
    [['-f', WEB, '--preset', 'podscrape', '--prometheus-config', CONFIG], /exclude each other/],
    [['-f', WEB, '--preset', 'other'], /Allowed choices are podscrape, prometheus-community/],
    [['-f', WEB, '--pod-ip', '10.0.0.256'], /It must be an IPv4 or IPv6 address/],
    [['-f', WEB, '--prometheus', 'localhost:9090'], /wants a URL such as/],
    [['-f', WEB, '--prometheus-token-file', CONFIG], /--prometheus-token-file needs --prometheus/],
    [['-f', WEB, '--kubeconfig', CONFIG], /give pod\/NAME instead of -f/],
    [['web'], /did you mean pod\/web\?/],
    [['deployment/web'], /workloads are explained from manifests/],
    [['pod/web_0'], /lower case letters/],
  ];
  for (const [args, message] of USAGE)
    test(`usage: ${args.slice(-2).join(' ').replaceAll(folder, '')}`, async () => {
      const { code, stderr } = await run('explain', ...args);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
});

/** A server on a free port, which ends with the test. */
async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(value: unknown, status = 200): RequestListener {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

suite('podscrape explain pod/NAME', () => {
  const kubeconfig = (url: string): string =>
    file(
      `${url.replace(/\W/g, '-')}.kubeconfig`,
      JSON.stringify({
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
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

  const text =
    (body: string, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      response.writeHead(status, headers);
      response.end(body);
    };
  const FAULTS: readonly (readonly [what: string, answer: RequestListener, message: RegExp])[] = [
    ['401', text('no', 401), /it wants credentials \(HTTP 401\); give --prometheus-token-file/],
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
