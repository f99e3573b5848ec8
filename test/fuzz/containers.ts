import type { Random } from './random.ts';

/** A JSON object under construction. */
export type Json = Record<string, unknown>;

interface Where {
  readonly restricted: boolean;
  readonly windows: boolean;
  readonly hostNetwork: boolean;
}

const SLUG = 'abcdefghijklmnopqrstuvwxyz0123456789-';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const NAMES = [
  ...['web', 'web', 'web', 'api', 'worker', 'redis', 'istio-proxy', 'linkerd-proxy', 'statsd-exporter'],
  ...[
    'redis-exporter',
    'postgres-exporter',
    'celery-exporter',
    'pushgateway',
    'node-exporter',
    '123',
    'my--app',
    'a',
  ],
];
const IMAGES = [
  ...['example.com/web:1', 'example.com/api:1', 'busybox', 'x@sha256:1', 'localhost:5000/web'],
  ...[
    'prom/statsd-exporter:v0.26',
    'quay.io/prometheus/statsd-exporter:v0.31.0',
    'quay.io/prometheus/pushgateway',
  ],
  'oliver006/redis_exporter',
  ...[
    'danihodovic/celery-exporter:0.12.2',
    'bitnami/postgres-exporter',
    'quay.io/prometheus/node-exporter:v1',
  ],
];
const PORTS = [
  80, 443, 8080, 8080, 9090, 9000, 9102, 9103, 9125, 8125, 9121, 9187, 9091, 9808, 9100, 15020, 15090, 1,
  65535,
];
const PORT_NAMES = [
  'metrics',
  'web',
  'http',
  'web-metrics',
  'api-metrics',
  'statsd-metrics',
  'http-metrics',
  'grpc',
];
const VOLUMES: readonly Json[] = [
  { name: 'scratch', emptyDir: {} },
  { name: 'config', configMap: { name: 'c', optional: true } },
  { name: 'podinfo', downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  {
    name: 'token',
    projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] },
  },
  { name: 'secret', secret: { secretName: 's' } },
  { name: 'data', persistentVolumeClaim: { claimName: 'd' } },
  {
    name: 'ephemeral',
    ephemeral: {
      volumeClaimTemplate: {
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
  },
  { name: 'podscrape-no-token', emptyDir: {} },
  { name: 'podscrape-mapping', downwardAPI: {} },
];
const RESOURCES: readonly Json[] = [
  { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } },
  { limits: { cpu: '1', memory: '1Gi' } },
  { limits: { memory: '1Gi' } },
  { requests: { cpu: '0.1' } },
  { requests: { cpu: '1.5', memory: '1e6' }, limits: { cpu: '2' } },
  {},
];
const CONFINED: Json = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** The containers of a Pod and the volumes that they mount. */
export function containersOf(random: Random, where: Where) {
  const volumes = random.percent(30)
    ? [...new Set(random.list(random.between(1, 3), () => random.pick(VOLUMES)))]
    : [];
  const taken = new Set<string>();
  const make = (init: boolean) => containerOf(random, nameOf(random, taken), { ...where, init, volumes });
  const count = random.percent(1) ? 50 : 1 + random.below(random.percent(50) ? 4 : 1);
  const containers = random.list(count, () => make(false));
  const initContainers = random.percent(20) ? random.list(random.between(1, 2), () => make(true)) : [];
  return { containers, initContainers, volumes };
}

function containerOf(
  random: Random,
  name: string,
  { restricted, windows, hostNetwork, init, volumes }: Where & { init: boolean; volumes: readonly Json[] },
): Json {
  const image =
    name.endsWith('exporter') && random.percent(60) ? 'prom/statsd-exporter:v0.26' : random.pick(IMAGES);
  return {
    name,
    image,
    ...random.maybe(55, 'ports', () => portsOf(random, hostNetwork, restricted)),
    ...random.maybe(30, 'env', () => random.list(random.between(0, 3), (index) => variable(random, index))),
    ...random.maybe(8, 'envFrom', () => [
      random.pick([
        { configMapRef: { name: 'c', optional: true } },
        { prefix: 'X_', secretRef: { name: 's' } },
      ]),
    ]),
    ...random.maybe(30, 'resources', () => random.pick(RESOURCES)),
    ...random.maybe(10, 'args', () =>
      random.pick([
        ['--web.listen-address=:9200'],
        ['--web.listen-address', ':9300'],
        ['--port=9900'],
        [],
        ['--statsd-host=h:1'],
      ]),
    ),
    ...random.maybe(5, 'command', () =>
      random.pick([
        ['gunicorn', 'app:app'],
        ['sh', '-c', 'exec app'],
      ]),
    ),
    ...(init ? random.maybe(50, 'restartPolicy', () => 'Always') : {}),
    ...(init ? {} : random.maybe(5, 'livenessProbe', () => ({ httpGet: { path: '/', port: 8080 } }))),
    ...mountsOf(random, volumes),
    ...(restricted ? { securityContext: CONFINED } : {}),
    ...(restricted || windows
      ? {}
      : random.maybe(8, 'securityContext', () =>
          random.pick<Json>([{ runAsUser: 0 }, { privileged: true }, CONFINED]),
        )),
    ...random.maybe(5, 'imagePullPolicy', () => random.pick(['Always', 'Never', 'IfNotPresent'])),
    ...random.maybe(2, 'workingDir', () => '/app'),
    ...random.maybe(2, 'tty', () => true),
  };
}

function mountsOf(random: Random, volumes: readonly Json[]): Json {
  const volume = volumes.length === 0 ? undefined : random.pick(volumes);
  if (volume === undefined || random.percent(40)) return {};
  const mountPath = random.percent(25) ? TOKEN_PATH : '/mnt';
  return { volumeMounts: [{ name: volume['name'], mountPath, ...random.maybe(30, 'readOnly', () => true) }] };
}

function portsOf(random: Random, hostNetwork: boolean, restricted: boolean): readonly Json[] {
  const names = new Set<string>();
  return random.list(random.below(4), (index) => {
    const containerPort = random.percent(70) ? random.pick(PORTS) : random.between(1, 65535);
    const name = random.percent(60) ? random.pick(PORT_NAMES) : `p${index}`;
    const named = random.percent(50) && !names.has(name);
    if (named) names.add(name);
    return {
      containerPort,
      ...(named ? { name } : {}),
      ...random.maybe(30, 'protocol', () => random.pick(['TCP', 'TCP', 'UDP', 'SCTP'])),
      ...(hostNetwork || restricted ? {} : random.maybe(4, 'hostPort', () => random.between(1, 65535))),
    };
  });
}

function variable(random: Random, index: number): Json {
  const name = random.pick([
    'GUNICORN_CMD_ARGS',
    'STATSD_HOST',
    'STATSD_PORT',
    'PUSHGATEWAY_URL',
    `A${index}`,
  ]);
  if (random.percent(10)) return { name, valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } };
  if (random.percent(10)) return { name };
  return {
    name,
    value: random.pick([
      '',
      '127.0.0.1',
      '9125',
      '--statsd-host=x:1',
      'http://127.0.0.1:9091',
      '--workers 2',
      '$(A0)',
      'é',
    ]),
  };
}

/** Unique in the Pod: a common one, or anything up to the 63 characters that the apiserver allows. */
function nameOf(random: Random, taken: Set<string>): string {
  let name = random.percent(85) ? random.pick(NAMES) : slug(random);
  while (taken.has(name)) name = slug(random);
  taken.add(name);
  return name;
}

function slug(random: Random): string {
  const length = random.percent(30) ? 61 : random.between(1, 20);
  return `c${random.text(length, SLUG)}0`;
}
