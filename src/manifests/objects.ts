import type { EngineConfig } from '../core/engine-config.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { isRecord } from '../core/record.ts';
import type { Path } from './manifest.ts';

/** An object of a document: the document itself, or an item of a List. */
export interface ManifestObject {
  readonly path: Path;
  readonly value: Readonly<Record<string, unknown>>;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty where it has none. */
  readonly name: string;
  readonly namespace: string | undefined;
  /** A Pod, a workload with its row, or another kind, which passes untouched. */
  readonly type: 'pod' | 'other' | WorkloadKind;
}

/** The objects of a document in their order: List, PodList and the like are looked into. */
export function objectsIn(
  value: unknown,
  config: Pick<EngineConfig, 'workloadKinds'>,
  path: Path = [],
  inherited: { readonly apiVersion?: string; readonly kind?: string } = {},
): readonly ManifestObject[] {
  if (!isRecord(value)) return [];
  const apiVersion = textOf(value['apiVersion']) ?? inherited.apiVersion ?? '';
  const kind = textOf(value['kind']) ?? inherited.kind ?? '';
  const { items } = value;
  if (kind.endsWith('List') && Array.isArray(items)) {
    // The items of a typed list need not repeat its kind.
    const of = kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -'List'.length) };
    return items.flatMap((item, index) => objectsIn(item, config, [...path, 'items', index], of));
  }
  if (kind === '') return [];
  const metadata = isRecord(value['metadata']) ? value['metadata'] : {};
  const name = textOf(metadata['name']) ?? textOf(metadata['generateName']) ?? '';
  const namespace = textOf(metadata['namespace']) || undefined;
  return [{ path, value, apiVersion, kind, name, namespace, type: typeOf(apiVersion, kind, config) }];
}

function typeOf(
  apiVersion: string,
  kind: string,
  { workloadKinds }: Pick<EngineConfig, 'workloadKinds'>,
): ManifestObject['type'] {
  if (apiVersion === 'v1' && kind === 'Pod') return 'pod';
  const row = workloadKinds.find(
    (known) => known.kind === kind && [known.group, known.version].filter(Boolean).join('/') === apiVersion,
  );
  return row ?? 'other';
}

/** `Deployment/web`; the kind alone where the object has no name. */
export function titleOf({ kind, name }: Pick<ManifestObject, 'kind' | 'name'>): string {
  return name === '' ? kind : `${kind}/${name}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
