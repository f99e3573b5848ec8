import fc from 'fast-check';
import type { ConfigFile } from '../../src/config/schema.ts';
import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';

/** Pods as people and machines write them: mostly plausible, often odd, sometimes hostile. */

const PREFIX = 'podscrape.dev';
const containerName = fc.oneof(
  fc.constantFrom(
    'web',
    'api',
    'worker',
    'istio-proxy',
    'statsd-exporter',
    'redis-exporter',
    'pushgateway',
    '123',
    'my--app',
  ),
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
);
const portNumber = fc.oneof(
  fc.constantFrom(80, 8080, 9102, 9103, 9125, 8125, 9091, 9121, 9100),
  fc.integer({ min: 1, max: 65535 }),
);
const portName = fc.option(
  fc.oneof(
    fc.constantFrom('metrics', 'web', 'web-metrics', 'app-metrics', 'http', 'statsd-metrics', ''),
    fc.stringMatching(/^[a-z][a-z0-9]{0,14}$/),
  ),
  { nil: undefined },
);
const protocol = fc.option(fc.constantFrom('TCP', 'UDP', 'SCTP'), { nil: undefined });

/** Drops members that are undefined, as JSON does. */
function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

const port = fc.record({ name: portName, containerPort: portNumber, protocol }).map(compact);
const envVar = fc
  .record({
    name: fc.oneof(
      fc.constantFrom('GUNICORN_CMD_ARGS', 'STATSD_HOST', 'STATSD_PORT', 'PUSHGATEWAY_URL', 'A'),
      fc.string(),
    ),
    value: fc.option(
      fc.oneof(
        fc.constantFrom('', '127.0.0.1', '9125', '--statsd-host=x:1', 'http://push:9091'),
        fc.string(),
      ),
      {
        nil: undefined,
      },
    ),
    valueFrom: fc.option(fc.constant({ fieldRef: { fieldPath: 'status.podIP' } }), {
      nil: undefined,
      freq: 5,
    }),
  })
  .map(compact);
const resources = fc.constantFrom(
  { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } },
  { limits: { cpu: '1', memory: '1Gi' } },
  { requests: { cpu: '1' } },
  {},
);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const container = fc
  .record({
    name: containerName,
    image: optional(
      fc.constantFrom(
        'example.com/web:1',
        ...['example.com/api:1', 'example.com/worker:1', 'busybox'],
        'prom/statsd-exporter:v0.26',
        'quay.io/prometheus/statsd-exporter:v0.31.0',
        ...['oliver006/redis_exporter', 'prom/pushgateway:v1', 'x@sha256:1'],
      ),
    ),
    args: optional(
      fc.array(fc.constantFrom('--web.listen-address=:9200', '--web.listen-address', ':9300', '--x'), {
        maxLength: 3,
      }),
    ),
    ports: optional(fc.option(fc.array(port, { maxLength: 4 }))),
    env: optional(fc.option(fc.array(envVar, { maxLength: 4 }))),
    envFrom: fc.option(fc.constant([{ configMapRef: { name: 'c' } }]), { nil: undefined, freq: 8 }),
    resources: optional(resources),
    restartPolicy: fc.option(fc.constant('Always'), { nil: undefined, freq: 4 }),
  })
  .map((value) => compact(value) as Container);

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '80;',
    '1e3',
    '-1',
    '65536',
    '８０',
    '\u0000',
    'a\nb',
    '__proto__',
    '${x}',
    '"',
    '<script>',
    '{{.}}',
    '\ud800',
  ),
);
const anyText = (...plausible: readonly string[]) =>
  fc.oneof({ weight: 60, arbitrary: fc.constantFrom(...plausible) }, { weight: 1, arbitrary: hostile });

