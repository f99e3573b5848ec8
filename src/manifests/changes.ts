import { isRecord } from '../core/record.ts';
import type { Path } from './manifest.ts';
import { isEqual } from './values.ts';

/** One thing to be done to a document so that its values become others; a path names what is there before. */
export type Change =
  /** A new key at the end of the map at `path`. */
  | { readonly op: 'add'; readonly path: Path; readonly key: string; readonly value: unknown }
  /** A new element at the end of the list at `path`. */
  | { readonly op: 'append'; readonly path: Path; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: Path }
  | { readonly op: 'replace'; readonly path: Path; readonly value: unknown }
  /** A pair that gives way to another one in its place. */
  | { readonly op: 'rename'; readonly path: Path; readonly key: string; readonly value: unknown };

/**
 * What turns `before` into `after`. Lists lose elements, get new ones at their end, or have some changed in place,
 * which is all that the engine does to them.
 *
 * @param isWhole tells the paths whose value is replaced as a whole where it changes
 */
export function differences(
  before: unknown,
  after: unknown,
  path: Path,
  isWhole: (path: Path) => boolean,
): readonly Change[] {
  if (isEqual(before, after)) return [];
  const whole: Change = { op: 'replace', path, value: after };
  if (isWhole(path)) return [whole];
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length === 0 || after.length === 0) return [whole];
    return ofLists(before, after, path, isWhole) ?? [whole];
  }
  if (!isRecord(before) || !isRecord(after)) return [whole];
  if (Object.keys(before).length === 0 || Object.keys(after).length === 0) return [whole];
  return ofMaps(before, after, path, isWhole);
}

type Plain = Readonly<Record<string, unknown>>;

function ofMaps(
  before: Plain,
  after: Plain,
  path: Path,
  isWhole: (path: Path) => boolean,
): readonly Change[] {
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const come = Object.keys(after).filter((key) => !Object.hasOwn(before, key));
  const twins = new Map(come.flatMap((key) => gone.flatMap((old) => (isTwin(old, key) ? [[old, key]] : []))));
  const renamed = new Set(twins.values());
  const kept = Object.keys(before).flatMap((key): readonly Change[] => {
    const inside = [...path, key];
    if (Object.hasOwn(after, key)) return differences(before[key], after[key], inside, isWhole);
    const twin = twins.get(key);
    if (twin === undefined) return [{ op: 'remove', path: inside }];
    return [{ op: 'rename', path: inside, key: twin, value: after[twin] }];
  });
  const added = come.filter((key) => !renamed.has(key));
  return [...kept, ...added.map((key): Change => ({ op: 'add', path, key, value: after[key] }))];
}

/** `prometheus.io.scheme` and `prometheus.io/scheme`: one takes the other's place. */
function isTwin(a: string, b: string): boolean {
  return a.replace('/', '.') === b.replace('/', '.');
}

/** Undefined where the lists do not go together in this way. */
function ofLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: Path,
  isWhole: (path: Path) => boolean,
): readonly Change[] | undefined {
  const changes: Change[] = [];
  let next = 0;
  for (const [index, element] of before.entries()) {
    const wanted = after[next];
    if (next < after.length && isEqual(element, wanted)) next += 1;
    else if (next < after.length && isSameElement(element, wanted) && !before.slice(index).includes(wanted)) {
      changes.push(...differences(element, wanted, [...path, index], isWhole));
      next += 1;
    } else changes.push({ op: 'remove', path: [...path, index] });
  }
  const removed = changes.filter(
    ({ op, path: at }) => op === 'remove' && at.length === path.length + 1,
  ).length;
  if (removed === before.length) return undefined;
  return [...changes, ...after.slice(next).map((value): Change => ({ op: 'append', path, value }))];
}

/** Whether two elements of a list are one, before and after: by the key that Kubernetes merges such lists on. */
function isSameElement(a: unknown, b: unknown): boolean {
  if (!isRecord(a) || !isRecord(b)) return false;
  if (a['containerPort'] !== undefined) return a['containerPort'] === b['containerPort'];
  return a['name'] !== undefined && a['name'] === b['name'];
}
