import { ANNOTATION_BYTES } from '../self-check.ts';
import { own } from '../pod.ts';
import { valueBelow } from '../pointer.ts';
import type { Workload } from './workload.ts';
import { below } from './workload.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * Whether the object says that its owner's manifest sets a field: some field manager owns it, or client-side apply
 * wrote it down. What a webhook adds belongs to no manager (kube-apiserver updates managedFields before admission),
 * but an owner may write the very value that podscrape wrote before.
 */
export function isInManifest(workload: Workload, keys: readonly string[]): boolean {
  const managed = below(workload, 'metadata.managedFields');
  const path = keys.map((key) => `f:${key}`);
  const isOwned = (entry: unknown): boolean => valueBelow(below(entry, 'fieldsV1'), path) !== undefined;
  if (Array.isArray(managed) && managed.some(isOwned)) return true;
  const text = own(workload.metadata?.annotations, LAST_APPLIED);
  if (text === undefined || text.length > ANNOTATION_BYTES) return false;
  try {
    return valueBelow(JSON.parse(text), keys) !== undefined;
  } catch {
    return false;
  }
}
