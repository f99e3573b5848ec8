import type { Container, ContainerPort, Pod } from './kubernetes.ts';
import { METADATA, POD } from './pod-shape.ts';
import { isRecord } from './record.ts';

/** Reading a Pod: the shape check at the door, and the one visitor that knows all containers. */

/**
 * Whether `value` has the shape that the engine reads. The apiserver decodes a Pod before it calls us, so anything
 * else comes from a test, a file or an enemy; it is left to the apiserver's own validation.
 */
export function isPodShaped(value: unknown): value is Pod {
  return POD.fits(value);
}

/** Metadata that is absent, or has annotations and labels of strings if any. */
export function isMetadataShaped(metadata: unknown): boolean {
  return METADATA.fits(metadata);
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
