import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import type { Pod } from './kubernetes.ts';
import { places } from './pod.ts';
import { takenPortNames } from './ports.ts';
import { isPortName } from './values.ts';

/** The apiserver's bound on all annotations of an object, keys and values, in bytes (TotalAnnotationSizeLimitB). */
export const ANNOTATION_BYTES = 256 * 1024;

/** The bytes of all annotations, as the apiserver counts them. */
export function annotationBytes(pod: Pod): number {
  return Object.entries(pod.metadata?.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}

/**
 * What is wrong with a patch, or undefined when it may be sent: it applies and gives `after`, it adds in places that
 * podscrape owns, it replaces and removes only what the specification allows, and the Pod stays valid.
 */
export function selfCheck(
  before: Pod,
  patch: readonly Operation[],
  after: Pod,
  prefix: string,
): string | undefined {
  const forbidden = patch.find((operation) => !isAllowed(before, operation, prefix));
  if (forbidden !== undefined) return `operation ${forbidden.op} ${forbidden.path} is not podscrape's`;
  const fault = podFault(before, after);
  if (fault !== undefined) return fault;
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
    String.raw`^/metadata$`,
    String.raw`^/metadata/annotations(?:/[^/]+)?$`,
    String.raw`^/spec/(?:initContainers|volumes)$`,
    String.raw`^/spec/(?:containers|initContainers|volumes)/\d+$`,
    String.raw`^${CONTAINER}/ports(?:/\d+(?:/name)?)?$`,
    String.raw`^${CONTAINER}/env(?:/\d+(?:/value)?)?$`,
  ].join('|'),
);
const REPLACEABLE = new RegExp(
  [
    String.raw`^/metadata(?:/annotations)?$`,
    String.raw`^/metadata/annotations/prometheus\.io~1[^/]+$`,
    String.raw`^/spec/(?:initContainers|volumes)$`,
    String.raw`^${CONTAINER}/(?:ports|env)$`,
    String.raw`^${CONTAINER}/ports/\d+/name$`,
    String.raw`^${CONTAINER}/env/\d+/value$`,
  ].join('|'),
);
const REMOVABLE = /^\/metadata\/annotations\/prometheus\.io\.[^/]+$/;

function isAllowed(before: Pod, operation: Operation, prefix: string): boolean {
  const { path } = operation;
  switch (operation.op) {
    case 'add':
      return ADDABLE.test(path) && valueAt(before, path) === undefined;
    case 'remove':
      return REMOVABLE.test(path);
    case 'replace': {
      if (path === `/metadata/annotations/${prefix.replaceAll('~', '~0').replaceAll('/', '~1')}~1status`)
        return true;
      if (!REPLACEABLE.test(path)) return false;
      // A parent may stand there as null, which is as good as absent; a name may be empty; values are strings.
      const old = valueAt(before, path);
      const isParent = !/(?:~1|\/value$)/.test(path);
      return !isParent || old === null || old === '';
    }
    default:
      return false;
  }
}

function valueAt(document: unknown, path: string): unknown {
  let value: unknown = document;
  for (const segment of segments(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}

function segments(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Applies the patch to a copy that shares every branch off the patch's paths: a full copy costs a hundred times more. */
function applyShared(before: Pod, patch: readonly Operation[]): unknown {
  const root: Record<string, unknown> = { ...before };
  const copied = new Set<unknown>([root]);
  for (const operation of patch) {
    let parent: Record<string, unknown> = root;
    for (const segment of segments(operation.path).slice(0, -1)) {
      const child = parent[segment];
      if (typeof child !== 'object' || child === null) break;
      if (!copied.has(child)) {
        const copy = Array.isArray(child) ? [...(child as unknown[])] : { ...child };
        copied.add(copy);
        parent[segment] = copy;
      }
      parent = parent[segment] as Record<string, unknown>;
    }
    fastJsonPatch.applyOperation(root, operation, true, true);
  }
  return root;
}

/** Deep equality that stops at shared branches, which is nearly everywhere. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** What the apiserver would refuse and the owner's Pod did not already have. */
function podFault(before: Pod, after: Pod): string | undefined {
  const names = places(after).map(({ container }) => container.name);
  const volumes = (after.spec.volumes ?? []).map((volume) => volume.name);
  if (repeats(names) > repeats(places(before).map(({ container }) => container.name)))
    return 'a container name is there twice';
  if (repeats(volumes) > repeats((before.spec.volumes ?? []).map((volume) => volume.name)))
    return 'a volume name is there twice';
  const badPort = places(after)
    .flatMap(({ container }) => container.ports ?? [])
    .some((port) => port.protocol === 'TCP' && (port.containerPort < 1 || port.containerPort > 65535));
  if (badPort && !hasBadPort(before)) return 'a port is out of range';
  const known = takenPortNames(before);
  if ([...takenPortNames(after)].some((name) => !known.has(name) && !isPortName(name)))
    return 'a port name is not valid';
  if (annotationBytes(after) > ANNOTATION_BYTES) return 'the annotations exceed 256 KiB';
  return undefined;
}

function hasBadPort(pod: Pod): boolean {
  return places(pod)
    .flatMap(({ container }) => container.ports ?? [])
    .some((port) => port.containerPort < 1 || port.containerPort > 65535);
}

function repeats(names: readonly string[]): number {
  return names.length - new Set(names).size;
}
