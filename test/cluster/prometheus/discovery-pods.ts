import type { ImageEntry } from '../kubelet/kubelet.ts';
import type { Container, PodSpec } from '../kubelet/types.ts';

/** Serves one metric on each port that its arguments name, of either family. */
const SERVER = `
const { createServer } = require('node:http');
process.on('SIGTERM', () => process.exit(0));
const serve = (request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end('shop_orders_total 1\\n');
};
for (const port of process.argv.slice(1)) createServer(serve).listen(Number(port), '::');
setInterval(() => undefined, 1000);
`;

/** The images of {@link DISCOVERY_PODS}. */
export const DISCOVERY_IMAGES: Readonly<Record<string, ImageEntry>> = {
  'example.test/serve': { entrypoint: [process.execPath, '-e', SERVER, '--'], user: 65534 },
  'example.test/true': { entrypoint: ['/bin/true'] },
};

/** A container that serves its ports; those of UDP it only declares. */
export function serve(name: string, ports: NonNullable<Container['ports']>, more: Partial<Container> = {}) {
  const tcp = ports.filter(({ protocol }) => protocol !== 'UDP');
  const args = tcp.map(({ containerPort }) => String(containerPort));
  return { name, image: 'example.test/serve', args, ports, ...more } as Container;
}

/** The nodes: one whose Pods have an IPv4 address first, one with IPv6. */
export const V4 = 'podscrape-test';
export const V6 = 'six';
const HTTP = { name: 'http', containerPort: 8080 };
export const METRICS = { name: 'metrics', containerPort: 9102 };

/** A Pod of {@link DISCOVERY_PODS}. */
export interface DiscoveryPod {
  readonly spec: PodSpec;
  readonly metadata?: object;
  /** What it comes to, where that is not to be ready. */
  readonly phase?: string;
}

/** Pods with every kind of container and port, by name. */
export const DISCOVERY_PODS: Readonly<Record<string, DiscoveryPod>> = {
  app: {
    metadata: {
      labels: { 'app.kubernetes.io/name': 'shop', tier: 'front-end', empty: '' },
      annotations: {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '8080',
        'example.test/note.of_the-day': 'two\nlines, ü',
        empty: '',
      },
    },
    spec: { nodeName: V4, containers: [serve('app', [HTTP, { containerPort: 9102 }])] },
  },
  udp: {
    spec: {
      nodeName: V4,
      containers: [serve('statsd', [METRICS, { name: 'statsd', containerPort: 9125, protocol: 'UDP' }])],
    },
  },
  portless: { spec: { nodeName: V4, containers: [serve('app', [HTTP]), serve('quiet', [])] } },
  init: {
    spec: {
      nodeName: V4,
      initContainers: [{ name: 'migrate', image: 'example.test/true', ports: [{ containerPort: 9000 }] }],
      containers: [serve('app', [HTTP])],
    },
  },
  sidecar: {
    spec: {
      nodeName: V4,
      initContainers: [serve('exporter', [METRICS], { restartPolicy: 'Always' })],
      containers: [serve('app', [HTTP])],
    },
  },
  six: {
    spec: {
      nodeName: V6,
      containers: [serve('app', [HTTP]), serve('quiet', []), serve('exporter', [METRICS])],
    },
  },
  over: {
    phase: 'Succeeded',
    spec: {
      nodeName: V4,
      restartPolicy: 'Never',
      containers: [{ name: 'job', image: 'example.test/true', ports: [METRICS] }],
    },
  },
  // No node may run it, so that it has no address.
  gated: {
    phase: 'Pending',
    spec: { schedulingGates: [{ name: 'example.test/wait' }], containers: [serve('app', [HTTP])] },
  },
};
