import { ANNOTATION_BYTES } from '../self-check.ts';
import { own } from '../pod.ts';
import { valueBelow } from '../pointer.ts';
import type { Workload } from './workload.ts';
import { below } from './workload.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Whether the object says that its owner's manifest sets a field: a field manager applies it, or took it over with this
 * very update, or client-side apply wrote it down. What a webhook adds belongs to no manager (kube-apiserver updates
 * managedFields before admission), but an owner may write the very value that podscrape wrote before. An update of long
 * ago tells nothing: `kubectl rollout undo` writes the whole template once, and owns all of it from then on.
 */
export function isInManifest(
  workload: Workload,
  old: Workload | undefined,
  keys: readonly string[],
): boolean {
  const path = keys.map((key) => `f:${key}`);
  const owners = ownersOf(workload, path);
  const before = ownersOf(old, path);
  const isNew = ({ manager, operation }: Owner): boolean =>
    operation === 'Apply' ||
    !before.some((owner) => owner.manager === manager && owner.operation === operation);
  if (owners.some(isNew)) return true;
  const text = own(workload.metadata?.annotations, LAST_APPLIED);
  if (text === undefined || text.length > ANNOTATION_BYTES) return false;
  try {
    return valueBelow(JSON.parse(text), keys) !== undefined;
  } catch {
    return false;
  }
}

interface Owner {
  readonly manager: unknown;
  readonly operation: unknown;
}

/** Who owns the field, as far as the object has the shape that the apiserver gives it. */
function ownersOf(workload: Workload | undefined, path: readonly string[]): readonly Owner[] {
  const managed = below(workload, 'metadata.managedFields');
  if (!Array.isArray(managed)) return [];
  return managed
    .filter((entry: unknown) => valueBelow(below(entry, 'fieldsV1'), path) !== undefined)
    .map((entry: unknown) => ({ manager: below(entry, 'manager'), operation: below(entry, 'operation') }));
}
