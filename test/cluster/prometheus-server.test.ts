import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';

import type { Cluster } from '../../src/prometheus/jobs/options.ts';
import type { PrometheusConfig } from '../../src/prometheus/scrape-config.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { isRunning } from './processes.ts';
import { clusterAccess, serviceAccountToken, withCluster } from './prometheus/cluster.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';

/** A configuration in which it scrapes itself, a closed port, and something that a rule drops. */
const config = (port: number): string => `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: itself
    static_configs: [{targets: ['127.0.0.1:${port}'], labels: {team: shop}}]
  - job_name: closed
    scrape_timeout: 500ms
    static_configs: [{targets: ['127.0.0.1:1']}]
  - job_name: dropped
    static_configs: [{targets: ['dropped.test:80']}]
    relabel_configs: [{source_labels: [__address__], regex: 'dropped.*', action: drop}]
`;

describe('a Prometheus', await requirePrometheus('a Prometheus'), () => {
  let prometheus: Prometheus;

  before(async () => {
    prometheus = await startPrometheus({ config });
  });
  after(() => prometheus.stop());

  it('tells its targets: up, down with the reason, and dropped', async () => {
    const { active, dropped } = await prometheus.untilTargets(
      'two targets scraped, one dropped',
      ({ active: some, dropped: others }) =>
        others.length === 1 && some.length === 2 && some.every(({ health }) => health !== 'unknown'),
    );
    const [up] = active.filter(({ health }) => health === 'up');
    assert.deepEqual(up?.labels, {
      instance: `127.0.0.1:${prometheus.port}`,
      job: 'itself',
      team: 'shop',
    });
    assert.equal(up.scrapeUrl, `${prometheus.url}/metrics`);
    assert.deepEqual([up.scrapePool, up.scrapeInterval, up.lastError], ['itself', '1s', '']);
    assert.equal(up.discoveredLabels['__address__'], `127.0.0.1:${prometheus.port}`);
    const down = active.find(({ health }) => health === 'down');
    assert.deepEqual([down?.scrapePool, down?.scrapeTimeout], ['closed', '500ms']);
    assert.match(down?.lastError ?? '', /connection refused/);
    assert.equal(dropped[0]?.scrapePool, 'dropped');
    assert.equal(dropped[0].discoveredLabels['__address__'], 'dropped.test:80');
  });

  it('answers queries', async () => {
    const samples = await prometheus.waitFor('its own samples', async () => {
      const found = await prometheus.query('up{job="itself"}');
      return found.length > 0 && found;
    });
    assert.deepEqual(samples, [
      {
        labels: {
          __name__: 'up',
          job: 'itself',
          instance: `127.0.0.1:${prometheus.port}`,
          team: 'shop',
        },
        value: 1,
      },
    ]);
    assert.deepEqual(await prometheus.query('up{job="nobody"}'), []);
    await assert.rejects(prometheus.query('up{'), /query=up%7B: 400 invalid parameter "query"/);
    await assert.rejects(prometheus.query('1'), /1: gives a scalar, no vector/);
  });

  it('takes another configuration, and says what is wrong with one', async () => {
    const bad = 'scrape_configs: [{job_name: a, scrape_interval: 5x}]';
    await assert.rejects(
      prometheus.reload(bad),
      /prometheus: failed to reload config: .*unknown unit "x" in duration "5x"/,
    );
    assert.equal((await prometheus.targets()).active.length, 2);
    await prometheus.reload((port) => config(port).replace('job_name: itself', 'job_name: renamed'));
    await prometheus.untilTargets('the new job', ({ active }) =>
      active.some(({ scrapePool }) => scrapePool === 'renamed'),
    );
    assert.match(prometheus.logs(), /Completed loading of configuration file/);
  });

  it('ends with its data, and one with a configuration that it does not take says why', async () => {
    const other = await startPrometheus({ config: 'scrape_configs: []' });
    assert.ok(isRunning(other.pid) && existsSync(other.folder));
    assert.deepEqual(await other.targets(), { active: [], dropped: [] });
    await other.stop();
    await other.stop();
    assert.deepEqual([isRunning(other.pid), existsSync(other.folder)], [false, false]);
    await assert.rejects(
      startPrometheus({ config: 'scrape_configs: [{job: a}]' }),
      /ended early [^]*field job not found/,
    );
  });
});

