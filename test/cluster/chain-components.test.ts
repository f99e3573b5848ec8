import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { BUILT_IN_EXPORTERS } from '../../src/profiles/index.ts';
import { ensureBinaries } from './binaries.ts';
import { pages, reaching, scrapeConfig, targetsUp, untilRows, untilSamples } from './chain-stage.ts';
import { certificate, createComponent, everySecond } from './chain-tools.ts';
import type { Certificate } from './chain-tools.ts';
import { ExporterStage } from './exporter-stage.ts';
import { run } from './processes.ts';
import { serviceAccountToken } from './prometheus/cluster.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';

const NAMESPACE = 'monitoring';
const WITH = ['--with', 'kube-state-metrics,cadvisor,node-exporter,pushgateway'];
const OBJECTS = ['namespace', 'pod', 'container', 'node'] as const;

const format = (name: string): string =>
  readFileSync(join(import.meta.dirname, `formats/${name}.txt`), 'utf8');

/** Its second port tells of kube-state-metrics itself. */
const KUBE_STATE = pages({
  8080: { '/metrics': format('kube-state-metrics') },
  8081: { '/metrics': '# TYPE kube_state_metrics_build_info gauge\nkube_state_metrics_build_info 1\n' },
});

const suite = 'components of the cluster, through to a query';
const needs = {
  kubelet: true,
  debian: ['pushgateway'],
  binaries: ['node_exporter', 'promtool'],
} as const;

/**
 * node_exporter and the Pushgateway are real. kube-state-metrics and cAdvisor cannot run here: small servers stand for
 * them and serve pages of their formats, so that what is proven is how they are found, asked and labelled.
 */
describe(suite, await requirePrometheus(suite, needs), () => {
  let stage: ExporterStage;
  let kubelet: StandIn | undefined;
  let prometheus: Prometheus | undefined;
  let config: string;
  let token: string;
  let pushgateway: string;

  before(async () => {
    stage = await ExporterStage.start(NAMESPACE, ['node-exporter', 'pushgateway'], {
      'example.test/kube-state-metrics': { entrypoint: [process.execPath, '-e', KUBE_STATE], user: 65534 },
    });
    const { plane } = stage;
    const component = (name: string, image: string, ports: Readonly<Record<string, number>>) =>
      createComponent(plane, NAMESPACE, name, { name, image, ports: portsOf(ports) }, ports);
    [pushgateway] = await Promise.all([
      component('pushgateway', imageOf('pushgateway'), { http: 9091 }),
      component('node-exporter', imageOf('node-exporter'), { metrics: 9100 }),
      component('kube-state-metrics', 'example.test/kube-state-metrics', {
        'http-metrics': 8080,
        telemetry: 8081,
      }),
    ]);
    kubelet = await standIn(stage);
    // Each cluster's kubelets have certificates of a CA that may be another than the API server's.
    appendFileSync(plane.caFile, kubelet.certificate.ca);
    const rights = await scrapeConfig([...WITH, '--namespaces', NAMESPACE, '--print-rbac']);
    await stage.create('/api/v1/{}/serviceaccounts', { metadata: { name: 'prometheus' } });
    await plane.kubectl(['apply', '-f', '-'], { stdin: rights });
    token = await serviceAccountToken(plane, NAMESPACE, 'prometheus');
    config = everySecond(await scrapeConfig([...WITH, '--namespaces', NAMESPACE, ...reaching(plane, token)]));
    prometheus = await startPrometheus({ config });
  });
  after(async () => {
    await prometheus?.stop();
    kubelet?.server.closeAllConnections();
    kubelet?.server.close();
    await stage.stop();
  });

  const started = (): Prometheus => {
    if (prometheus === undefined) throw new Error('Prometheus was not started');
    return prometheus;
  };

  it('promtool takes the configuration', async () => {
    const { promtool } = await ensureBinaries(['promtool']);
    const file = join(started().folder, 'checked.yml');
    writeFileSync(file, config);
    const { code, stdout, stderr } = await run(promtool, ['check', 'config', file], { timeoutMs: 60_000 });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /SUCCESS: .* is valid/);
  });

  it('each is found once, with the rights that are printed and no others', async () => {
    const active = await targetsUp(started(), 4);
    const found = active.map(({ scrapePool, scrapeUrl }) => {
      const { protocol, port, pathname } = new URL(scrapeUrl);
      return `${scrapePool} ${protocol} ${port} ${pathname}`;
    });
    assert.deepEqual(found.sort(), [
      `podscrape-cadvisor https: ${kubelet?.port} /metrics/cadvisor`,
      'podscrape-kube-state-metrics http: 8080 /metrics',
      'podscrape-node-exporter http: 9100 /metrics',
      'podscrape-pushgateway http: 9091 /metrics',
    ]);
  });

  it('kube-state-metrics’ series tell of their own objects, not of the Pod that tells', async () => {
    await untilRows(started(), 'kube_pod_container_status_restarts_total', OBJECTS, [
      'packit worker-0 worker - 3',
    ]);
    await untilRows(started(), 'kube_pod_container_resource_requests{unit="byte"}', OBJECTS, [
      'packit worker-0 worker node-1 335544320',
    ]);
    // Resources of a team's own can have labels that Prometheus gives targets too.
    await untilRows(
      started(),
      'kube_customresource_backup_info',
      ['job', 'instance'],
      ['nightly database 1'],
    );
  });

  it('cAdvisor’s series have the node beside the container, and its kubelet was shown the token', async () => {
    const node = stage.kubelet.nodeName;
    await untilRows(
      started(),
      'container_cpu_usage_seconds_total{pod!=""}',
      [...OBJECTS, 'instance'],
      [`packit worker-0 worker ${node} ${node} 7.25`],
    );
    await untilRows(started(), 'container_processes', OBJECTS, [`packit worker-0 worker ${node} 5`]);
    assert.deepEqual([...(kubelet?.asked ?? [])], [`/metrics/cadvisor Bearer ${token}`]);
  });

  it('node_exporter’s series have the node', async () => {
    const [uname] = await untilSamples(started(), 'node_uname_info', (samples) => samples.length === 1);
    assert.equal(uname?.labels['node'], stage.kubelet.nodeName);
    const memory = await untilSamples(
      started(),
      'node_memory_MemTotal_bytes',
      (samples) => samples.length === 1,
    );
    const [, total] = /MemTotal:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    assert.equal(memory[0]?.value, Number(total) * 1024);
  });

  it('what was pushed keeps its job and instance', async () => {
    const url = `http://${pushgateway}:9091/metrics/job/backup/instance/database`;
    const { status } = await fetch(url, { method: 'PUT', body: 'backup_bytes 42\n' });
    assert.equal(status, 200);
    await untilRows(started(), 'backup_bytes', ['job', 'instance'], ['backup database 42']);
  });
});