const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  inject: anyText('enabled', 'true', 'enabled', 'true', 'enabled', 'disabled'),
  profile: anyText(
    'http',
    'statsd',
    'gunicorn',
    'spring-boot',
    'http,statsd',
    'statsd,gunicorn',
    'spring-boot, gunicorn',
    ...['redis', 'redis,http', 'pushgateway', 'pushgateway', 'pushgateway,http', 'pushgateway,statsd'],
    ...['postgres', 'celery', 'node', 'node,node-host', 'statsd,redis', 'statsd,pushgateway,redis,node'],
  ),
  scheme: anyText('http', 'https', 'HTTPS'),
  path: anyText('/metrics', '/actuator/prometheus', '/x', '/metrics', '/metrics', 'metrics'),
  port: anyText('8080', '08080', '9102', '9103', '9000', '9000', 'metrics', 'web'),
  params: anyText('format=prometheus', 'a=1&b=2'),
  interval: anyText('5s', '15s', '1m30s', 'inherit'),
  timeout: anyText('3s', '5s', '1s', 'inherit'),
  container: anyText('web', 'web', 'web', 'api', 'nope'),
  targets: anyText(
    '[{container: web, port: 8080}, {port: 9000}]',
    '[{port: 8080}, {}]',
    '[{path: /x}]',
    '[{container: web}, {container: web, port: 9000, path: /a}]',
    '- {port: 9102}\n- {port: 8080, scheme: https}',
  ),
  'native-sidecar': anyText('auto', 'true', 'false'),
  'app-env': anyText('auto', 'off', 'auto', 'auto'),
  'operator-mode': anyText('true', 'false'),
  'monitor-type': anyText('pod', 'pod', 'pod', 'service'),
  'statsd-mapping': anyText('mappings: []', 'mappings:\n- {match: "a.*", name: a}', 'mappings: {'),
  'statsd-mapping-configmap': anyText('team-mapping', 'team-mapping/shop.yaml'),
  'exporter-address': anyText(
    '127.0.0.1:6379',
    'push:9091',
    'push:9091',
    'redis://c:6379',
    'https://a:b@c/$d/',
    '$x{port}',
  ),
  'exporter-secret': anyText('redis/password', 'database/dsn'),
  'exporter-cpu-request': anyText('20m', 'none'),
  'exporter-cpu-limit': anyText('200m', 'none'),
  'exporter-memory-request': anyText('16Mi', 'none'),
  'exporter-memory-limit': anyText('64Mi', '256Mi', 'none'),
  'default-profile': anyText('http'),
  mode: anyText('audit'),
  'monitor-labels': anyText('release=prometheus'),
  status: anyText(
    '{}',
    '{"outcome":"injected","added":{"containers":["web"],"annotations":["a"],"ports":[1]}}',
  ),
  mapping: anyText('x'),
  other: anyText('y'),
};

/** How often a key is there, one in so many: a Pod has a few keys, and nearly always a profile. */
const RARITY: Readonly<Record<string, number>> = {
  inject: 8,
  profile: 0,
  port: 2,
  path: 5,
  scheme: 5,
  params: 5,
  interval: 5,
  timeout: 5,
  'native-sidecar': 5,
  'app-env': 5,
  targets: 8,
  'exporter-address': 3,
  'exporter-secret': 5,
  container: 8,
  status: 8,
  mapping: 20,
  other: 20,
};

const rarely = <T>(arbitrary: fc.Arbitrary<T>, rarity: number): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 1, arbitrary }, { weight: rarity, arbitrary: fc.constant(undefined) });

/** @param factor how many times rarer than in annotations */
const ownKeys = (factor: number): fc.Arbitrary<Record<string, string>> =>
  fc
    .record(
      Object.fromEntries(
        [...ANNOTATION_NAMES, 'status', 'mapping', 'other'].map((name) => [
          name,
          rarely(values[name] ?? hostile, (RARITY[name] ?? 12) * factor),
        ]),
      ),
    )
    .map((map) =>
      Object.fromEntries(
        Object.entries(compact(map)).map(([key, value]) => [`${PREFIX}/${key}`, value as string]),
      ),
    );

const communityKeys = fc
  .array(
    fc.tuple(
      fc.constantFrom('scrape', 'scheme', 'path', 'port', 'param_a'),
      fc.constantFrom('prometheus.io/', 'prometheus.io/', 'prometheus.io.', 'custom.io/', 'custom.io.'),
      anyText('true', 'True', 'https', 'HTTPS', '/metrics', '/x', '8080', '09102', 'web', '9102'),
    ),
    { maxLength: 4 },
  )
  .map((entries) => Object.fromEntries(entries.map(([name, prefix, value]) => [`${prefix}${name}`, value])));

const otherKeys = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), { maxKeys: 3 }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['__proto__', 'constructor', 'toJSON', 'hasOwnProperty'].map(
        (key) => JSON.parse(`{"${key}":"x"}`) as Record<string, string>,
      ),
    ),
  },
);

const istioKeys = fc.constantFrom<Record<string, string>>(
  {
    'prometheus.io/port': '15020',
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/scrape': 'true',
  },
  { 'prometheus.istio.io/merge-metrics': 'false' },
  { 'prometheus.istio.io/scrape-targets': '8080:/metrics' },
);

const annotations = fc
  .tuple(ownKeys(1), rarely(communityKeys, 2), rarely(istioKeys, 12), otherKeys)
  .map(
    ([own, community, istio, other]) =>
      Object.defineProperties(
        {},
        Object.getOwnPropertyDescriptors({ ...own, ...community, ...istio, ...other }),
      ) as Record<string, string>,
  );

const labels = fc
  .tuple(
    rarely(ownKeys(4), 4),
    rarely(fc.constantFrom('true', 'false'), 10),
    rarely(fc.constant('legacy'), 10),
  )
  .map(([own, inject, app]) => compact({ ...own, 'sidecar.istio.io/inject': inject, app }))
  .map((map) => (Object.keys(map).length === 0 ? undefined : map));

