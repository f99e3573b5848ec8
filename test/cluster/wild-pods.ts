/** Pods as they are found: what they are, and what podscrape makes of each in the words of wild.test.ts. */

/** The prefix of podscrape's keys. */
export const P = 'podscrape.dev';
const STATSD = { [`${P}/profile`]: 'statsd' };
const LONGEST = 'a'.repeat(62);

const container = (name: string, more: object = {}): object => ({
  name,
  image: 'example.com/app:1',
  ...more,
});
const port = (containerPort: number, more: object = {}): object => ({ containerPort, ...more });
const pod = (annotations: Record<string, string> | undefined, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'wild-', ...(annotations === undefined ? {} : { annotations }) },
  spec,
});

export interface Row {
  readonly what: string;
  readonly pod: object;
  /** What podscrape made of it, in the words of `summaryOf` in wild.test.ts. */
  readonly expected: string;
}

export const ROWS: readonly Row[] = [
  {
    what: 'no labels or annotations at all',
    pod: pod(undefined, { containers: [container('web', { ports: [port(8080)] })] }),
    expected: 'untouched',
  },
  {
    what: 'one container without ports',
    pod: pod({ [`${P}/profile`]: 'http' }, { containers: [container('web')] }),
    expected: 'port 8080; declared web/8080/TCP web-metrics',
  },
  {
    what: 'several containers, the port of the second',
    pod: pod(
      { [`${P}/port`]: '9000' },
      {
        containers: [
          container('web', { ports: [port(8080)] }),
          container('api', { ports: [port(9000, { name: 'admin' })] }),
        ],
      },
    ),
    expected: 'port 9000',
  },
  {
    what: 'several containers, a target each',
    pod: pod(
      { [`${P}/targets`]: '[{container: web, port: 8080}, {container: api, port: 9000}]' },
      { containers: [container('web', { ports: [port(8080)] }), container('api')] },
    ),
    expected: 'port 8080; declared api/9000/TCP api-metrics; named web/8080/TCP web-metrics',
  },
  {
    what: 'init containers',
    pod: pod(STATSD, {
      initContainers: [container('migrate'), container('seed', { ports: [port(9102)] })],
      containers: [container('web')],
    }),
    expected: 'port 9103; added statsd-exporter',
  },
  {
    what: 'a native sidecar',
    pod: pod(STATSD, {
      initContainers: [container('proxy', { restartPolicy: 'Always', ports: [port(15001)] })],
      containers: [container('web', { ports: [port(8080)] })],
    }),
    expected: 'port 9102; added statsd-exporter',
  },
  {
    what: 'a Pod that ends',
    pod: pod(STATSD, { restartPolicy: 'Never', containers: [container('job')] }),
    expected: 'port 9102; added statsd-exporter (native)',
  },
  {
    what: 'hostPort',
    pod: pod(
      { [`${P}/port`]: '8080' },
      { containers: [container('web', { ports: [port(8080, { hostPort: 18080 })] })] },
    ),
    expected: 'port 8080; named web/8080/TCP web-metrics',
  },
  {
    what: 'hostNetwork, its port declared',
    pod: pod(
      { [`${P}/port`]: '8080' },
      { hostNetwork: true, containers: [container('web', { ports: [port(8080)] })] },
    ),
    expected: 'port 8080; named web/8080/TCP web-metrics',
  },
  {
    what: 'hostNetwork, its port not declared',
    pod: pod({ [`${P}/port`]: '8080' }, { hostNetwork: true, containers: [container('web')] }),
    expected: 'skipped: host-network',
  },
  {
    what: 'UDP and SCTP ports',
    pod: pod(
      { [`${P}/port`]: '9125' },
      {
        containers: [
          container('dns', {
            ports: [
              port(53, { protocol: 'UDP' }),
              port(9125, { protocol: 'UDP' }),
              port(36412, { protocol: 'SCTP' }),
            ],
          }),
        ],
      },
    ),
    expected: 'port 9125; declared dns/9125/TCP dns-metrics',
  },
  {
    what: 'one port number twice in a container',
    pod: pod(
      { [`${P}/port`]: '8080' },
      {
        containers: [
          container('web', { ports: [port(8080, { name: 'http' }), port(8080, { name: 'web' })] }),
        ],
      },
    ),
    expected: 'port 8080',
  },
  {
    what: 'one port number in two containers',
    pod: pod(
      { [`${P}/port`]: '8080' },
      {
        containers: [container('web', { ports: [port(8080)] }), container('api', { ports: [port(8080)] })],
      },
    ),
    expected: 'refused: port-conflict',
  },
  {
    what: 'names of 63 characters',
    pod: pod(STATSD, {
      containers: [
        container(`${LONGEST}b`, { ports: [port(8080, { name: 'fifteen-letters' })] }),
        container(`${LONGEST}c`),
      ],
    }),
    expected: 'port 9102; added statsd-exporter',
  },
  {
    what: 'istio-proxy in front',
    pod: pod(
      { [`${P}/profile`]: 'http', 'sidecar.istio.io/status': '{}' },
      { containers: [container('istio-proxy', { ports: [port(15090)] }), container('web')] },
    ),
    expected: 'port 8080; declared web/8080/TCP web-metrics',
  },
  {
    what: 'linkerd-proxy as a native sidecar',
    pod: pod(STATSD, {
      initContainers: [
        container('linkerd-init'),
        container('linkerd-proxy', {
          restartPolicy: 'Always',
          ports: [port(4191, { name: 'linkerd-admin' })],
        }),
      ],
      containers: [container('web', { ports: [port(8080)] })],
    }),
    expected: 'port 9102; added statsd-exporter',
  },
  {
    what: 'an exporter of its own',
    pod: pod(STATSD, {
      containers: [
        container('web'),
        { name: 'statsd-exporter', image: 'prom/statsd-exporter:v0.26.0', ports: [port(9102)] },
      ],
    }),
    expected: 'port 9102; named statsd-exporter/9102/TCP statsd-metrics',
  },
  {
    what: '50 containers',
    pod: pod(STATSD, {
      containers: Array.from({ length: 50 }, (_, index) =>
        container(`c${index}`, { ports: [port(8000 + index)], env: [{ name: 'A', value: 'b' }] }),
      ),
    }),
    expected: 'port 9102; added statsd-exporter',
  },
  {
    what: '250 KiB of annotations',
    pod: pod({ ...STATSD, 'example.com/large': 'x'.repeat(250 * 1024) }, { containers: [container('web')] }),
    expected: 'port 9102; added statsd-exporter',
  },
  {
    what: 'annotations a hair below 256 KiB',
    pod: pod(
      { ...STATSD, 'example.com/large': 'x'.repeat(256 * 1024 - 100) },
      { containers: [container('web')] },
    ),
    expected: `untouched; ${P}/status: nothing is injected: all annotations together would exceed 256 KiB`,
  },
  {
    what: 'QoS class Guaranteed',
    pod: pod(STATSD, {
      containers: [container('web', { resources: { limits: { cpu: '1', memory: '1Gi' } } })],
    }),
    expected: 'port 9102; added statsd-exporter; Guaranteed',
  },
  {
    what: 'Pod-level resources',
    pod: pod(STATSD, {
      resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
      containers: [container('web')],
    }),
    expected: 'port 9102; added statsd-exporter; Guaranteed',
  },
  {
    what: 'Windows',
    pod: pod(
      { [`${P}/profile`]: 'http,statsd' },
      { os: { name: 'windows' }, containers: [container('web', { ports: [port(8080)] })] },
    ),
    expected: 'port 8080; named web/8080/TCP web-metrics',
  },
  {
    what: 'a misspelt value',
    pod: pod({ [`${P}/port`]: '80;' }, { containers: [container('web')] }),
    expected: 'refused: bad-request',
  },
];
