import type { ObjectMeta, Pod } from '../kubernetes.ts';
import { isMetadataShaped, isPodShaped } from '../pod.ts';
import { valueBelow } from '../pointer.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import { requestMetadata } from '../workload-kinds.ts';

/** An object that carries a pod template; what the engine does not read passes through untouched. */
export interface Workload {
  readonly metadata?: ObjectMeta | null;
}

/** What stands at a path such as `spec.template` below the object. */
export function below(object: unknown, path: string): unknown {
  return valueBelow(object, path.split('.'));
}

/** The path as a JSON Pointer. */
export function pointerOf(path: string): string {
  return `/${path.replaceAll('.', '/')}`;
}

/** The workload, or undefined for anything that does not have the kind's shape. */
export function asWorkload(object: unknown, kind: WorkloadKind): Workload | undefined {
  const everyMetadata = requestMetadata(kind).map((path) => below(object, path));
  const isShaped =
    everyMetadata.every(isMetadataShaped) &&
    isPodShaped(podOf(object, kind)) &&
    ownersAreShaped(object as Workload);
  return isShaped ? (object as Workload) : undefined;
}

function ownersAreShaped({ metadata }: Workload): boolean {
  const owners: unknown = metadata?.ownerReferences ?? [];
  return Array.isArray(owners) && owners.every((owner) => typeof owner === 'object' && owner !== null);
}

/** The pod template as the Pod that will be made of it. */
export function templateOf(workload: Workload, kind: WorkloadKind): Pod {
  return podOf(workload, kind) as Pod;
}

function podOf(object: unknown, { template }: WorkloadKind): object {
  const metadata = below(object, `${template}.metadata`);
  const spec = below(object, `${template}.spec`);
  return { apiVersion: 'v1', kind: 'Pod', ...(metadata === undefined ? {} : { metadata }), spec };
}

/** The workload with another pod template; the very same one when metadata and spec are. */
export function withTemplate(workload: Workload, kind: WorkloadKind, { metadata, spec }: Pod): Workload {
  const path = kind.template.split('.');
  const withMetadata = withBelow(workload, [...path, 'metadata'], metadata);
  return withBelow(withMetadata, [...path, 'spec'], spec);
}

/** The object with another value at the end of some keys, or none for `undefined`; every other branch is shared. */
function withBelow<T extends object>(object: T, [key = '', ...rest]: readonly string[], value: unknown): T {
  const before = Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
  if (value === undefined && (before ?? undefined) === undefined) return object;
  const after = rest.length === 0 ? value : withBelow(before ?? {}, rest, value);
  if (after === before) return object;
  if (after !== undefined) return { ...object, [key]: after };
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)) as T;
}

/** The workload with an annotation of that value, or without it for `undefined`; the very same one when it is so. */
export function withAnnotation(workload: Workload, key: string, value: string | undefined): Workload {
  return withBelow(workload, ['metadata', 'annotations', key], value);
}
