import type { Decision } from '../core/decision.ts';
import type { Problem } from '../core/problem.ts';
import { problemText, severity } from '../core/problem.ts';
import { requestMetadata } from '../core/workload-kinds.ts';
import { valueBelow } from '../core/pointer.ts';
import { isRecord } from '../core/record.ts';
import { find } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { ManifestObject } from './objects.ts';
import { titleOf } from './objects.ts';
import { offsetOf } from './values.ts';

/** Something that a person should know of a document. */
export interface Finding {
  /** An error makes the command fail. */
  readonly level: 'error' | 'warning';
  /** Where in the document's text. */
  readonly offset: number;
  /** `Deployment/web`; undefined where the whole document is meant. */
  readonly subject: string | undefined;
  readonly message: string;
}

export function objectFinding(
  level: Finding['level'],
  object: ManifestObject,
  manifest: Manifest,
  message: string,
  offset = offsetOf(find(manifest, object.path)?.node),
): Finding {
  return { level, offset, subject: titleOf(object), message };
}

/** What a decision says, each problem where its annotation stands, in the order of the text. */
export function findingsOf(
  decision: Decision,
  object: ManifestObject,
  manifest: Manifest,
): readonly Finding[] {
  if (decision.policy?.mode === 'audit') return [];
  const denied = decision.violations.filter((violation) => violation.severity === 'deny');
  const finding = (problem: Problem, level: Finding['level']): Finding =>
    objectFinding(level, object, manifest, problemText(problem), offsetOfProblem(problem, object, manifest));
  const isRefused = decision.outcome === 'refused';
  return [
    ...decision.problems.map((problem) =>
      finding(problem, isRefused && severity(problem) === 'error' ? 'error' : 'warning'),
    ),
    ...denied
      .filter(({ problem }) => !decision.problems.includes(problem))
      .map(({ problem }) => finding(problem, 'error')),
  ].toSorted((a, b) => a.offset - b.offset);
}

/** The key that a problem is about, where the object has it; else the object. */
function offsetOfProblem({ path }: Problem, object: ManifestObject, manifest: Manifest): number | undefined {
  if (object.type === 'other') return undefined;
  const places = object.type === 'pod' ? ['metadata'] : requestMetadata(object.type);
  const key = path.replace(/\[\d+\].*$/, '');
  for (const place of places.toReversed()) {
    for (const form of ['annotations', 'labels']) {
      const found = find(manifest, [...object.path, ...place.split('.'), form, key]);
      if (found?.pair !== undefined) return offsetOf(found.pair);
    }
  }
  return undefined;
}

/**
 * Why an object of a kind that podscrape knows does not have its shape, as far as it is an annotation or a label that is
 * no text: the mistake that is made most, and one that the apiserver refuses.
 */
export function shapeFindings(object: ManifestObject, manifest: Manifest): readonly Finding[] {
  if (object.type === 'other') return [];
  const places = object.type === 'pod' ? ['metadata'] : requestMetadata(object.type);
  const found = places.flatMap((place) =>
    ['annotations', 'labels'].flatMap((form) => textFindings(object, manifest, [...place.split('.'), form])),
  );
  const whole = `does not have the shape of a ${object.kind}; left alone`;
  return found.length > 0 ? found : [objectFinding('warning', object, manifest, whole)];
}

function textFindings(
  object: ManifestObject,
  manifest: Manifest,
  place: readonly string[],
): readonly Finding[] {
  const map = valueBelow(object.value, place);
  if (!isRecord(map)) return [];
  return Object.entries(map).flatMap(([key, value]) => {
    if (typeof value === 'string') return [];
    const { pair } = find(manifest, [...object.path, ...place, key]) ?? {};
    const said = ['number', 'boolean', 'bigint'].includes(typeof value)
      ? `read as the ${typeof value === 'boolean' ? 'boolean' : 'number'} ${String(value)}`
      : value === null
        ? 'empty'
        : 'no text';
    const message = `${key}: is ${said}, and ${place.at(-1) ?? ''} are texts; put it in quotes`;
    return [
      objectFinding('error', object, manifest, message, pair === undefined ? undefined : offsetOf(pair)),
    ];
  });
}