describe('withCluster', () => {
  const cluster: Cluster = {
    api_server: 'https://127.0.0.1:6443',
    authorization: { credentials_file: '/token' },
    tls_config: { ca_file: '/ca' },
  };
  const job = { job_name: 'a', kubernetes_sd_configs: [{ role: 'pod' }] } as const;
  const whole = { scrape_configs: [{ ...job, kubernetes_sd_configs: [{ role: 'pod', ...cluster }] }] };

  it('makes a whole configuration of a job or several, as objects or text', () => {
    for (const given of [job, [job], { scrape_configs: [job] }])
      for (const form of [given, JSON.stringify(given)])
        assert.deepEqual(parse(withCluster(form, cluster)), whole);
  });

  it('leaves the rest of a text as it is', () => {
    const text = [
      '# ours',
      'global: { scrape_interval: 5s }',
      'scrape_configs:',
      '  - job_name: a',
      '    kubernetes_sd_configs:',
      '      - role: pod',
      '        namespaces: { names: [ shop ] } # only that',
      '  - job_name: b',
      '    static_configs: [ { targets: [ "a:1" ] } ]',
      '',
    ].join('\n');
    const [before, behind] = text.split(/(?<= # only that\n)/);
    const made = withCluster(text, cluster);
    assert.ok(made.startsWith(before ?? '') && made.endsWith(behind ?? ''), made);
    const { scrape_configs: jobs } = parse(made) as PrometheusConfig;
    assert.deepEqual(jobs[0]?.kubernetes_sd_configs, [
      { role: 'pod', namespaces: { names: ['shop'] }, ...cluster },
    ]);
  });

  it('refuses what would find nothing', () => {
    for (const given of ['', 'scrape_configs: []', { job_name: 'a' }, 'scrape_configs: [{job_name: a}]'])
      assert.throws(() => withCluster(given, cluster), /has no kubernetes_sd_configs/);
    assert.throws(() => withCluster('a: [', cluster), /Flow sequence/);
  });
});

const suite = 'a Prometheus outside the cluster';

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let plane: ControlPlane;
  let prometheus: Prometheus | undefined;

  before(async () => {
    plane = await startControlPlane();
    for (const name of ['shop', 'depot']) await plane.createNamespace(name);
  });
  after(async () => {
    await prometheus?.stop();
    await plane.stop();
  });

  /** Services are targets that need no kubelet. */
  async function service(namespace: string, name: string): Promise<void> {
    const body = { metadata: { name }, spec: { ports: [{ port: 80 }] } };
    const { status } = await plane.request('POST', `/api/v1/namespaces/${namespace}/services`, body);
    assert.equal(status, 201);
  }

  const job = (names: readonly string[]) => ({
    job_name: 'services',
    kubernetes_sd_configs: [{ role: 'service', namespaces: { names } }] as const,
  });

  it('discovers with a token and the CA of the plane, only what its ServiceAccount may see', async () => {
    await plane.request('POST', '/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'prom' } });
    const role = ['create', 'role', 'services', '--verb=get,list,watch', '--resource=services'];
    const binding = ['create', 'rolebinding', 'prom', '--role=services', '--serviceaccount=shop:prom'];
    for (const args of [role, binding]) await plane.kubectl(['-n', 'shop', ...args]);
    for (const namespace of ['shop', 'depot']) await service(namespace, 'web');
    const limited = clusterAccess(plane, await serviceAccountToken(plane, 'shop', 'prom'));
    prometheus = await startPrometheus({ config: withCluster(job(['shop']), limited) });
    const seen = ({ active }: Awaited<ReturnType<Prometheus['targets']>>): string =>
      active
        .map(({ discoveredLabels: labels }) => labels['__address__'])
        .sort()
        .join();
    await prometheus.untilTargets('the Service', (targets) => seen(targets) === 'web.shop.svc:80');
    // A Prometheus whose role is too narrow finds nothing and says so in its log only.
    const { logs } = await startedWith(withCluster(job(['depot']), limited), 'cannot list resource');
    assert.match(logs, /services is forbidden: User [^]*system:serviceaccount:shop:prom/);
    await prometheus.reload(withCluster(job(['shop', 'depot']), clusterAccess(plane)));
    await prometheus.untilTargets(
      'both Services',
      (targets) => seen(targets) === 'web.depot.svc:80,web.shop.svc:80',
    );
  });

  it('no ServiceAccount, no token', async () => {
    await assert.rejects(
      serviceAccountToken(plane, 'shop', 'nobody'),
      /serviceaccounts\/nobody\/token: serviceaccounts "nobody" not found/,
    );
  });

  /** The log of a Prometheus, once these words are in it. */
  async function startedWith(text: string, words: string): Promise<{ readonly logs: string }> {
    const started = await startPrometheus({ config: text });
    try {
      await started.waitFor(words, () => started.logs().includes(words));
      return { logs: started.logs() };
    } finally {
      await started.stop();
    }
  }
});
