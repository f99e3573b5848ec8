import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';

/** JSON Pointers (RFC 6901) and documents that share their unchanged branches. */

/** The keys and indices of a pointer. */
export function segments(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A key as it stands in a pointer. */
export function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What the pointer leads to; `undefined` where nothing is. */
export function valueAt(document: unknown, path: string): unknown {
  return valueBelow(document, segments(path));
}

/** What stands below a document at the end of some keys; `undefined` where nothing is. */
export function valueBelow(document: unknown, keys: readonly string[]): unknown {
  let value: unknown = document;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Applies the patch to a copy that shares every branch off the patch's paths: a full copy costs a hundred times more. */
export function applyShared(before: object, patch: readonly Operation[]): unknown {
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

/** Deep equality of JSON that stops at shared branches, which is nearly everywhere. */
export function isSame(a: unknown, b: unknown): boolean {
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