function portsOf(ports: Readonly<Record<string, number>>) {
  return Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort }));
}

function imageOf(exporter: string): string {
  return BUILT_IN_EXPORTERS.find(({ name }) => name === exporter)!.image;
}

interface StandIn {
  readonly server: Server;
  readonly port: number;
  readonly certificate: Certificate;
  /** Paths and credentials, each once. */
  readonly asked: ReadonlySet<string>;
}

/** Serves what a kubelet does for cAdvisor, where the node's status says that its kubelet is. */
async function standIn({ plane, kubelet: { nodeName } }: ExporterStage): Promise<StandIn> {
  const { body } = await plane.request<{ status: { addresses: { type: string; address: string }[] } }>(
    'GET',
    `/api/v1/nodes/${nodeName}`,
  );
  const { address = '' } = body.status.addresses.find(({ type }) => type === 'InternalIP') ?? {};
  const made = await certificate({ ip: address });
  const asked = new Set<string>();
  const text = format('cadvisor');
  const server = createServer({ cert: made.cert, key: made.key }, ({ url, headers }, response) => {
    asked.add(`${url} ${headers.authorization}`);
    response.writeHead(url === '/metrics/cadvisor' ? 200 : 404, {
      'content-type': 'text/plain; version=0.0.4',
    });
    // cAdvisor says when it has measured; Prometheus takes no times of long ago.
    response.end(text.replaceAll('{milliseconds}', String(Date.now())));
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const status = { daemonEndpoints: { kubeletEndpoint: { Port: port } } };
  const { status: code } = await plane.request('PATCH', `/api/v1/nodes/${nodeName}/status`, { status });
  assert.equal(code, 200);
  return { server, port, certificate: made, asked };
}
