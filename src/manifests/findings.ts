import type { Decision } from '../core/decision.ts';
import type { Problem } from '../core/problem.ts';
import { problemText, severity } from '../core/problem.ts';
import { METADATA, POD, shapeFaultText } from '../core/pod-shape.ts';
import type { ShapeFault } from '../core/pod-shape.ts';
import { valueBelow } from '../core/pointer.ts';
import { requestMetadata } from '../core/workload-kinds.ts';
import { find } from './manifest.ts';
import type { Manifest, Path } from './manifest.ts';
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
 * Why an object of a kind that podscrape knows does not have its shape, each fault where it stands, in the order of the
 * text: an annotation without quotes is the mistake that is made most. What is of a wrong kind the apiserver refuses;
 * where something is missing the object may be a part of one, such as a patch.
 */
export function shapeFindings(object: ManifestObject, manifest: Manifest): readonly Finding[] {
  const found = faultsOf(object).map((fault) => {
    const { path, isMissing } = fault;
    const offset = offsetOnWay(manifest, [...object.path, ...path]);
    const level = isMissing ? 'warning' : 'error';
    const message = `${shapeFaultText(fault)}${isMissing ? '; left alone' : ''}`;
    return objectFinding(level, object, manifest, message, offset);
  });
  const whole = `does not have the shape of a ${object.kind}; left alone`;
  return found.length > 0
    ? found.toSorted((a, b) => a.offset - b.offset)
    : [objectFinding('warning', object, manifest, whole)];
}

function faultsOf({ type, value }: ManifestObject): readonly ShapeFault[] {
  if (type === 'other') return [];
  if (type === 'pod') return POD.faults(value);
  const template = type.template.split('.');
  const places = requestMetadata(type).filter((place) => place !== `${type.template}.metadata`);
  return [
    ...places.flatMap((place) => {
      const path = place.split('.');
      return METADATA.faults(valueBelow(value, path)).map((fault) => under(path, fault));
    }),
    ...POD.faults(valueBelow(value, template) ?? {}).map((fault) => under(template, fault)),
  ];
}

function under(path: readonly string[], fault: ShapeFault): ShapeFault {
  return { ...fault, path: [...path, ...fault.path] };
}

/** Where the path leads, its key where it has one; where it leads nowhere, the last thing on the way that is there. */
function offsetOnWay(manifest: Manifest, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const found = find(manifest, path.slice(0, length));
    if (found !== undefined) return offsetOf(found.pair ?? found.node);
  }
  return offsetOf(manifest.root);
}
