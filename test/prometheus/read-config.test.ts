import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readConfig } from '../../src/prometheus/read-config.ts';
import type { ConfigFinding } from '../../src/prometheus/read-config.ts';
import { configCases } from './config-files.ts';

const line = ({ line, column, path, message }: ConfigFinding): string =>
  `${line}:${column} ${path}: ${message}`;
const findingsOf = (text: string): readonly string[] => readConfig(text).findings.map(line);
const namesOf = (text: string): readonly string[] => readConfig(text).jobs.map(({ name }) => name);

describe('a prometheus.yml', () => {
  for (const { name, text, findings } of configCases()) {
    it(name, () => assert.deepEqual(findingsOf(text), findings));
  }

  it('scalars mean what they mean to Prometheus', () => {
    const { jobs } = readConfig(configCases().find(({ name }) => name === 'quirks.good.yml')?.text ?? '');
    assert.deepEqual(
      jobs.map(({ name, interval, timeout, rules }) => [name, interval, timeout, rules.length]),
      [
        ['8080', '1m', '10s', 6],
        ['merged', '1h30m', '10s', 6],
        ['aliased', '1m', '10s', 6],
      ],
    );
    const [first] = jobs;
    assert.equal(first?.honorLabels, true);
    assert.equal(first.metricsPath, '2001-01-01');
    assert.deepEqual(first.params, { on: ['true', '1.50', '', '0x10'] });
    assert.deepEqual(
      first.config.relabel_configs?.map(({ regex }) => regex),
      ['true', '8080', '', '', '0x1F', undefined],
    );
    assert.deepEqual(first.config.relabel_configs[1]?.action, 'keep');
    assert.equal(first.config.relabel_configs[4]?.replacement, '1_000');
    assert.equal(first.config.relabel_configs[4].target_label, 'no');
    assert.equal(first.config.relabel_configs[5]?.modulus, 18446744073709551615n);
  });

  it('jobs without mistakes are read beside those with', () => {
    assert.deepEqual(namesOf('scrape_configs: [{job_name: a}, {job_nam: b}, {job_name: c}]'), ['a', 'c']);
  });

  it('a second problem of what could not be read is not told', () => {
    const text =
      'scrape_configs: [{job_name: a, relabel_configs: [{action: keep, regex: [x], source_label: [a]}]}]';
    assert.deepEqual(findingsOf(text), [
      '1:72 scrape_configs[0].relabel_configs[0].regex: a list is not a text',
      '1:77 scrape_configs[0].relabel_configs[0].source_label: unknown key; did you mean source_labels?',
    ]);
  });

  it('any scheme is taken, as Prometheus takes it', () => {
    const text =
      'scrape_configs: [{job_name: a, scheme: htps}, {job_name: b, scheme: ""}, {job_name: c, scheme: ~}]';
    const { jobs, findings } = readConfig(text);
    assert.deepEqual(findings, []);
    assert.deepEqual(
      jobs.map(({ scheme }) => scheme),
      ['htps', '', ''],
    );
  });

  it('files that it names are noted', () => {
    const { notes, findings } = readConfig('scrape_config_files: [more.yml]');
    assert.deepEqual(findings, []);
    assert.deepEqual(notes.map(line), [
      '1:1 scrape_config_files: names files that are not read here; hand their jobs over as well',
    ]);
  });

  it('the times of global hold for its jobs', () => {
    const { jobs } = readConfig('global: {scrape_interval: 5s}\nscrape_configs: [{job_name: a}]');
    assert.deepEqual(
      jobs.map(({ interval, timeout }) => [interval, timeout]),
      [['5s', '5s']],
    );
  });
});

