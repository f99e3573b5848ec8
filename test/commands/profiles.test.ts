import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parse } from 'yaml';

import { columns } from '../../src/commands/columns.ts';
import { main } from '../../src/commands/program.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import { configOf } from '../../src/config/load.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../../src/profiles/index.ts';
import { statsdExporter } from '../../src/profiles/statsd-exporter.ts';
import { run } from './run.ts';

const folder = mkdtempSync(join(tmpdir(), 'podscrape-profiles-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: ConfigFile): string {
  const path = join(folder, name);
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const HEAD = /^NAME +SERVES +EXPORTER IMAGE +FROM +SUMMARY$/;

/** The lines below the head, each cut where the head's words begin. */
async function rowsOf(...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await run('profiles', ...args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const [head = '', ...lines] = stdout.trimEnd().split('\n');
  assert.match(head, HEAD);
  const starts = ['NAME', 'SERVES', 'EXPORTER IMAGE', 'FROM', 'SUMMARY'].map((word) => head.indexOf(word));
  return lines.map((line) => starts.map((start, index) => line.slice(start, starts[index + 1]).trimEnd()));
}

suite('the table', () => {
  test('every profile, in its order', async () => {
    const rows = await rowsOf();
    assert.deepEqual(
      rows.map(([name]) => name),
      BUILT_IN_PROFILES.map(({ name }) => name),
    );
    assert.deepEqual(rows[0], [
      'http',
      'application :8080/metrics',
      '-',
      'built in',
      'An application that serves Prometheus metrics itself.',
    ]);
    const statsd = rows.find(([name]) => name === 'statsd');
    assert.deepEqual(statsd?.slice(1, 4), ['exporter :9102/metrics', statsdExporter.image, 'built in']);
  });

  test('what the file changes and adds', async () => {
    const path = file('changed.yaml', {
      profiles: {
        own: {
          summary: 'Mine.',
          target: { scheme: 'https', path: '/m', port: 8443 },
          exporter: { exporter: 'statsd-exporter' },
        },
        http: { interval: '30s' },
        'spring-boot': {},
      },
      exporters: { 'redis-exporter': { port: 9122 } },
    });
    const rows = await rowsOf('--config', path);
    const from = Object.fromEntries(rows.map(([name = '', , , origin]) => [name, origin]));
    const expected = Object.fromEntries(BUILT_IN_PROFILES.map(({ name }) => [name, 'built in']));
    assert.deepEqual(from, {
      ...expected,
      http: 'built in, changed',
      redis: 'built in, changed',
      own: 'configuration',
    });
    assert.deepEqual(rows.at(-1), [
      'own',
      'application :8443/m (https), exporter :9102/metrics',
      statsdExporter.image,
      'configuration',
      'Mine.',
    ]);
    assert.equal(rows.find(([name]) => name === 'redis')?.[1], 'exporter :9122/metrics');
  });

  test('a mirror is shown, and is no change', async () => {
    const rows = await rowsOf(
      '--config',
      file('mirror.yaml', { imageRegistry: 'mirror.example.com' }),
      'statsd',
    );
    const image = statsdExporter.image.replace('quay.io', 'mirror.example.com');
    assert.deepEqual(rows[0]?.slice(2, 4), [image, 'built in']);
  });

  test('on a narrow terminal, without the summaries', async () => {
    let text = '';
    const stdout = { columns: 100, write: (chunk: string) => ((text += chunk), true) };
    const io = { stdout: stdout as unknown as NodeJS.WritableStream, stderr: process.stderr };
    assert.equal(await main(['profiles', 'statsd'], io), 0);
    assert.match(text, /^NAME +SERVES +EXPORTER IMAGE +FROM\nstatsd .* built in\n$/);
  });

  test('the profiles named', async () => {
    assert.deepEqual(
      (await rowsOf('redis', 'http')).map(([name]) => name),
      ['http', 'redis'],
    );
  });
});

suite('-o yaml is a configuration file', () => {
  const { hash } = effectiveConfig({}).engine;

  for (const names of [[], ...BUILT_IN_PROFILES.map(({ name }) => [name])]) {
    test(`${names.join() || 'all'}: pasted, it changes nothing`, async () => {
      const { code, stdout, stderr } = await run('profiles', ...names, '-o', 'yaml');
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      const loaded = configOf({ text: stdout }, 'pasted.yaml');
      assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
      assert.equal(loaded.config.engine.hash, hash);
      const said = parse(stdout) as ConfigFile;
      const expected = names.length === 0 ? BUILT_IN_PROFILES.map(({ name }) => name) : names;
      assert.deepEqual(Object.keys(said.profiles ?? {}), expected);
    });
  }

  test('with the exporters that are used, and without any where none is', async () => {
    const exportersOf = async (...args: string[]): Promise<unknown> => {
      const said = parse((await run('profiles', '-o', 'yaml', ...args)).stdout) as ConfigFile;
      return said.exporters === undefined ? undefined : Object.keys(said.exporters);
    };
    assert.deepEqual(await exportersOf('http'), undefined);
    assert.deepEqual(await exportersOf('http', 'gunicorn', 'statsd'), ['statsd-exporter']);
    const all = BUILT_IN_EXPORTERS.map(({ name }) => name);
    assert.deepEqual(await exportersOf(), all);
  });

  test('of a file that changes and adds', async () => {
    const content: ConfigFile = {
      imageRegistry: 'mirror.example.com/a',
      profiles: {
        own: {
          exporter: { exporter: 'own', appEnv: [{ name: 'A', value: 'on' }] },
          basicAuth: { username: { name: 'a', key: 'yes' }, password: { name: 'a', key: '1_000' } },
        },
        gunicorn: { target: { port: 8000 }, exporter: null },
      },
      exporters: {
        'redis-exporter': { connection: { both: null } },
        own: { image: 'example.com/own:v1', port: 9000, runAsUser: 1, args: ['{port}'] },
      },
    };
    const { stdout } = await run('profiles', '--config', file('own.yaml', content), '--output', 'yaml');
    const loaded = configOf({ text: `imageRegistry: mirror.example.com/a\n${stdout}` }, 'pasted.yaml');
    assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.join('\n'));
    assert.equal(loaded.config.engine.hash, effectiveConfig(content).engine.hash);
    assert.match(stdout, /^ {4}exporter: null\n/m);
    // Tools that read YAML 1.1 would make true of it.
    assert.match(stdout, /value: ["']on["']\n/);
  });

  test('-o json says the same', async () => {
    const [yaml, json] = [await run('profiles', '-o', 'yaml'), await run('profiles', '-o', 'json')];
    assert.deepEqual(JSON.parse(json.stdout), parse(yaml.stdout));
  });
});

suite('what is wrong', () => {
  test('names that are none, all at once', async () => {
    const known = BUILT_IN_PROFILES.map(({ name }) => name).join(', ');
    assert.deepEqual(await run('profiles', 'gunicron', 'http', 'x\ny'), {
      code: 1,
      stdout: '',
      stderr:
        `error: unknown profile "gunicron"; known are ${known}; did you mean gunicorn?\n` +
        `error: unknown profile "x\\ny"; known are ${known}\n`,
    });
  });

  test('a file with problems', async () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, 'profiles: {a: {}}\n');
    const { code, stdout, stderr } = await run('profiles', '--config', path);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /bad\.yaml:1:12: profiles\.a: has neither target nor exporter/);
  });

  test('no file', async () => {
    const path = join(folder, 'missing.yaml');
    const expected = { code: 1, stdout: '', stderr: `${path}: there is no such file\n` };
    assert.deepEqual(await run('profiles', '--config', path), expected);
  });

  test('another format', async () => {
    const { code, stderr } = await run('profiles', '-o', 'wide');
    assert.equal(code, 2);
    assert.match(stderr, /'wide' is invalid\. Allowed choices are table, yaml, json/);
  });
});

suite('columns', () => {
  const rows = [
    ['A', 'B', 'C'],
    ['one', '', 'a long sentence about it'],
  ];

  test('two blanks between them, none at the end', () =>
    assert.equal(columns(rows), 'A    B  C\none     a long sentence about it\n'));

  test('a terminal cuts the last one', () =>
    assert.equal(columns(rows, 28), 'A    B  C\none     a long sentence abo…\n'));

  test('where there is no room, it is left out', () => assert.equal(columns(rows, 27), 'A    B\none\n'));

  test('no rows', () => assert.equal(columns([]), ''));
});
