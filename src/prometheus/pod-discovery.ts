import type { Container, ObjectMeta, OwnerReference, Pod, PodSpec, StringMap } from '../core/kubernetes.ts';
import type { Labels } from './labels.ts';
import { compareNames, makeLabels } from './labels.ts';
import { annotation, annotationPresent, META, podLabel, podLabelPresent } from './meta-labels.ts';
import { sanitiseLabelName } from './sanitise.ts';

/** What service discovery reads beside what the engine does; absent where nothing runs yet. */
export interface RunningPod extends Pod {
  readonly metadata?: RunningMeta | null;
  readonly spec: PodSpec & {
    readonly nodeName?: string;
    readonly schedulerName?: string;
    readonly serviceAccountName?: string;
    readonly serviceAccount?: string;
  };
  readonly status?: PodStatus | null;
}

export interface RunningMeta extends ObjectMeta {
  readonly uid?: string;
  readonly ownerReferences?: readonly OwnerReference[] | null;
}

export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly hostIP?: string;
  readonly nominatedNodeName?: string;
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null;
  readonly containerStatuses?: readonly ContainerStatus[] | null;
  readonly initContainerStatuses?: readonly ContainerStatus[] | null;
}

export interface ContainerStatus {
  readonly name?: string;
  readonly containerID?: string;
}

type Written = readonly (readonly [name: string, value: string | undefined])[];

/**
 * The labels of every target that the role `pod` makes of a Pod, in Prometheus' order: containers, then init containers;
 * none without an address (prometheus/prometheus `discovery/kubernetes/pod.go`).
 */
export function discoverPod(pod: RunningPod): readonly Labels[] {
  const address = pod.status?.podIP ?? '';
  if (address === '') return [];
  const shared = podLabels(pod, address);
  return [
    ...targetsOf(pod.spec.containers, pod.status?.containerStatuses, 'false'),
    ...targetsOf(pod.spec.initContainers ?? [], pod.status?.initContainerStatuses, 'true'),
  ].map((target) => {
    const written = [...shared, ...target(address)].map(([name, value]) => [name, textOf(value)] as const);
    return makeLabels(written);
  });
}

/** Names that become one label, of which Prometheus takes either: `prometheus.io/port` and `prometheus.io.port`. */
export interface NameCollision {
  readonly of: 'label' | 'annotation';
  /** Sorted; the last is the one that {@link discoverPod} takes. */
  readonly names: readonly string[];
  /** `__meta_kubernetes_pod_annotation_prometheus_io_port`. */
  readonly label: string;
}

/** Labels and annotations of different values between which Prometheus chooses by chance. */
export function nameCollisions(pod: RunningPod): readonly NameCollision[] {
  const { labels, annotations } = pod.metadata ?? {};
  return [...collisionsOf('label', labels), ...collisionsOf('annotation', annotations)];
}

const NAMED = {
  label: { value: podLabel, present: podLabelPresent },
  annotation: { value: annotation, present: annotationPresent },
} as const;

function collisionsOf(of: NameCollision['of'], map: StringMap | null | undefined): readonly NameCollision[] {
  const groups = new Map<string, string[]>();
  for (const [name] of sorted(map)) {
    const sanitised = sanitiseLabelName(name);
    groups.set(sanitised, [...(groups.get(sanitised) ?? []), name]);
  }
  return [...groups].flatMap(([sanitised, names]) => {
    const isSame = new Set(names.map((name) => map?.[name])).size === 1;
    return isSame ? [] : [{ of, names, label: NAMED[of].value(sanitised) }];
  });
}

/** Where Go takes any order, here the last by name wins: `prometheus.io/port` over `prometheus.io.port`. */
function sorted(map: StringMap | null | undefined): readonly (readonly [string, string])[] {
  return Object.entries(map ?? {}).sort(([one], [other]) => compareNames(one, other));
}

function podLabels(pod: RunningPod, address: string): Written {
  const { metadata, status } = pod;
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown';
  const named = (of: NameCollision['of'], map: StringMap | null | undefined): Written =>
    sorted(map).flatMap(
      ([name, value]) =>
        [
          [NAMED[of].value(name), value],
          [NAMED[of].present(name), 'true'],
        ] as const,
    );
  return [
    [META.namespace, metadata?.namespace],
    [META.pod, metadata?.name],
    [META.podUid, metadata?.uid],
    [META.podIp, address],
    [META.hostIp, status?.hostIP],
    [META.podNode, pod.spec.nodeName],
    [META.phase, status?.phase],
    [META.ready, ready.toLowerCase()],
    [META.controllerKind, owner?.kind],
    [META.controllerName, owner?.name],
    ...named('label', metadata?.labels),
    ...named('annotation', metadata?.annotations),
  ];
}

/** One for each declared port, be it TCP or not, and one for a container without any. */
function targetsOf(
  containers: readonly Container[],
  statuses: readonly ContainerStatus[] | null | undefined,
  isInit: 'true' | 'false',
): readonly ((address: string) => Written)[] {
  return containers.flatMap((container) => {
    const shared: Written = [
      [META.container, container.name],
      [META.containerId, statuses?.find(({ name }) => name === container.name)?.containerID],
      [META.containerImage, container.image],
      [META.init, isInit],
    ];
    const ports = container.ports ?? [];
    if (ports.length === 0) return [(address: string): Written => [...shared, ['__address__', address]]];
    return ports.map((port) => (address: string): Written => [
      ...shared,
      ['__address__', joinHostPort(address, port.containerPort)],
      [META.portName, port.name ?? undefined],
      [META.portNumber, String(port.containerPort)],
      [META.portProtocol, port.protocol ?? 'TCP'],
    ]);
  });
}

/** Go's net.JoinHostPort: IPv6 in brackets. */
function joinHostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The API server refuses what is no text; a manifest may still hold it. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
