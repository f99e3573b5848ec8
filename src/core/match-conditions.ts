import type { WorkloadKind } from './workload-kinds.ts';
import { requestMetadata } from './workload-kinds.ts';

/** One entry of `matchConditions`: the apiserver calls the webhook only if the CEL expression is true. */
export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

// CEL. Under `failurePolicy: Fail` an expression that fails rejects the object, so nothing is read before it is known
// to be there: `object` is null on DELETE and `oldObject` on CREATE, and a custom kind may have a null anywhere.

/** That everything on the way from a variable to a field is there: `object`, `metadata.annotations`. */
function there(variable: string, path: string): string {
  const steps = path.split('.').map((_, index, all) => `${variable}.${all.slice(0, index + 1).join('.')}`);
  return steps.map((step) => `has(${step}) && ${step} != null`).join(' && ');
}

const notAMirrorPod = [
  'object == null || !(',
  `  ${there('object', 'metadata.annotations')} &&`,
  '  "kubernetes.io/config.mirror" in object.metadata.annotations',
  ')',
].join('\n');

/** The Pods of a workload are owned too, and they are the ones that matter. */
const notAnOwnedWorkload = [
  'object == null || request.kind.kind == "Pod" || !(',
  `  ${there('object', 'metadata.ownerReferences')} &&`,
  '  object.metadata.ownerReferences.exists(r, has(r.controller) && r.controller == true)',
  ')',
].join('\n');

/** Finalizers come off by an UPDATE: refused or lost, it would hang whoever waits for the object to be gone. */
const notBeingDeleted = [
  'object == null || !(',
  `  ${there('object', 'metadata.deletionTimestamp')}`,
  ')',
].join('\n');

/** What every entry leaves out. */
export const NEVER_SENT: readonly MatchCondition[] = [
  { name: 'not-a-mirror-pod', expression: notAMirrorPod },
  { name: 'not-an-owned-workload', expression: notAnOwnedWorkload },
  { name: 'not-being-deleted', expression: notBeingDeleted },
];

/** A key of ours on the object or its pod template; on the old one too, so that taking a request away is seen. */
export function asksForPodscrape(prefix: string, kinds: readonly WorkloadKind[]): MatchCondition {
  const places = new Set(['metadata', ...kinds.flatMap(requestMetadata)]);
  const found = [...places].map((place) => `  ${there('o', place)} ? o.${place} : null`);
  const ours = `exists(k, k.startsWith(${JSON.stringify(`${prefix}/`)}))`;
  const expression = [
    '[object, oldObject].exists(o, o != null && [',
    found.join(',\n'),
    '].exists(m, m != null && (',
    `  (${there('m', 'annotations')} && m.annotations.${ours}) ||`,
    `  (${there('m', 'labels')} && m.labels.${ours})`,
    ')))',
  ].join('\n');
  return { name: 'asks-for-podscrape', expression };
}

/** The other objects, for policies that want every Pod to ask. */
export function asksForNothing(prefix: string, kinds: readonly WorkloadKind[]): MatchCondition {
  return { name: 'asks-for-nothing', expression: `!(${asksForPodscrape(prefix, kinds).expression})` };
}
