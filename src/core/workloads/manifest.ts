import type { Added } from '../decision.ts';
import { memo } from '../memo.ts';
import { own } from '../pod.ts';
import { ANNOTATION_BYTES } from '../self-check.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import type { Workload } from './workload.ts';
import { below } from './workload.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** A step down an object: a key, or the element of a list that has these fields (its merge key). */
export type Step = string | Readonly<Record<string, string | number>>;

/**
 * Whether the object says that its owner's manifest sets a field: a field manager applies it, or took it over with this
 * very update, or client-side apply wrote it down. What a webhook adds belongs to no manager (kube-apiserver updates
 * managedFields before admission), but an owner may write the very value that podscrape wrote before. An update of long
 * ago tells nothing: `kubectl rollout undo` writes the whole template once, and owns all of it from then on.
 */
export function isInManifest(workload: Workload, old: Workload | undefined, path: readonly Step[]): boolean {
  const owners = ownersOf(workload, path);
  const before = ownersOf(old, path);
  const isNew = ({ manager, operation }: Owner): boolean =>
    operation === 'Apply' ||
    !before.some((owner) => owner.manager === manager && owner.operation === operation);
  if (owners.some(isNew)) return true;
  const text = own(workload.metadata?.annotations, LAST_APPLIED);
  if (text === undefined || text.length > ANNOTATION_BYTES) return false;
  return descend(parsed(text), path, inList) !== undefined;
}

/** Whether what podscrape recorded as added is in the owner's manifest by now, and so the owner's. */
export type Claims = (list: keyof Added | 'changed', name: string) => boolean;

export function claimsOf(workload: Workload, old: Workload | undefined, kind: WorkloadKind): Claims {
  const template = kind.template.split('.');
  return (list, name) =>
    placesOf(list, name).some((path) => isInManifest(workload, old, [...template, ...path]));
}

/** Where an entry of a record stands in a pod template. */
function placesOf(list: keyof Added | 'changed', entry: string): readonly (readonly Step[])[] {
  const [name = '', what = ''] = entry.split('/');
  const inContainers = (...rest: Step[]): readonly (readonly Step[])[] =>
    ['containers', 'initContainers'].map((containers) => ['spec', containers, { name }, ...rest]);
  switch (list) {
    case 'annotations':
    case 'changed':
      return [['metadata', 'annotations', entry]];
    case 'volumes':
      return [['spec', 'volumes', { name: entry }]];
    case 'containers':
      return inContainers();
    case 'ports':
      return inContainers('ports', { containerPort: Number(what), protocol: 'TCP' });
    case 'named':
      return inContainers('ports', { containerPort: Number(what), protocol: 'TCP' }, 'name');
    case 'env':
      return inContainers('env', { name: what });
    case 'extended':
      // The variable always was the owner's; that podscrape's words stand in it is told by the value.
      return [];
  }
}

interface Owner {
  readonly manager: unknown;
  readonly operation: unknown;
}

/** Who owns the field, as far as the object has the shape that the apiserver gives it. */
function ownersOf(workload: Workload | undefined, path: readonly Step[]): readonly Owner[] {
  const managed = below(workload, 'metadata.managedFields');
  if (!Array.isArray(managed)) return [];
  return managed
    .filter((entry: unknown) => descend(below(entry, 'fieldsV1'), path, inFields) !== undefined)
    .map((entry: unknown) => ({ manager: below(entry, 'manager'), operation: below(entry, 'operation') }));
}

type Descent = (value: object, step: Step) => unknown;

function descend(document: unknown, path: readonly Step[], into: Descent): unknown {
  let value: unknown = document;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = into(value, step);
  }
  return value;
}

/** FieldsV1: `f:KEY`, and `k:{"name":"web"}` for the element of a list. */
const inFields: Descent = (value, step) =>
  member(value, typeof step === 'string' ? `f:${step}` : `k:${JSON.stringify(step)}`);

/** A manifest as it was written: a protocol may be left out. */
const inList: Descent = (value, step) => {
  if (typeof step === 'string') return member(value, step);
  if (!Array.isArray(value)) return undefined;
  return value.find((element: unknown) =>
    Object.entries(step).every(([key, wanted]) => {
      const found = typeof element === 'object' && element !== null ? member(element, key) : undefined;
      return found === wanted || (key === 'protocol' && found === undefined);
    }),
  ) as unknown;
};

function member(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

const parsed = memo((text): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
});
