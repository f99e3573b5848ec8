import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureBinaries } from './binaries.ts';
import { FAST } from './chain-stage.ts';
import { certificate } from './chain-tools.ts';
import type { ControlPlane } from './control-plane.ts';
import { node } from './exporter-stage.ts';
import type { ExporterStage } from './exporter-stage.ts';
import type { ImageEntry } from './kubelet/kubelet.ts';
import { kubeconfig } from './layout.ts';
import type { Prometheus } from './prometheus/server.ts';

/** The namespace that the jobs discover. */
export const SHOP = 'shop';
/** One that they do not. */
export const BLOG = 'blog';

const SELFSIGNED = fileURLToPath(import.meta.resolve('selfsigned'));

/** Serves metrics at `/metrics` of 8080. 8081 takes connections and says nothing. Nothing listens on 9999. */
const PROGRAM = `
process.on('SIGTERM', () => process.exit(0));
const serve = ({ url }, response) => {
  response.writeHead(url === '/metrics' ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
  response.end('shop_orders_total 1\\n');
};
require('node:http').createServer(serve).listen(8080, '::');
require('node:net').createServer(() => undefined).listen(8081, '::');
`;

/**
 * Serves them at 8443 too, with a certificate for the Pod's address, which nobody else has signed, and at 8444 with one
 * for another address. Their keys take seconds of a busy machine.
 */
const SECURE = `
const { generate } = require(${JSON.stringify(SELFSIGNED)});
const secure = async (port, ip) => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'shop' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip }] }],
  });
  require('node:https').createServer({ key, cert }, serve).listen(port, '::');
};
secure(8443, process.env.POD_IP).then(() => secure(8444, '10.255.255.1'));
`;

const PORTS = [8080, 8081, 8443, 8444, 9999].map((containerPort) => ({ containerPort }));

/** What most Pods run: a server without TLS. */
export function server(): object {
  return serving(PROGRAM, 8081);
}

/** A server with ports of all kinds. */
export function secureServer(): object {
  return serving(`${PROGRAM}${SECURE}`, 8444);
}

/** `last` is the last port that it listens on. */
function serving(program: string, last: number): object {
  const env = [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
  const readinessProbe = { tcpSocket: { port: last }, periodSeconds: 1 };
  return {
    terminationGracePeriodSeconds: 1,
    containers: [node(program, { ports: PORTS, env, readinessProbe })],
  };
}

/** An exporter that serves over TLS. */
export function goServer(): object {
  return { containers: [{ name: 'app', image: 'example.test/tls', ports: [{ containerPort: 9100 }] }] };
}

/** The requests of a Pod, by what follows the prefix; every second unless they say otherwise. */
export function asking(keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = Object.entries(keys).map(([key, value]) => [`podscrape.dev/${key}`, value]);
  return { ...FAST, ...(Object.fromEntries(own) as Record<string, string>) };
}

/** A Deployment of two Pods, and the port that it says serves their metrics. */
export function deployment(port: number): object {
  const labels = { app: 'web' };
  const template = { metadata: { labels, annotations: asking({ port: String(port) }) }, spec: server() };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: SHOP },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  };
}

export const FOREIGN_JOB = 'theirs';

/** Jobs that somebody else has written, for Pods of one team. */
const FOREIGN = {
  scrape_configs: [
    {
      job_name: FOREIGN_JOB,
      kubernetes_sd_configs: [{ role: 'pod', namespaces: { names: [SHOP] } }],
      relabel_configs: [
        { source_labels: ['__meta_kubernetes_pod_label_team'], action: 'keep', regex: 'core' },
      ],
    },
  ],
};

/** A Prometheus in a Pod `prometheus` of its own namespace, under the ServiceAccount of that name, with foreign jobs. */
export async function foreignPrometheus({ plane }: ExporterStage, namespace: string): Promise<void> {
  await plane.createNamespace(namespace);
  const create = async (kind: string, body: object): Promise<void> => {
    const path = `/api/v1/namespaces/${namespace}/${kind}`;
    const answer = await plane.request('POST', path, { metadata: { name: 'prometheus' }, ...body });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.body.message ?? answer.status}`);
  };
  await create('serviceaccounts', {});
  await create('configmaps', { data: { 'prometheus.yml': JSON.stringify(FOREIGN) } });
  const container = {
    name: 'prometheus',
    image: 'example.test/prometheus',
    ports: [{ containerPort: 9090 }],
    volumeMounts: [{ name: 'config', mountPath: '/etc/prometheus' }],
    readinessProbe: { httpGet: { path: '/-/ready', port: 9090 }, periodSeconds: 1 },
  };
  await create('pods', {
    spec: {
      serviceAccountName: 'prometheus',
      terminationGracePeriodSeconds: 5,
      containers: [container],
      volumes: [{ name: 'config', configMap: { name: 'prometheus' } }],
    },
  });
}

/** The images of the Pods above, with a certificate that is made anew. */
export async function liveImages(folder: string): Promise<Readonly<Record<string, ImageEntry>>> {
  const { prometheus, node_exporter: exporter } = await ensureBinaries(['prometheus', 'node_exporter']);
  const { cert, key } = await certificate({ ip: '10.255.255.1' });
  writeFileSync(join(folder, 'cert'), cert);
  writeFileSync(join(folder, 'key'), key, { mode: 0o600 });
  writeFileSync(join(folder, 'web.yml'), 'tls_server_config: { cert_file: cert, key_file: key }\n');
  const flags = ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/tmp/data'];
  return {
    'example.test/prometheus': { entrypoint: [prometheus, ...flags] },
    'example.test/tls': {
      entrypoint: [exporter, '--collector.disable-defaults', '--web.config.file=/etc/tls/web.yml'],
      binds: [{ from: folder, to: '/etc/tls' }],
    },
  };
}

/** A kubeconfig for a token, whose context names a namespace, or none. */
export function kubeconfigFile(
  { url, ca, dataDir }: ControlPlane,
  token: string,
  namespace?: string,
): string {
  const config = JSON.parse(kubeconfig(url, ca, 'someone', token)) as {
    readonly contexts: readonly [{ readonly context: { namespace?: string } }];
  };
  if (namespace !== undefined) config.contexts[0].context.namespace = namespace;
  const file = join(dataDir, `kubeconfig-${namespace ?? 'none'}`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

/** Waits until Prometheus has as many targets, and has tried all but some of them. */
export async function untilTried(prometheus: Prometheus, count: number, untried: number): Promise<void> {
  await prometheus.waitFor(
    `${count} targets, all but ${untried} tried`,
    async () => {
      const { active } = await prometheus.targets();
      const waiting = active.filter(({ health }) => health === 'unknown');
      if (active.length === count && waiting.length === untried) return true;
      throw new Error(`${active.length}, ${waiting.map(({ scrapeUrl }) => scrapeUrl).join(' ')} not yet`);
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
}