describe('what is around a configuration', () => {
  const LIST = '- job_name: a\n- job_name: b\n  scrape_timeout: 2m\n';
  const bad =
    'scrape_timeout: 2m is longer than the scrape_interval of 1m; a scrape must end before the next';
  const base64 = Buffer.from(LIST).toString('base64');

  it('a list of jobs', () => {
    assert.deepEqual(namesOf(LIST), ['a']);
    assert.deepEqual(findingsOf(LIST), [`3:19 [1].${bad}`]);
  });

  it('a ConfigMap: places are those of the file', () => {
    const indented = LIST.replace(/^(?=.)/gm, '    ');
    const text = `kind: ConfigMap\napiVersion: v1\ndata:\n  alerts: |\n    {}\n  jobs.yml: |\n${indented}`;
    assert.deepEqual(namesOf(text), ['a']);
    assert.deepEqual(findingsOf(text), [`9:23 data.jobs.yml[1].${bad}`]);
  });

  it('a Secret, in base64 and as it is', () => {
    const text = `apiVersion: v1\nkind: Secret\ndata:\n  jobs.yaml: ${base64}\nstringData:\n  more: '[{job_name: c}]'\n`;
    assert.deepEqual(namesOf(text), ['a', 'c']);
    assert.deepEqual(findingsOf(text), [`4:14 data.jobs.yaml[1].${bad} (line 3 of the text)`]);
  });

  it("a Secret of Prometheus' operator is compressed", () => {
    assert.deepEqual(
      findingsOf('apiVersion: v1\nkind: Secret\ndata: {prometheus.yaml.gz: H4sIAAAAAAAAA}\n'),
      [
        '3:28 data.prometheus.yaml.gz: is compressed; unpack it with base64 -d and gunzip, and hand that over',
      ],
    );
  });

  it('the answer of /api/v1/status/config', () => {
    const yaml = 'global:\n  scrape_interval: 15s\nscrape_configs:\n- job_name: a\n';
    const { jobs, findings } = readConfig(JSON.stringify({ status: 'success', data: { yaml } }));
    assert.deepEqual(findings, []);
    assert.deepEqual(
      jobs.map(({ name, interval }) => [name, interval]),
      [['a', '15s']],
    );
  });

  const NONE: readonly (readonly [text: string, finding: string])[] = [
    [
      'apiVersion: v1\nkind: ConfigMap\ndata: {rules.yml: "groups: []"}\n',
      '3:7 data: holds no prometheus.yml and no list of jobs; hand over the ConfigMap that Prometheus reads',
    ],
    [
      'apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\n',
      '2:1 kind: "PodMonitor" holds no jobs of Prometheus; hand over a prometheus.yml, or a Secret or ConfigMap with one',
    ],
    ['job_name: a\n', '1:1 job_name: begins a job, which stands in a list; write - before it'],
    ['hello', '1:1 : "hello" is neither a prometheus.yml nor a list of jobs'],
    [
      '# nothing\n---\n',
      '1:1 : is empty; hand over a prometheus.yml, a list of jobs, or a Secret or ConfigMap that holds one',
    ],
    ['a\0b', '1:1 : is no text; hand over a prometheus.yml'],
    ['x'.repeat(4_194_305), '1:1 : is 4194305 characters long, at most 4194304 are read'],
    ['['.repeat(10_000), '1:1 : is nested too deeply'],
  ];
  for (const [text, finding] of NONE) {
    it(`nothing to read: ${finding.slice(0, 60)}`, () => assert.deepEqual(findingsOf(text), [finding]));
  }
});

describe('documents behind the first', () => {
  const notesOf = (text: string): readonly string[] => readConfig(text).notes.map(line);
  const told =
    'is not read: of a file the first document counts, here as for Prometheus; hand this one over by itself';
  const first = 'scrape_configs:\n- job_name: a\n';
  const CASES: readonly (readonly [what: string, behind: string, at: number | undefined])[] = [
    ['jobs', '---\nscrape_configs:\n- job_name: b\n', 4],
    ['what is wrong there', '---\n# more\n\n- {job_nam: b\n', 6],
    ['on the marker’s line', '--- {job_name: b}\n', 3],
    ['behind dots', '...\n%YAML 1.1\n---\njob_name: b\n', 6],
    ['the third, where the second is empty', '---\n---\na: b\n', 5],
    ['nothing', '', undefined],
    ['a marker alone', '---\n', undefined],
    ['comments', '...\n# that was all\n--- # or not\n\n', undefined],
  ];
  for (const [what, behind, at] of CASES) {
    it(`${what}: ${at === undefined ? 'no note' : `a note at line ${at}`}`, () => {
      assert.deepEqual(notesOf(`${first}${behind}`), at === undefined ? [] : [`${at}:1 : ${told}`]);
      assert.deepEqual([namesOf(`${first}${behind}`), findingsOf(`${first}${behind}`)], [['a'], []]);
    });
  }

  it('of a manifest too, and of the text in it', () => {
    const map = `kind: ConfigMap\napiVersion: v1\ndata:\n  prometheus.yml: |\n    scrape_configs: []\n    ---\n    - b\n---\na: b\n`;
    assert.deepEqual(notesOf(map), [`7:5 data.prometheus.yml: ${told}`, `9:1 : ${told}`]);
  });
});

describe('hostile configurations', () => {
  it('many mistakes are counted, not all told', () => {
    const { findings, jobs } = readConfig(`scrape_configs:\n${'- {}\n'.repeat(1000)}- job_name: good\n`);
    assert.equal(findings.length, 201);
    assert.equal(findings.at(-1)?.message, '800 more mistakes are not told');
    assert.deepEqual(
      jobs.map(({ name }) => name),
      ['good'],
    );
  });

  it('names of JavaScript are names', () => {
    const text =
      'scrape_configs:\n- job_name: __proto__\n  params: {__proto__: [a], constructor: [b]}\n  toString: 1\n- job_name: constructor\n  params: {__proto__: [a]}\n';
    const { jobs, findings } = readConfig(text);
    assert.deepEqual(findings.map(line), ['4:3 scrape_configs[0].toString: unknown key; leave it out']);
    assert.deepEqual(
      jobs.map(({ name, params }) => [name, Object.entries(params)]),
      [['constructor', [['__proto__', ['a']]]]],
    );
  });

  it('aliases that contain themselves or blow up are mistakes', () => {
    const bomb = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => {
      const last = 'abcdefgh'.charAt(index);
      return `  ${name}: &${name} [${Array.from({ length: 9 }, () => `*${last}`).join(', ')}]\n`;
    });
    const text = `storage:\n  a: &a [1, 2, 3]\n${bomb.join('')}scrape_configs:\n- job_name: x\n`;
    assert.match(findingsOf(text).join('\n'), /too many aliases; write the values out/);
    assert.match(
      findingsOf('storage: &a {b: *a}\nscrape_configs: []').join('\n'),
      /an alias contains itself/,
    );
  });
});
