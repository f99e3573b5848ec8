import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';

import { runProcess } from './process.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-bad-input-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const POD = `apiVersion: v1
kind: Pod
metadata: {name: web, annotations: {podscrape.dev/port: "8080"}}
spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}
`;
const WEB = file('web.yaml', POD);
const PROMETHEUS = file('prometheus.yml', 'scrape_configs:\n- job_name: pods\n- job_name: nodes\n');

const ACTIONS =
  'replace, keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase';
const BAD_ACTION = 'scrape_configs:\n- job_name: pods\n  relabel_configs:\n  - {action: kep, regex: a}\n';

/** What follows the file's name. */
const CONFIGS: readonly (readonly [what: string, text: string, says: string | RegExp])[] = [
  [
    'broken YAML',
    'scrape_configs:\n- job_name: pods\n  params: {a: [b}\n',
    /^:3:\d+: error: is not YAML: .+/,
  ],
  [
    'an unknown action',
    BAD_ACTION,
    `:4:14: error: scrape_configs[0].relabel_configs[0].action: "kep" is no relabel action, which are ${ACTIONS}; did you mean keep?`,
  ],
  [
    'an invalid regex',
    'scrape_configs:\n- job_name: pods\n  relabel_configs:\n  - action: labeldrop\n    regex: "a(b"\n',
    ':5:12: error: scrape_configs[0].relabel_configs[0].regex: "a(b" is no regular expression of RE2: missing closing ); close it, or write \\( for the character',
  ],
  [
    'an unknown key',
    'scrape_configs:\n- job_name: pods\n  relabel_config: []\n',
    ':3:3: error: scrape_configs[0].relabel_config: unknown key; did you mean relabel_configs?',
  ],
  [
    'an action within a ConfigMap, where it stands in the file',
    `kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\ndata:\n  prometheus.yml: |\n${BAD_ACTION.replace(/^/gm, '    ').trimEnd()}\n`,
    /^:9:\d+: error: data\.prometheus\.yml\.scrape_configs\[0\]\.relabel_configs\[0\]\.action: "kep" is no/,
  ],
  ['something else', 'hello\n', ':1:1: error: "hello" is neither a prometheus.yml nor a list of jobs'],
  [
    'nothing',
    '',
    ':1:1: error: is empty; hand over a prometheus.yml, a list of jobs, or a Secret or ConfigMap that holds one',
  ],
];

suite('podscrape explain --prometheus-config: what is wrong, where, and what to do; exit code 1', () => {
  for (const [index, [what, text, says]] of CONFIGS.entries())
    test(what, async () => {
      const path = file(`config-${index}.yml`, text);
      const { code, stdout, stderr } = await run('explain', '-f', WEB, '--prometheus-config', path);
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(stderr.slice(0, path.length), path);
      const rest = stderr.slice(path.length);
      if (typeof says === 'string') assert.equal(rest, `${says}\n`);
      else assert.match(rest, says);
    });

  test('every fault at once, in the order of the file', async () => {
    const path = file('two.yml', `${BAD_ACTION}- job_name: pods\n`);
    const { stderr } = await run('explain', '-f', WEB, '--prometheus-config', path);
    const lines = stderr.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.slice(path.length).replace(/^(:\d+:).*/, '$1')),
      [':4:', ':5:'],
    );
  });

  test('names of jobs do not reach the terminal as they are', async () => {
    const path = file('escape.yml', 'scrape_configs:\n- job_name: "a\\e[31mb\\nc"\n');
    const { stdout } = await run('explain', '-f', WEB, '--prometheus-config', path);
    assert.match(stdout, /^ +a \[31mb c: /m);
    const { stderr } = await run('explain', '-f', WEB, '--prometheus-config', path, '--job', 'zzzzzz');
    assert.match(stderr, /there is a \[31mb c\n$/);
    for (const printed of [stdout, stderr]) assert.ok(!printed.includes('\u001B'));
  });

  test('standard input', async () => {
    const args = ['explain', '-f', WEB, '--prometheus-config', '-'] as const;
    const good = await runProcess([...args], 'scrape_configs:\n- job_name: pods\n');
    assert.match(good.stdout, /^ {2}jobs +standard input\n +pods: /m);
    const bad = await runProcess([...args], BAD_ACTION);
    assert.match(bad.stderr, /^standard input:4:14: error: /);
    const twice = await run('explain', '-f', '-', '--prometheus-config', '-');
    assert.deepEqual([bad.code, twice.code], [1, 2]);
    assert.match(
      twice.stderr,
      /-f - and --prometheus-config - are given, but standard input can be read once only/,
    );
  });

  test('the values of a Helm chart', async () => {
    const path = file('values.yml', 'prometheus:\n  prometheusSpec: {}\n');
    const { code, stderr } = await run('explain', '-f', WEB, '--prometheus-config', path);
    const says = 'prometheus: is a key of a Helm chart’s values; hand over the ConfigMap or Secret that';
    assert.equal(code, 1);
    assert.ok(stderr.startsWith(`${path}:1:1: error: ${says} helm template prints`), stderr);
  });

  test('a directory, and a file that is not there', async () => {
    const directory = join(folder, 'directory');
    mkdirSync(directory);
    for (const [path, why] of [
      [directory, 'is a directory; a file is wanted'],
      [join(folder, 'none.yml'), 'there is no such file'],
    ] as const) {
      const { code, stderr } = await run('explain', '-f', WEB, '--prometheus-config', path);
      assert.deepEqual([code, stderr], [1, `${path}: ${why}\n`]);
    }
  });
});

suite('podscrape explain -f', () => {
  test('a manifest without Pods: exit code 1', async () => {
    const path = file('config-map.yaml', 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n');
    const { code, stdout, stderr } = await run('explain', '-f', path);
    assert.deepEqual([code, stdout], [1, '']);
    assert.equal(
      stderr,
      `${path}: there is no Pod and no workload in it; give a Pod or a workload, such as a Deployment; a template must be rendered first\n`,
    );
  });

  test('broken YAML after what can be explained', async () => {
    const { code, stdout, stderr } = await runProcess(['explain', '-f', '-'], `${POD}---\nkind: [Pod\n`);
    assert.equal(code, 1);
    assert.match(stdout, /^Pod\/web in namespace default \(standard input:1, document 1\)$/m);
    assert.match(stderr, /^standard input:6: \(document 2\): error: column \d+: is not YAML: /);
  });

  test('a file that is not there, beside one that is', async () => {
    const missing = join(folder, 'none.yaml');
    const { code, stdout, stderr } = await run('explain', '-f', missing, '-f', WEB);
    assert.deepEqual([code, stderr], [1, `${missing}: there is no such file\n`]);
    assert.match(stdout, /^Pod\/web /);
  });

  test('what is no text is not explained', async () => {
    const path = join(folder, 'latin.yaml');
    writeFileSync(path, Buffer.from('kind: Pod # \xE4\n', 'latin1'));
    const { code, stderr } = await run('explain', '-f', path);
    assert.deepEqual(
      [code, stderr],
      [1, `${path}:1: (document 1): error: is no UTF-8 text; not explained\n`],
    );
  });

  test('what is injected and yet not scraped is not called scrapeable', async () => {
    const path = file('drop.yml', 'scrape_configs:\n- job_name: pods\n');
    const { code, stdout } = await run('explain', '-f', WEB, '--prometheus-config', path);
    assert.equal(code, 2);
    assert.match(
      stdout,
      /^ {2}outcome +injected \(injected\): the Pod has what it asks for, and yet not all of it is scraped$/m,
    );
    assert.match(stdout, /^ {2}NOT SCRAPED /m);
  });

  test('an unknown key of podscrape’s own: a warning, which names the key that was meant', async () => {
    const path = file('typo.yaml', POD.replace('dev/port', 'dev/prot'));
    const { code, stdout } = await run('explain', '-f', path);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /warning: podscrape\.dev\/prot: unknown key, ignored; did you mean podscrape\.dev\/port\?/,
    );
  });
});

suite('podscrape explain --job: a job that there is not is a wrong command line; exit code 2', () => {
  const OWN = 'podscrape-annotated, podscrape-named, podscrape-annotated-pushgateway';
  const rows: readonly (readonly [job: string, args: readonly string[], says: string])[] = [
    ['podscrape-nmaed', [], 'in podscrape’s own jobs; did you mean podscrape-named?'],
    ['zzz', [], `in podscrape’s own jobs; there is ${OWN}, `],
    ['zzz', ['--prometheus-config', PROMETHEUS], `in ${PROMETHEUS}; there is pods, nodes\n`],
    ['kubernetes-pod', ['--preset', 'openfaas'], 'in preset openfaas; did you mean kubernetes-pods?'],
  ];
  for (const [job, args, says] of rows)
    test(`${job} ${args[0] ?? ''}`, async () => {
      const { code, stdout, stderr } = await run('explain', '-f', WEB, '--job', job, ...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.ok(stderr.includes(`no job ${JSON.stringify(job)} ${says}`), stderr);
    });
});

suite('podscrape explain --prometheus: files for it that are not what they should be', () => {
  const CERTIFICATE = '-----BEGIN CERTIFICATE-----';
  const rows: readonly (readonly [flag: string, text: string | undefined, says: string])[] = [
    ['--prometheus-token-file', undefined, 'there is no such file'],
    [
      '--prometheus-token-file',
      'two\nlines',
      'is no bearer token; one line of letters, digits and -._~+/ is wanted',
    ],
    ['--prometheus-token-file', '', 'is no bearer token; one line of letters, digits and -._~+/ is wanted'],
    ['--prometheus-ca-file', undefined, 'there is no such file'],
    ['--prometheus-ca-file', 'a key', `has no certificate in PEM (${CERTIFICATE})`],
  ];
  for (const [index, [flag, text, says]] of rows.entries())
    test(`${flag} ${text ?? 'that is not there'}`, async () => {
      const path = text === undefined ? join(folder, 'none') : file(`access-${index}`, text);
      const { code, stdout, stderr } = await run(
        ...['explain', '-f', WEB, '--prometheus', 'http://127.0.0.1:1', flag, path],
      );
      assert.deepEqual([code, stdout, stderr], [1, '', `${path}: ${says}\n`]);
    });
});
