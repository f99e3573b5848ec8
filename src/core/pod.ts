import type { Container, ContainerPort, Pod } from './kubernetes.ts';
import { isRecord } from './record.ts';

/** Reading a Pod: the shape check at the door, and the one visitor that knows all containers. */

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

const isStringMap = (value: unknown): boolean =>
  isAbsent(value) || (isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string'));

const isListOf = (value: unknown, check: (entry: unknown) => boolean): boolean =>
  isAbsent(value) || (Array.isArray(value) && value.every(check));

const isString = (value: unknown): boolean => typeof value === 'string';
const isOptionalString = (value: unknown): boolean => isAbsent(value) || typeof value === 'string';

// Mutation runs before validation, so that nothing has a length yet. Validation refuses longer names (63 and 15
// characters) whatever we say, and no Pod that etcd can hold has so many containers.
const LONGEST_NAME = 63;
const MOST_CONTAINERS = 1000;

const isShortString = (value: unknown): boolean => typeof value === 'string' && value.length <= LONGEST_NAME;

const isPort = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['containerPort'] === 'number' &&
  (isAbsent(value['name']) || isShortString(value['name'])) &&
  isOptionalString(value['protocol']);

const isEnvVar = (value: unknown): boolean =>
  isRecord(value) && typeof value['name'] === 'string' && isOptionalString(value['value']);

const isNamed = (value: unknown): boolean => isRecord(value) && typeof value['name'] === 'string';

/** The apiserver writes quantities as text; a custom kind may keep the number that its owner wrote. */
const isQuantities = (value: unknown): boolean =>
  isAbsent(value) ||
  (isRecord(value) && Object.values(value).every((entry) => ['string', 'number'].includes(typeof entry)));

const isResources = (value: unknown): boolean =>
  isAbsent(value) || (isRecord(value) && isQuantities(value['requests']) && isQuantities(value['limits']));

const isMount = (value: unknown): boolean =>
  isNamed(value) && isOptionalString((value as { mountPath?: unknown }).mountPath);

const isContainer = (value: unknown): boolean =>
  isRecord(value) &&
  isShortString(value['name']) &&
  isOptionalString(value['image']) &&
  isOptionalString(value['restartPolicy']) &&
  isListOf(value['command'], isString) &&
  isListOf(value['args'], isString) &&
  isListOf(value['ports'], isPort) &&
  isListOf(value['env'], isEnvVar) &&
  isListOf(value['envFrom'], isRecord) &&
  isListOf(value['volumeMounts'], isMount) &&
  isResources(value['resources']);

/**
 * Whether `value` has the shape that the engine reads. The apiserver decodes a Pod before it calls us, so anything
 * else comes from a test, a file or an enemy; it is left to the apiserver's own validation.
 */
export function isPodShaped(value: unknown): value is Pod {
  if (!isRecord(value)) return false;
  const { metadata, spec } = value;
  return (
    isMetadataShaped(metadata) &&
    isRecord(spec) &&
    Array.isArray(spec['containers']) &&
    // With a sidecar a Pod without containers would become one that the apiserver accepts.
    spec['containers'].length > 0 &&
    spec['containers'].length <= MOST_CONTAINERS &&
    spec['containers'].every(isContainer) &&
    isListOf(spec['initContainers'], isContainer) &&
    ((spec['initContainers'] ?? []) as unknown[]).length <= MOST_CONTAINERS &&
    isListOf(spec['volumes'], isNamed) &&
    isStringMap(spec['nodeSelector']) &&
    isOptionalString(spec['restartPolicy']) &&
    (isAbsent(spec['os']) || isRecord(spec['os']))
  );
}

/** Metadata that is absent, or has annotations and labels of strings if any. */
export function isMetadataShaped(metadata: unknown): boolean {
  if (isAbsent(metadata)) return true;
  return isRecord(metadata) && isStringMap(metadata['annotations']) && isStringMap(metadata['labels']);
}

/** The value of an own key; `undefined` for inherited names such as `constructor`. */
export function own<T = string>(
  map: Readonly<Record<string, T>> | null | undefined,
  key: string,
): T | undefined {
  return map !== null && map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Where a container stands in the Pod. */
export interface Place {
  readonly list: 'containers' | 'initContainers';
  readonly index: number;
  readonly container: Container;
  /** Runs beside the application: a regular container or a native sidecar. */
  readonly serves: boolean;
}

/** Every container: regular ones first, then init containers, each in the Pod's order. */
export function places(pod: Pod): readonly Place[] {
  const regular = pod.spec.containers.map((container, index): Place => ({
    list: 'containers',
    index,
    container,
    serves: true,
  }));
  const init = (pod.spec.initContainers ?? []).map((container, index): Place => ({
    list: 'initContainers',
    index,
    container,
    serves: container.restartPolicy === 'Always',
  }));
  return [...regular, ...init];
}

/** Where the container of that name stands, if it runs beside the application. */
export function servingPlace(pod: Pod, name: string | undefined): Place | undefined {
  return places(pod).find(({ container, serves }) => serves && container.name === name);
}

export function isTcp(port: ContainerPort): boolean {
  return (port.protocol ?? 'TCP') === 'TCP';
}

/** The declared TCP port `number` of a container: a `metrics` name first, then any name, then a nameless one. */
export function tcpPort(container: Container, number: number): ContainerPort | undefined {
  const ports = (container.ports ?? []).filter((port) => isTcp(port) && port.containerPort === number);
  return ports.find((port) => isMetricsPortName(port.name)) ?? ports.find((port) => port.name) ?? ports[0];
}

/** Whether the container declares `number` over TCP under that name, among whatever other names. */
export function hasPortName(container: Container, number: number, name: string): boolean {
  return (container.ports ?? []).some(
    (port) => isTcp(port) && port.containerPort === number && port.name === name,
  );
}

/** `metrics` and `*-metrics`: the names that podscrape's scrape configuration finds. */
export function isMetricsPortName(name: string | null | undefined): boolean {
  return name === 'metrics' || /.-metrics$/.test(name ?? '');
}

/** The last path element of an image without registry, tag and digest: `quay.io/a/b:v1@sha256:…` → `b`. */
export function imageName(image: string | undefined): string {
  const path = (image ?? '').split('@', 1)[0] ?? '';
  return (path.slice(path.lastIndexOf('/') + 1).split(':', 1)[0] ?? '').toLowerCase();
}

// Names that the meshes give to their proxies (Istio, Linkerd, Kuma, Consul, App Mesh, NGINX Service Mesh).
const MESH_PROXIES: ReadonlySet<string> = new Set([
  'istio-proxy',
  'linkerd-proxy',
  'kuma-sidecar',
  'consul-dataplane',
  'consul-connect-envoy-sidecar',
  'envoy-sidecar',
  'envoy',
  'nginx-mesh-sidecar',
]);

const EXPORTER = /[-_]exporter$|^(?:prom-)?pushgateway$/;

/** Whether a container is a known mesh proxy or an exporter rather than the application. */
export function isHelper(container: Container): boolean {
  return (
    MESH_PROXIES.has(container.name) ||
    EXPORTER.test(container.name) ||
    EXPORTER.test(imageName(container.image))
  );
}

const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The application's containers: those that are no helper. Where all are, the application is an exporter itself, and
 * only the containers named in `exporters`, which the request's profiles stand for, are left out.
 */
export function applicationContainers(
  pod: Pod,
  exporters: ReadonlySet<string> = NO_NAMES,
): readonly Container[] {
  const candidates = pod.spec.containers.filter(({ name }) => !exporters.has(name));
  const application = candidates.filter((container) => !isHelper(container));
  if (application.length > 0) return application;
  return candidates.length > 0 ? candidates : pod.spec.containers;
}

/** Windows containers run no Linux sidecar; HostProcess ones bear no other kind beside them. */
export function isWindows(pod: Pod): boolean {
  if (pod.spec.os?.name === 'windows' || own(pod.spec.nodeSelector, 'kubernetes.io/os') === 'windows')
    return true;
  return [pod.spec, ...pod.spec.containers].some(({ securityContext }) => {
    const options = isRecord(securityContext) ? securityContext['windowsOptions'] : undefined;
    return isRecord(options) && options['hostProcess'] === true;
  });
}
