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
  ...['scheme', 'body_size_limit', 'proxy_url', 'oauth2'],
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
  ...['follow_redirects', 'bearer_token', 'api_server', 'proxy_url'],
];
const GLOBAL_KEYS = [
  ...['scrape_interval', 'scrape_timeout', 'evaluation_interval', 'external_labels', 'scrape_protocols'],
  ...['metric_name_validation_scheme', 'metric_name_escaping_scheme', 'sample_limit'],
];

/** Values that have a grammar of their own, each in the place of `%`. */
const GRAMMARS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes_sd_configs: [{role: pod, selectors: [{role: pod, label: "%"}]}]': [
    ...[
      '',
      ' ',
      'a',
      '!a',
      '! a',
      '!!a',
      'a=b',
      'a==b',
      'a!=b',
      'a!==b',
      'a=!b',
      'a = b',
      'a= =b',
      'a=',
      'a=,b',
    ],
    ...[
      'a,',
      ',a',
      'a,,b',
      'a in (b)',
      'a in(b,c)',
      'a in ()',
      'a in (,)',
      'a in (b,)',
      'a in (,b',
      'a in (b',
    ],
    ...[
      'a in (b c)',
      'a in b',
      'a notin (in,notin)',
      'in',
      'in in (in)',
      'notin,in',
      'a IN (b)',
      '!a in (b)',
    ],
    ...['a>1', 'a<1', 'a>b', 'a>', 'a>=1', 'a>01', 'a>1.5', 'a>99999999999999999999', 'a<-1', 'a b', 'a(b)'],
    ...[
      '(a)',
      'a)',
      'a=(b)',
      'a/b',
      'A/b',
      'a.b/c-d_e=f',
      '/a',
      'a/',
      'a/b/c',
      '-a',
      'a-',
      'a=-b',
      'a=b/c',
      'é',
    ],
    ...[
      `${'a'.repeat(63)}=b`,
      `${'a'.repeat(64)}=b`,
      `a=${'b'.repeat(63)}`,
      `a=${'b'.repeat(64)}`,
      'a\\tb',
      'a\\vb',
    ],
  ],
  "kubernetes_sd_configs: [{role: pod, selectors: [{role: pod, field: '%'}]}]": [
    ...[
      '',
      ' ',
      'a',
      'a=b',
      'a==b',
      'a!=b',
      'a=',
      '=',
      '=b',
      'a=b=c',
      'a===b',
      'a=b,',
      ',',
      ',,a=b',
      'a=b,c',
      'a!b',
    ],
    ...[
      'a=b\\,c',
      'a=b\\=c',
      'a=b\\\\',
      'a=b\\',
      'a=b\\c',
      'a\\,b=c',
      'a\\=b',
      'a,\\',
      'a!=b!=c',
      'spec.hostname=x',
    ],
  ],
  'body_size_limit: %': [
    ...[
      '1B',
      '1KB',
      '1KiB',
      '1kB',
      '1kiB',
      '1K',
      '1Ki',
      '1mb',
      '10MB',
      '1.5GB',
      '.5GB',
      '5.GB',
      '.GB',
      '1 GB',
      '1GB ',
    ],
    ...[
      '1GB1MB',
      '1GB1MiB',
      '1GiB1B',
      '-1MB',
      '+1MB',
      '--1MB',
      '-0',
      '+',
      '00',
      '0B',
      '1e3B',
      '1_0B',
      '8EiB',
      '9EiB',
    ],
    ...['9223372036854775807B', '9223372036854775809B', '99999999999999999999B', '0x1B', '1BB', 'B'],
  ],
  "proxy_url: '%'": [
    ...[
      'http://h',
      'h',
      'h:1',
      '1.2.3.4:1',
      'http://h:1',
      'http://h:',
      'http://h:x',
      'http://h:1:2',
      'tcp://h:1:2',
      ':',
    ],
    ...[
      '*',
      '//h',
      '//h:x',
      '///h:x',
      '/h:x',
      'http:h:x',
      'http:/h:x',
      'h/a:b',
      'a b',
      'http://a b',
      'http://h/a b',
    ],
    ...[
      'http://%41',
      'http://%e9',
      'http://h/%',
      'http://h/%zz',
      'http://h/%2f',
      'http://h?%',
      'http://u:p@h',
      'é://h',
    ],
    ...[
      'http://u%:p@h',
      'http://u^@h',
      'http://u@v@h',
      'http://[::1]',
      'http://[::1]:1',
      'http://[::1]:x',
      'http://[::1',
    ],
    ...[
      'http://::1',
      'http://[1.2.3.4]',
      'http://[h]',
      'http://a[::1]',
      'http://h#a',
      'http://[fe80::1%25en0]',
      '?a:b',
    ],
    ...[
      'http://h{',
      'http://h|',
      'http://h<>"',
      'http://h\\',
      'http://é',
      '1http://h',
      'h-t://a:b',
      'http://h`',
      'http://h}',
    ],
  ],
  'tls_config: {%}': [
    ...[
      'min_version: TLS12',
      'max_version: TLS10',
      'min_version: TLS1.2',
      'min_version: tls12',
      'max_version: ""',
    ],
    ...[
      'min_version: null',
      'min_version: Null',
      'cert: x',
      'key: x',
      'cert: x, key: y',
      'cert_ref: x, key_ref: y',
    ],
    ...['ca: x, ca_file: y', 'ca: x, ca_file: ""', 'ca_file: x, ca_ref: y', 'key: x, key_file: y, cert: z'],
    ...['cert: x, cert_ref: y, key: z', 'cert: "", key: ""', 'cert: "", key: x'],
  ],
  'oauth2: {client_id: x, token_url: y, %}': [
    ...[
      'client_secret: x',
      'client_secret: x, client_secret_file: y',
      'client_secret_ref: x, client_secret_file: y',
    ],
    ...[
      'tls_config: {cert: x}',
      'no_proxy: x',
      'proxy_url: "http://h:x"',
      'signature_algorithm: x',
      'grant_type: x',
    ],
    ...[
      'client_certificate_key: x, client_certificate_key_file: y',
      'proxy_from_environment: true, no_proxy: x',
    ],
    'grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", client_secret: x, client_secret_file: y',
    'grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", client_certificate_key: x, client_certificate_key_ref: y',
    'grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", signature_algorithm: x',
    'grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", signature_algorithm: RS384',
  ],
  'http_headers: {%: {values: [x]}}': [
    ...[
      'Host',
      'host',
      'HOST',
      'Authorization',
      'user-agent',
      'X-Scope',
      'Accept',
      'Cookie',
      'X-Amz-Date',
      '"host "',
    ],
    ...['content-type', 'x-prometheus-scrape-timeout-seconds', 'Proxy-Authorization', 'keep-alive', 'TE'],
  ],
};

function* configurations(): Generator<string> {
  const head = 'scrape_configs:\n- job_name: j\n';
  for (const [setting, values] of Object.entries(GRAMMARS))
    for (const value of values) yield `${head}  ${setting.replace('%', () => value)}\n`;
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
  /(?:action|role|regex|proxy_url|api_server): "null"/,
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
