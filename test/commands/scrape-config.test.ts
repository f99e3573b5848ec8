import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, suite, test } from 'node:test';

import { parse, parseAllDocuments } from 'yaml';

import { run } from './run.ts';
import { SCRAPE_CONFIG_CASES } from './scrape-config-cases.ts';

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'podscrape-scrape-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// `node --test --test-update-snapshots` writes the golden files: read the difference.
suite('golden scrape configurations', () => {
  const golden = join(import.meta.dirname, 'golden', 'scrape-config');
  for (const [name, { args, config }] of Object.entries(SCRAPE_CONFIG_CASES)) {
    test(name, async (t) => {
      const path = join(folder, `${name}.yaml`);
      if (config !== undefined) writeFileSync(path, config);
      const given = config === undefined ? [] : ['--config', path];
      const { code, stdout, stderr } = await run('scrape-config', ...args, ...given);
      assert.equal(code, 0, stderr);
      t.assert.fileSnapshot(stdout, join(golden, `${name}.yaml`), { serializers: [String] });
      t.assert.fileSnapshot(stderr, join(golden, `${name}.txt`), { serializers: [String] });
      assert.equal((await run('scrape-config', ...args, ...given)).stdout, stdout);
    });
  }

  test('no file is missing or left over', () => {
    const names = Object.keys(SCRAPE_CONFIG_CASES).flatMap((name) => [`${name}.txt`, `${name}.yaml`]);
    assert.deepEqual(readdirSync(golden).sort(), names.sort());
  });

  test('they are what YAML 1.1 reads too', async () => {
    for (const { args, prints } of Object.values(SCRAPE_CONFIG_CASES)) {
      const { stdout } = await run('scrape-config', ...args);
      if (prints === 'objects') {
        const read = (version: '1.1' | '1.2'): unknown =>
          parseAllDocuments(stdout, { version }).map((document) => document.toJS() as unknown);
        assert.deepEqual(read('1.1'), read('1.2'));
      } else {
        const [old, today] = (['1.1', '1.2'] as const).map(
          (version) => parse(stdout, { version }) as unknown,
        );
        assert.deepEqual(old, today);
      }
    }
  });
});

