import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { readConfig } from '../../src/prometheus/read-config.ts';
import { configCases } from '../prometheus/config-files.ts';
import { ensureBinaries, whyUnavailable } from './binaries.ts';
import { skipOrFail } from './require.ts';

/** What is written behind each key, each a scalar or more of its own kind. */
const VALUES: readonly string[] = [
  ...['null', '~', '""', 'Null', '"null"', 'true', '"true"', 'yes', 'on', 'a', 'a/b', '<secret>', 'https'],
  ...['8080', '1.5', '-1', '0', '0x10', '1_000', '1e3', '.inf', '2001-01-01', '18446744073709551615'],
  ...['30s', '1m30s', '30s1m', '!!str 5', '!!int "5"', 'keep', 'KEEP', 'legacy', 'utf8', 'allow-utf-8'],
  ...['[]', '[a]', '[null]', '{}', '{a: b}', '{a: [b]}', '{a: [1, true]}', '{a: [null]}', '{a: null}'],
  ...['[PrometheusProto]', '[PrometheusProto, PrometheusProto]', 'underscores'],
];
const JOB_KEYS = [
  ...['job_name', 'honor_labels', 'params', 'scrape_interval', 'scrape_timeout', 'scrape_protocols'],
  ...['fallback_scrape_protocol', 'metrics_path', 'sample_limit', 'metric_name_validation_scheme'],
  ...['metric_name_escaping_scheme', 'basic_auth', 'authorization', 'bearer_token', 'tls_config', 'no_proxy'],
  ...['follow_redirects', 'relabel_configs', 'metric_relabel_configs', 'kubernetes_sd_configs'],
  ...['static_configs', 'scrape_native_histograms', 'native_histogram_min_bucket_factor', 'http_headers'],
];
const RULES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  replace: { source_labels: '[x]', target_label: 'y' },
  keep: { source_labels: '[x]', regex: 'a' },
  keepequal: { source_labels: '[x]', target_label: 'y' },
  hashmod: { source_labels: '[x]', target_label: 'y', modulus: '4' },
  labelmap: { regex: '(.+)' },
  labeldrop: { regex: 'a' },
};
const RULE_KEYS = ['source_labels', 'separator', 'regex', 'modulus', 'target_label', 'replacement'];
const DISCOVERY_KEYS = [
  ...['role', 'kubeconfig_file', 'namespaces', 'selectors', 'attach_metadata', 'basic_auth', 'tls_config'],
  ...['follow_redirects', 'bearer_token'],
];
const GLOBAL_KEYS = [
  ...['scrape_interval', 'scrape_timeout', 'evaluation_interval', 'external_labels', 'scrape_protocols'],
  ...['metric_name_validation_scheme', 'metric_name_escaping_scheme', 'sample_limit'],
];

function* configurations(): Generator<string> {
  const head = 'scrape_configs:\n- job_name: j\n';
  for (const value of VALUES) {
    for (const key of JOB_KEYS)
      yield key === 'job_name' ? `scrape_configs:\n- job_name: ${value}\n` : `${head}  ${key}: ${value}\n`;
    for (const key of GLOBAL_KEYS) yield `global:\n  ${key}: ${value}\n${head}`;
    for (const key of ['global', 'scrape_configs', 'rule_files', 'unknown']) yield `${key}: ${value}\n`;
    for (const key of DISCOVERY_KEYS) {
      const fields = Object.entries({ role: 'pod', [key]: value }).map(([name, text]) => `${name}: ${text}`);
      yield `${head}  kubernetes_sd_configs:\n  - ${fields.join('\n    ')}\n`;
    }
    yield `${head}  relabel_configs:\n  - {target_label: y, action: ${value}}\n`;
    for (const [action, rule] of Object.entries(RULES)) {
      for (const key of RULE_KEYS) {
        const fields = Object.entries({ action, ...rule, [key]: value });
        yield `${head}  relabel_configs:\n  - ${fields.map(([name, text]) => `${name}: ${text}`).join('\n    ')}\n`;
      }
    }
  }
}

/** Where podscrape says otherwise, each time about what nobody writes. */
const OTHERWISE: readonly RegExp[] = [
  // Null in a list of labels is a label without a name.
  /source_labels: \[null\]/,
  // A quoted "null" goes past the checks of words and regular expressions.
  /(?:action|role|regex): "null"/,
];

const required = skipOrFail(
  'prometheus-config',
  await whyUnavailable(['promtool'], process.env),
  process.env,
);

describe('configurations that Prometheus takes', required, () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-promtool-'));
  let promtool = '';
  before(async () => {
    promtool = (await ensureBinaries(['promtool'])).promtool;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Which of the texts Prometheus takes; the files that they name are not looked at. */
  function taken(texts: readonly string[]): readonly boolean[] {
    const files = texts.map((text, index) => {
      const file = join(folder, `${index}.yml`);
      writeFileSync(file, text);
      return file;
    });
    const passed = new Set<string>();
    for (let index = 0; index < files.length; index += 200) {
      const some = files.slice(index, index + 200);
      const { stdout, stderr } = spawnSync(promtool, ['check', 'config', '--syntax-only', ...some], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
      const names = [...stdout.matchAll(/SUCCESS: (\S+) is valid/g)].map(([, file = '']) => file);
      const failures = [...stderr.matchAll(/^\s*FAILED: /gm)].length;
      assert.equal(names.length + failures, some.length, stderr);
      for (const name of names) passed.add(name);
    }
    return files.map((file) => passed.has(file));
  }

  it('every file of test/prometheus/configs', () => {
    const cases = configCases();
    const verdicts = taken(cases.map(({ text }) => text));
    assert.deepEqual(
      cases.map(({ name }, index) => [name, verdicts[index]]),
      cases.map(({ name, isGood }) => [name, isGood]),
    );
  });

  it('every value behind every key', () => {
    const texts = [...configurations()].filter((text) => !OTHERWISE.some((other) => other.test(text)));
    const verdicts = taken(texts);
    assert.ok(verdicts.includes(true) && verdicts.includes(false));
    const differing = texts.flatMap((text, index) => {
      const told = readConfig(text).findings.map(({ path, message }) => `${path}: ${message}`);
      return (told.length === 0) === verdicts[index] ? [] : [{ text, isTaken: verdicts[index], told }];
    });
    assert.deepEqual(differing, []);
  });
});
