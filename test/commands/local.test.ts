import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';

import type { PrometheusConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { run } from './run.ts';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

/** The jobs that a command line prints, and what it says to people. */
async function local(line: string): Promise<{ jobs: readonly ScrapeConfig[]; said: string }> {
  const { code, stdout, stderr } = await run('local', ...words(line));
  assert.equal(code, 0, stderr);
  return { jobs: (parse(stdout) as PrometheusConfig).scrape_configs, said: stderr };
}

/** A job with these targets. */
const job = (name: string, target: string, more: Partial<ScrapeConfig> = {}): ScrapeConfig => ({
  job_name: name,
  scrape_interval: '5s',
  static_configs: [{ targets: [target] }],
  ...more,
});

const SELF = job('prometheus', 'localhost:9090');

suite('the configuration', () => {
  test('as it is printed: Prometheus itself, and controller-runtime’s port', async () => {
    const { code, stdout } = await run('local', '--name', 'provider-aws');
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `scrape_configs:
  - job_name: prometheus
    scrape_interval: 5s
    static_configs:
      - targets:
          - localhost:9090
  - job_name: provider-aws
    scrape_interval: 5s
    static_configs:
      - targets:
          - localhost:8080
`,
    );
  });

  const rows: [line: string, ...jobs: ScrapeConfig[]][] = [
    ['', SELF, job('localhost-8080', 'localhost:8080')],
    ['--port 3000', SELF, job('localhost-3000', 'localhost:3000')],
    [
      '--port 3000 --port worker=9102 --name web',
      SELF,
      job('web', 'localhost:3000'),
      job('worker', 'localhost:9102'),
    ],
    [
      '--port 1 --port 65535',
      SELF,
      job('localhost-1', 'localhost:1'),
      job('localhost-65535', 'localhost:65535'),
    ],
    [
      '--interval 1m30s --prometheus-port 9091 --path /actuator/prometheus --name app',
      job('prometheus', 'localhost:9091', { scrape_interval: '1m30s' }),
      job('app', 'localhost:8080', { scrape_interval: '1m30s', metrics_path: '/actuator/prometheus' }),
    ],
    [
      '--scheme https --insecure-skip-verify --port a=8443 --port b=8444',
      SELF,
      ...[8443, 8444].map((port, index) =>
        job(['a', 'b'][index] ?? '', `localhost:${port}`, {
          scheme: 'https',
          tls_config: { insecure_skip_verify: true },
        }),
      ),
    ],
    // A name that YAML 1.1 takes for a boolean.
    ['--name on', SELF, job('on', 'localhost:8080')],
    // In the container Prometheus keeps its usual port, whatever port leads there.
    ['--docker-vm --prometheus-port 9091 --name m', SELF, job('m', 'host.docker.internal:8080')],
  ];
  for (const [line, ...expected] of rows) {
    test(`podscrape local ${line}`, async () => assert.deepEqual((await local(line)).jobs, expected));
  }

  test('has no anchors, and quotes what is no text elsewhere', async () => {
    const { stdout } = await run(
      ...['local', '--scheme', 'https', '--insecure-skip-verify', '--port', 'on=1', '--port', '2'],
    );
    assert.doesNotMatch(stdout, /[&*]/);
    assert.match(stdout, /job_name: ["']on["']\n/);
  });
});

suite('how to run it is for people', () => {
  const MOUNT = '-v "$PWD/prometheus.yml:/etc/prometheus/prometheus.yml" prom/prometheus';
  // Arguments replace those of the image, so that they are said again.
  const OWN = '--config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus';

  test('the image on the network of this machine, or the binary, and where that does not help', async () => {
    const { said } = await local('');
    const listen = '--web.listen-address=127.0.0.1:9090';
    assert.ok(said.includes(`\n  docker run -d --net=host ${MOUNT} ${OWN} ${listen}\n`), said);
    assert.ok(said.includes(`\n  prometheus --config.file=prometheus.yml ${listen}\n`), said);
    assert.match(said, /write 0\.0\.0\.0 in place of\n127\.0\.0\.1 where others are to open it too\.\n/);
    assert.ok(said.includes('http://localhost:9090.'), said);
    assert.match(said, /Docker Desktop, Colima, podman machine[^]*--docker-vm/);
  });

  test('another port of Prometheus', async () => {
    const { said } = await local('--prometheus-port 9091');
    const listen = '--web.listen-address=127.0.0.1:9091';
    assert.ok(said.includes(`\n  docker run -d --net=host ${MOUNT} ${OWN} ${listen}\n`), said);
    assert.ok(said.includes(`\n  prometheus --config.file=prometheus.yml ${listen}\n`), said);
    assert.ok(said.includes('http://localhost:9091.'), said);
  });

  test('in a virtual machine its port is published', async () => {
    const { said } = await local('--docker-vm --prometheus-port 9091');
    assert.ok(said.includes(`\n  docker run -d -p 127.0.0.1:9091:9090 ${MOUNT}\n`), said);
    assert.ok(said.includes('http://localhost:9091.'), said);
    assert.doesNotMatch(said, /--net=host|--docker-vm|--config\.file/);
  });
});

suite('a wrong command line', () => {
  const NAME = 'up to 100 letters, digits, underscores, dots, slashes and dashes';
  const rows: [line: string, message: string][] = [
    [
      '--port 0',
      "'--port <[name=]number>' argument '0' is invalid. It must be a whole number from 1 to 65535",
    ],
    ['--port 65536', 'a whole number from 1 to 65535'],
    ['--port web', 'a whole number from 1 to 65535'],
    ['--port web=', 'a whole number from 1 to 65535'],
    ['--port =80', NAME],
    ['--port a,b=80', NAME],
    ['--name -x', NAME],
    ['--name a{b', NAME],
    [`--name ${'n'.repeat(101)}`, NAME],
    ['--port 80 --port web=80', 'port 80 is given twice; only one program can listen there'],
    ['--port web=80 --port web=81', 'two programs are called web;'],
    ['--port localhost-81=80 --port 81', 'two programs are called localhost-81;'],
    ['--name prometheus', 'the job prometheus is the one in which Prometheus scrapes itself'],
    ['--port web=9090', 'port 9090 is that of web, and Prometheus is to listen there too;'],
    ['--prometheus-port 8080', 'port 8080 is that of localhost-8080, and Prometheus'],
    ['--docker-vm --port web=9090', 'give it another with --prometheus-port'],
    ['--prometheus-port 0', 'a whole number from 1 to 65535'],
    [
      '--name a --port 1 --port 2',
      '--name a is for one program, but --port 1, 2 have none; write --port NAME=',
    ],
    ['--name a --port b=1', '--name a is for one program, but every --port has a name'],
    ['--name a --name b', 'It is given twice, after "a"; write --port NAME=PORT for each'],
    ['--interval 0s', 'a Prometheus duration above zero, such as 5s, 500ms or 1m30s.\n'],
    ['--interval 15', 'above zero, such as 5s, 500ms or 1m30s. Did you mean 15s?'],
    ['--interval 1.5s', 'a Prometheus duration above zero'],
    ['--path metrics', 'It must begin with / and have no blank, no ? and no #'],
    ['--path /metrics?format=prometheus', 'no ?'],
    ['--scheme HTTPS', 'Allowed choices are http, https'],
    ['--insecure-skip-verify', '--insecure-skip-verify is about certificates; give --scheme https too'],
    ['8080', "too many arguments for 'local'"],
  ];
  for (const [line, message] of rows) {
    test(`podscrape local ${line}`, async () => {
      const { code, stdout, stderr } = await run('local', ...words(line));
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr);
      assert.ok(stderr.includes(message), `${stderr}\ndoes not say: ${message}`);
    });
  }
});
