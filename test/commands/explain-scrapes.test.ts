import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { parse } from 'yaml';

import { run } from './run.ts';
import { scrapeOf, WEB_YAML } from './scrapes.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WEB = file('web.yaml', WEB_YAML);

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
      /pods: web:8080 dropped by rule 1 \(keep\): __meta_kubernetes_pod_label_team is not set, which does not match core\n +remedy: change the rule, or what it reads of the Pod; podscrape scrape-config prints [^\n]*\n$/,
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
    [
      ['-f', WEB, '--prometheus', 'localhost:9090'],
      /localhost:9090: a URL such as .* is wanted; did you mean http:\/\/localhost:9090\?/,
    ],
    [[], /Give -f FILE, -f DIRECTORY or -f -, or pod\/NAME/],
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