/** A Pod with distinct container names, as the apiserver would have it. */
export const pods: fc.Arbitrary<Pod> = fc
  .record({
    annotations: fc.option(annotations, { freq: 20 }),
    labels,
    containers: fc.uniqueArray(container, { minLength: 1, maxLength: 4, selector: (c) => c.name }),
    initContainers: optional(fc.uniqueArray(container, { maxLength: 2, selector: (c) => c.name })),
    volumes: optional(fc.option(fc.constant([{ name: 'podscrape-no-token', emptyDir: {} }]))),
    restartPolicy: optional(fc.constantFrom('Always', 'Never', 'OnFailure')),
    hostNetwork: rarely(fc.constant(true), 10),
    os: rarely(fc.constant({ name: 'windows' }), 20),
    automountServiceAccountToken: optional(fc.boolean()),
    resources: fc.option(fc.constant({ limits: { cpu: '2' } }), { nil: undefined, freq: 8 }),
    extra: fc.jsonValue({ maxDepth: 2 }),
  })
  .map(({ annotations: notes, labels: own, initContainers, extra, ...spec }) => {
    const names = new Set(spec.containers.map(({ name }) => name));
    const init = initContainers?.filter(({ name }) => !names.has(name));
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: compact({ name: 'app', annotations: notes, labels: own }),
      spec: { ...compact({ ...spec, initContainers: init }), 'x-extra': extra },
    } as unknown as Pod;
  });

export const surroundings: fc.Arbitrary<Surroundings> = fc
  .record({
    namespace: fc.oneof(
      { weight: 40, arbitrary: fc.constantFrom('default', 'team-a') },
      { weight: 1, arbitrary: fc.constant('kube-system') },
    ),
    trigger: fc.constantFrom('namespace', 'object', 'unknown'),
    labels: rarely(
      fc
        .record({
          team: optional(fc.constantFrom('shop', 'search')),
          'istio-injection': rarely(fc.constantFrom('enabled', 'disabled'), 6),
          [`${PREFIX}/mode`]: rarely(fc.constantFrom('audit', 'warn', 'enforce', 'nonsense'), 6),
          [`${PREFIX}/inject`]: rarely(fc.constantFrom('enabled', 'disabled'), 8),
        })
        .map(compact),
      1,
    ),
    annotations: rarely(fc.constant({ [`${PREFIX}/default-profile`]: 'spring-boot' }), 6),
    now: optional(fc.constantFrom(1_795_000_000_000, 1_810_000_000_000)),
  })
  .map((value) => compact(value) as unknown as Surroundings);

const conventions = {
  requireRequest: 'deny',
  allowedProfiles: { names: ['http', 'statsd'], severity: 'deny' },
  allowedPorts: { ranges: [8080, '9000-9102'], severity: 'warn' },
  pathPattern: { pattern: '/metrics|/x', severity: 'warn' },
  minInterval: { interval: '15s', severity: 'deny' },
  requireNamedPort: 'warn',
  noBadValues: 'deny',
} as const;
const exemptions = [{ selector: { matchLabels: { app: 'legacy' } }, until: '2027-01-31', reason: 'moves' }];

const policies = fc
  .record({
    mode: fc.constantFrom('audit', 'inject', 'warn', 'warn', 'enforce'),
    allowOverride: fc.boolean(),
    defaultProfile: optional(fc.constantFrom('http', 'gunicorn')),
    operatorMode: rarely(fc.boolean(), 4),
    conventions: optional(fc.constant(conventions)),
    exemptions: optional(fc.constant(exemptions)),
  })
  .map((policy) => [
    { name: 'shop', namespaceSelector: { matchLabels: { team: 'shop' } }, ...compact(policy) },
  ]);

const dialects = fc.constantFrom(
  [{ prefix: 'custom.io' }],
  [{ prefix: 'custom.io', instead: true }],
  [{ prefix: 'k8s.grafana.com' }],
  [{ prefix: 'custom.io' }, { prefix: 'k8s.grafana.com', instead: true }],
);

export const configurations: fc.Arbitrary<ConfigFile> = fc
  .record({
    portAnnotation: optional(fc.constantFrom('primary', 'none')),
    adopt: optional(fc.constantFrom('off', 'warn', 'on')),
    allowHostNetwork: optional(fc.boolean()),
    openshift: optional(fc.boolean()),
    initContainersScraped: optional(fc.boolean()),
    istioScrapeTargets: optional(fc.boolean()),
    defaultProfile: optional(fc.constantFrom('http', 'gunicorn')),
    dialects: rarely(dialects, 2),
    policies: rarely(policies, 2),
    optIn: rarely(fc.constantFrom('annotation', 'label', 'namespace'), 6),
  })
  .map((value) => compact(value) as unknown as ConfigFile);
