import { containersOf } from './containers.ts';
import type { Json } from './containers.ts';
import { communityKeys, forgedKeys, requestKeys } from './keys.ts';
import type { Random } from './random.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';

export interface PodOptions {
  /** How many values of request keys in a hundred are hostile. */
  readonly hostile: number;
  /** Keep to what Pod Security `restricted` admits. */
  readonly restricted?: boolean;
}

/**
 * A Pod that the apiserver accepts more often than not, with everything at its edges that podscrape reads or adds:
 * names, ports, resources, volumes, security, request keys of all kinds.
 */
export function podOf(random: Random, options: PodOptions): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(random.percent(50) ? { name: name(random) } : { generateName: 'web-' }),
      ...metadataOf(random, options.hostile),
      ...random.maybe(10, 'ownerReferences', () => [ownerOf(random)]),
    },
    spec: podSpecOf(random, options),
  };
}

/** A pod template of a workload. */
export function templateOf(random: Random, labels: Json, options: PodOptions): Json {
  const metadata = metadataOf(random, options.hostile);
  return {
    metadata: { ...metadata, labels: { ...(metadata['labels'] as Json | undefined), ...labels } },
    spec: podSpecOf(random, options),
  };
}

/** Labels and annotations, none at all now and then. */
export function metadataOf(random: Random, hostile: number): Json {
  if (random.percent(3)) return {};
  const annotations = {
    ...(random.percent(85) ? requestKeys(random, hostile) : {}),
    ...(random.percent(12) ? forgedKeys(random, hostile) : {}),
    ...(random.percent(20) ? communityKeys(random, hostile) : {}),
    ...(random.percent(10) ? { 'example.com/note': random.text(random.below(60), LOWER) } : {}),
    ...(random.percent(0.25) ? { 'example.com/large': random.text(1, LOWER).repeat(largeSize(random)) } : {}),
  };
  const labels = {
    ...random.maybe(60, 'app', () => random.pick(['web', 'api'])),
    // A label takes 63 characters of few kinds, which hostile values are not.
    ...random.maybe(8, 'podscrape.dev/inject', () =>
      random.pick(['enabled', 'true', 'disabled', 'false', 'x']),
    ),
    ...random.maybe(5, 'podscrape.dev/profile', () =>
      random.pick(['http', 'statsd', 'gunicorn', 'redis', 'node', 'pushgateway', 'nope']),
    ),
    ...random.maybe(3, 'podscrape.dev/port', () => random.pick(['8080', 'metrics'])),
  };
  return {
    ...(Object.keys(annotations).length > 0 || random.percent(5) ? { annotations } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}

/** Around 200 KiB, or a hair's breadth from the apiserver's bound of 256 KiB. */
function largeSize(random: Random): number {
  return random.percent(50) ? 200 * 1024 : 256 * 1024 - random.between(17, 1_500);
}

function ownerOf(random: Random): Json {
  const [apiVersion, kind] = random.pick([
    ['batch/v1', 'Job'],
    ['apps/v1', 'ReplicaSet'],
    ['apps/v1', 'DaemonSet'],
  ] as const);
  const uid = '0d1c2b3a-0000-4000-8000-000000000000';
  return { apiVersion, kind, name: 'owner', uid, ...random.maybe(80, 'controller', () => true) };
}

function podSpecOf(random: Random, { restricted = false }: PodOptions): Json {
  const windows = !restricted && random.percent(3);
  const hostNetwork = !restricted && random.percent(5);
  const { containers, initContainers, volumes } = containersOf(random, { restricted, windows, hostNetwork });
  return {
    containers,
    ...(initContainers.length > 0 || random.percent(3) ? { initContainers } : {}),
    ...(volumes.length > 0 || random.percent(3) ? { volumes } : {}),
    ...random.maybe(35, 'restartPolicy', () => random.pick(['Always', 'Never', 'OnFailure'])),
    ...(hostNetwork ? { hostNetwork: true } : {}),
    ...(windows
      ? random.pick([{ os: { name: 'windows' } }, { nodeSelector: { 'kubernetes.io/os': 'windows' } }])
      : {}),
    ...(!windows && random.percent(5) ? { os: { name: 'linux' } } : {}),
    ...securityOf(random, restricted, windows),
    ...(windows ? {} : random.maybe(5, 'shareProcessNamespace', () => true)),
    ...random.maybe(8, 'resources', () =>
      random.pick([
        { requests: { cpu: '2', memory: '4Gi' } },
        { limits: { cpu: '100', memory: '500Gi' } },
        { requests: { cpu: '100', memory: '500Gi' }, limits: { cpu: '100', memory: '500Gi' } },
      ]),
    ),
    ...random.maybe(15, 'automountServiceAccountToken', () => random.percent(50)),
    ...random.maybe(5, 'enableServiceLinks', () => false),
    ...random.maybe(5, 'terminationGracePeriodSeconds', () => random.pick([0, 30, 600])),
    ...random.maybe(3, 'activeDeadlineSeconds', () => 600),
    ...random.maybe(3, 'schedulingGates', () => [{ name: 'example.com/gate' }]),
    ...random.maybe(3, 'readinessGates', () => [{ conditionType: 'example.com/ready' }]),
    ...random.maybe(3, 'hostname', () => 'web-0'),
    ...random.maybe(3, 'tolerations', () => [{ operator: 'Exists' }]),
    ...random.maybe(2, 'priority', () => 0),
    ...dnsOf(random),
  };
}

function securityOf(random: Random, restricted: boolean, windows: boolean): Json {
  if (restricted) {
    return {
      securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        ...random.maybe(50, 'runAsUser', () => random.pick([1000, 65534])),
      },
    };
  }
  if (windows) return {};
  return random.maybe(20, 'securityContext', () =>
    random.pick<Json>([
      {},
      { runAsUser: 0 },
      { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
      { runAsNonRoot: true, runAsUser: 65534 },
      { runAsNonRoot: true },
      { seccompProfile: { type: 'Unconfined' } },
      { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] },
    ]),
  );
}

function dnsOf(random: Random): Json {
  if (!random.percent(8)) return {};
  return random.pick<Json>([
    { dnsPolicy: 'Default' },
    { dnsPolicy: 'ClusterFirstWithHostNet' },
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'] } },
  ]);
}

function name(random: Random): string {
  return `web-${random.text(random.between(1, 8), LOWER)}`;
}