suite('podscrape scrape-config', () => {
  test('the Secret has the jobs, where the options say', async () => {
    const place = ['--secret-name', 'extra', '--secret-namespace', 'metrics', '--secret-key', 'jobs.yaml'];
    const secret = await run('scrape-config', '--format', 'secret', ...place);
    const { metadata, stringData } = parse(secret.stdout) as {
      readonly metadata: object;
      readonly stringData: Readonly<Record<string, string>>;
    };
    assert.deepEqual(metadata, { name: 'extra', namespace: 'metrics' });
    const jobs = await run('scrape-config', '--format', 'jobs');
    assert.deepEqual(stringData, { 'jobs.yaml': jobs.stdout });
  });

  test('rights of one ServiceAccount never replace those of another', async () => {
    const components = ['--with', 'cadvisor,kube-state-metrics', '--resources', 'pods'];
    const identities = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await run('scrape-config', '--print-rbac', ...components, ...args);
      return parseAllDocuments(stdout).map((document) => {
        const { kind, metadata } = document.toJS() as {
          readonly kind: string;
          readonly metadata: { readonly name: string; readonly namespace?: string };
        };
        return `${kind} ${metadata.namespace ?? '-'}/${metadata.name}`;
      });
    };
    // The second and third would be one with a dash between namespace and name.
    const accounts = ['monitoring/prometheus', 'team-a/prometheus', 'team/a-prometheus', 'team-a/other'];
    for (const where of [[], ['--namespaces', 'shop,blog']]) {
      const all = await Promise.all(
        accounts.map((account) => identities(...where, '--service-account', account)),
      );
      const prometheus = all.flat().filter((identity) => !identity.endsWith(':kube-state-metrics'));
      assert.equal(prometheus.length, accounts.length * (where.length === 0 ? 2 : 8));
      assert.deepEqual(prometheus, [...new Set(prometheus)]);
    }
  });

  test('a reader that goes away is no failure', async () => {
    const child = spawn(process.execPath, [CLI, 'scrape-config', '--slow'], { stdio: 'pipe' });
    child.stdout.destroy();
    const closed = once(child, 'close') as Promise<[code: number | null]>;
    const [told, [code]] = await Promise.all([text(child.stderr), closed]);
    assert.equal(code, 0, told);
    assert.match(told, /^note: [^\n]*\n$/);
  });

  test('bad manifests fail, and what is good is printed', async () => {
    const path = join(folder, 'bad.yaml');
    const pod = (name: string, port: string): string =>
      `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, labels: {app: ${name}}, annotations: {podscrape.dev/port: "${port}"}}, spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}\n`;
    writeFileSync(path, `${pod('good', '80')}---\n${pod('bad', 'x y')}`);
    const { code, stdout, stderr } = await run(
      'scrape-config',
      '--role',
      'service',
      '--print-services',
      '-f',
      path,
    );
    assert.equal(code, 1);
    assert.match(stdout, /name: good-c-metrics/);
    assert.doesNotMatch(stdout, /bad-c/);
    assert.match(stderr, /Pod\/bad \(document 2\): error: podscrape\.dev\/port/);
  });

  test('a bad configuration file prints nothing', async () => {
    const path = join(folder, 'bad-config.yaml');
    writeFileSync(path, 'profils: {}\n');
    const { code, stdout, stderr } = await run('scrape-config', '--config', path);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /profils: unknown key/);
  });

  const wrong: readonly (readonly [args: string, message: RegExp])[] = [
    ['--role node', /Allowed choices are pod, endpoints, endpointslice, service/],
    ['--print-services -f x', /--print-services is for Services; add --role endpointslice/],
    ['--print-services --role service', /--print-services needs manifests: -f FILE/],
    ['--print-services --print-rbac', /exclude each other/],
    ['-f x', /belong to --print-services; --namespaces a,b limits the jobs/],
    ['--namespace shop', /belong to --print-services/],
    ['--format jobs --print-rbac', /--format is for the jobs/],
    ['--secret-name x', /belong to --format secret/],
    ['--token-file t', /belong to --api-server URL/],
    ['--insecure-skip-tls-verify', /belong to --api-server URL/],
    [
      '--api-server https://a --token-file t --cert-file c --key-file k',
      /--token-file and --cert-file exclude/,
    ],
    ['--api-server https://a --cert-file c', /--cert-file and --key-file belong together/],
    ['--api-server https://a --key-file c', /--cert-file and --key-file belong together/],
    ['--api-server https://a --ca-file c --insecure-skip-tls-verify', /exclude each other/],
    ['--api-server http://a --token-file t', /must not go over http/],
    ...['token', 'ca', 'cert', 'key'].map(
      (what) => [`--api-server https://a --${what}-file=`, /must name a file/] as const,
    ),
    ['--api-server a:6443', /must be http or https/],
    ['--api-server https://u:p@a', /A password must not stand in it/],
    ['--api-server https://a?b', /no query/],
    ['--dialect x.io --role service', /--dialect is for --role pod/],
    ['--dialect podscrape.dev', /podscrape’s own keys are there/],
    ['--dialect X_Y', /lower case letters/],
    ['--resources pods', /--resources belongs to --with kube-state-metrics/],
    ['--with kube-state-metrics --resources podz', /"podz" is unknown; did you mean pods\?/],
    ['--with kube-state-metrics --resources pods,nodes --namespaces a', /nodes: in no namespace/],
    ['--with kube-state', /"kube-state" is unknown; known are kube-state-metrics, cadvisor/],
    ['--with cadvisor,', /a list with commas/],
    ['--namespaces a,B', /lower case letters, digits and dashes/],
    ['--pod-label namespace', /the labels must differ: namespace, namespace, container/],
    [
      '--container-label app --app-label-from-container',
      /sets the label app, which another option names too/,
    ],
    ['--pod-label a-b', /letters, digits and underscores only/],
    ['--pod-label __pod', /takes labels that begin with __ away/],
    ['--pod-label job', /gives job a meaning of its own/],
    ['--labelmap (', /no regular expression of RE2/],
    ['--labelmap (?=a)', /no regular expression of RE2/],
    ['--labelmap a)|(b', /no regular expression of RE2.* unexpected \)/s],
    ['--slow often', /a Prometheus duration such as 5m/],
    ['--slow 0s', /a Prometheus duration such as 5m/],
    ['--secrets-dir secrets', /an absolute path/],
    ['--service-account prometheus', /NAMESPACE\/NAME, such as monitoring\/prometheus/],
    ['--format secret --secret-key a/b', /letters, digits, dashes, dots and underscores only/],
    ['--job-prefix -', /letters, digits, dashes, dots and underscores only/],
  ];
  for (const [args, message] of wrong) {
    test(`${args} is refused`, async () => {
      const { code, stdout, stderr } = await run('scrape-config', ...args.split(' '));
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, message);
    });
  }
});
