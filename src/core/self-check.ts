import type { Operation } from 'fast-json-patch';
import { COMMUNITY_PREFIX } from './community.ts';
import { SCRAPE_TARGETS } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import { places } from './pod.ts';
import { applyShared, escaped, isSame, segments, valueAt } from './pointer.ts';
import { takenPortNames } from './ports.ts';
import { isPortName } from './values.ts';

/** The apiserver's bound on all annotations of an object, keys and values, in bytes (TotalAnnotationSizeLimitB). */
export const ANNOTATION_BYTES = 256 * 1024;

/** The bytes of all annotations, as the apiserver counts them. */
export function annotationBytes(pod: Pick<Pod, 'metadata'>): number {
  return Object.entries(pod.metadata?.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}

/** Which annotations a patch may write. */
export interface Writable {
  /** podscrape's own, `P` in the documentation. */
  readonly prefix: string;
  /** The families that scrapers read, `prometheus.io` and its like. */
  readonly dialects: readonly string[];
}

/**
 * What is wrong with a patch, or undefined when it may be sent: it applies and gives `after`, it adds in places that
 * podscrape owns, it replaces and removes only what the specification allows, and the Pod stays valid.
 *
 * @param prefix podscrape's annotation prefix
 * @param dialects the families of annotations that may be written
 */
export function selfCheck(
  before: Pod,
  patch: readonly Operation[],
  after: Pod,
  prefix: string,
  dialects: readonly string[] = [COMMUNITY_PREFIX],
): string | undefined {
  const writable = { prefix, dialects };
  const forbidden = patch
    .flatMap((operation) => memberwise(before, operation))
    .find((operation) => !isAllowed(before, operation, writable));
  if (forbidden !== undefined) return `operation ${forbidden.op} ${forbidden.path} is not podscrape's`;
  return podFault(before, after) ?? resultFault(before, patch, after);
}

/** Why the patch does not turn `before` into `after`, or undefined when it does. */
export function resultFault(before: object, patch: readonly Operation[], after: unknown): string | undefined {
  try {
    if (!isSame(applyShared(before, patch), after)) return 'the patch does not give the result';
  } catch (error) {
    return `the patch does not apply: ${error instanceof Error ? error.name : 'unknown error'}`;
  }
  return undefined;
}

const CONTAINER = String.raw`/spec/(?:containers|initContainers)/\d+`;
const ADDABLE = new RegExp(
  [
    String.raw`^/spec/(?:initContainers|volumes)$`,
    String.raw`^/spec/(?:containers|initContainers|volumes)/\d+$`,
    String.raw`^${CONTAINER}/ports(?:/\d+(?:/name)?)?$`,
    String.raw`^${CONTAINER}/env(?:/\d+(?:/value)?)?$`,
  ].join('|'),
);
const REPLACEABLE = new RegExp(
  [
    String.raw`^/spec/(?:initContainers|volumes)$`,
    String.raw`^${CONTAINER}/(?:ports|env)$`,
    String.raw`^${CONTAINER}/ports/\d+/name$`,
    String.raw`^${CONTAINER}/env/\d+/value$`,
  ].join('|'),
);
/** A qualified name, as apimachinery's IsQualifiedName has it. */
const ANNOTATION_KEY =
  /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const ANNOTATION = /^\/metadata\/annotations\/([^/]+)$/;
/** Written where absent, never replaced. */
const OTHERS: readonly string[] = ['kubectl.kubernetes.io/default-container', SCRAPE_TARGETS];

/** Whether the operation is one that injecting into the Pod `before` may need. */
export function isAllowed(before: Pod, operation: Operation, writable: Writable): boolean {
  const { op, path } = operation;
  if (op !== 'add' && op !== 'replace' && op !== 'remove') return false;
  const old = valueAt(before, path);
  const key = ANNOTATION.test(path) ? segments(path)[2] : undefined;
  if (key !== undefined) return isWritableAnnotation(op, key, old, writable);
  switch (op) {
    case 'add':
      return ADDABLE.test(path) && old === undefined;
    case 'replace':
      // A list may stand there as null, which is as good as absent; a name may be empty; a variable is extended.
      return REPLACEABLE.test(path) && (path.endsWith('/value') || old === null || old === '');
    case 'remove':
      return false;
  }
}

const MAPS: readonly string[] = ['/metadata', '/metadata/annotations', '/metadata/labels'];

/**
 * An operation on metadata or on a whole map of it, as operations on its members: what is allowed one by one is allowed
 * together, where there was no map (null is as good) or none is left.
 */
export function memberwise(before: Pod, operation: Operation): readonly Operation[] {
  const { op, path } = operation;
  const old = valueAt(before, path);
  const isThere = old !== undefined && old !== null;
  if (!MAPS.includes(path) || (op !== 'remove' && isThere)) return [operation];
  const map: unknown = 'value' in operation ? operation.value : old;
  if (typeof map !== 'object' || map === null) return [operation];
  return Object.entries(map as Readonly<Record<string, unknown>>).flatMap(([key, value]) => {
    const member = `${path}/${escaped(key)}`;
    const each: Operation = op === 'remove' ? { op, path: member } : { op: 'add', path: member, value };
    return memberwise(before, each);
  });
}

function isWritableAnnotation(
  op: 'add' | 'replace' | 'remove',
  key: string,
  old: unknown,
  { prefix, dialects }: Writable,
): boolean {
  const isDialect = dialects.some((dialect) => key.startsWith(`${dialect}/`));
  switch (op) {
    case 'add':
      return old === undefined && (isDialect || key.startsWith(`${prefix}/`) || OTHERS.includes(key));
    case 'replace':
      return isDialect || key === `${prefix}/status`;
    case 'remove':
      return dialects.some((dialect) => key.startsWith(`${dialect}.`));
  }
}

/** What the apiserver would refuse and the owner's Pod did not already have. */
export function podFault(before: Pod, after: Pod): string | undefined {
  const names = places(after).map(({ container }) => container.name);
  const volumes = (after.spec.volumes ?? []).map((volume) => volume.name);
  if (repeats(names) > repeats(places(before).map(({ container }) => container.name)))
    return 'a container name is there twice';
  if (repeats(volumes) > repeats((before.spec.volumes ?? []).map((volume) => volume.name)))
    return 'a volume name is there twice';
  const unmounted = new Set(missingVolumes(before));
  if (missingVolumes(after).some((name) => !unmounted.has(name))) return 'a mounted volume is missing';
  const badPort = places(after)
    .flatMap(({ container }) => container.ports ?? [])
    .some((port) => port.protocol === 'TCP' && (port.containerPort < 1 || port.containerPort > 65535));
  if (badPort && !hasBadPort(before)) return 'a port is out of range';
  const known = takenPortNames(before);
  if ([...takenPortNames(after)].some((name) => !known.has(name) && !isPortName(name)))
    return 'a port name is not valid';
  const noted = before.metadata?.annotations ?? {};
  if (
    Object.keys(after.metadata?.annotations ?? {}).some(
      (key) => !Object.hasOwn(noted, key) && !ANNOTATION_KEY.test(key),
    )
  )
    return 'an annotation key is not valid';
  // What was too large before is the apiserver's to refuse.
  if (annotationBytes(after) > Math.max(ANNOTATION_BYTES, annotationBytes(before)))
    return 'the annotations exceed 256 KiB';
  return undefined;
}

/** Mounted, and not among the Pod's volumes; a StatefulSet's template has such by right. */
function missingVolumes(pod: Pod): readonly string[] {
  const volumes = new Set((pod.spec.volumes ?? []).map(({ name }) => name));
  const mounts = places(pod).flatMap(({ container }) => container.volumeMounts ?? []);
  return mounts.map(({ name }) => name).filter((name) => !volumes.has(name));
}

function hasBadPort(pod: Pod): boolean {
  return places(pod)
    .flatMap(({ container }) => container.ports ?? [])
    .some((port) => port.containerPort < 1 || port.containerPort > 65535);
}

function repeats(names: readonly string[]): number {
  return names.length - new Set(names).size;
}
