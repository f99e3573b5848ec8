import type { Decision, Reason } from '../decision.ts';
import { NOTHING_ADDED, skipped } from '../decision.ts';
import type { EngineConfig } from '../engine-config.ts';
import { own } from '../pod.ts';
import { isSame } from '../pointer.ts';
import type { Problem } from '../problem.ts';
import { problemText } from '../problem.ts';
import { ANNOTATION_BYTES, annotationBytes } from '../self-check.ts';
import type { Surroundings } from '../surroundings.ts';
import { clip, withoutControlCharacters } from '../text.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import { hoist, hoistedBefore, hoistedKey, hoistedText, requestKeys, unknownKeys } from './hoist.ts';
import type { Subject } from './injection.ts';
import { isLeftAlone, takeOver } from './injection.ts';
import type { Workload } from './workload.ts';
import { asWorkload, below, templateOf, withAnnotation, withTemplate } from './workload.ts';

/** What is asked about a workload, the objects as they came. */
export interface WorkloadAdmission {
  readonly kind: WorkloadKind;
  readonly operation: 'CREATE' | 'UPDATE';
  readonly object: unknown;
  /** The object as it is stored; null or undefined on CREATE. */
  readonly oldObject: unknown;
}

/** A decision and the object after it: the very same reference when nothing changes. */
export interface AdmittedWorkload {
  readonly decision: Decision;
  readonly object: unknown;
}

/**
 * Decides what becomes of a workload and makes it so on a copy: pure, without clock or I/O. Nothing changes but the pod
 * template and the annotation `P/hoisted`, and nothing at all by an update that changes neither the request nor the
 * template: whoever scales a Deployment never starts a rollout.
 */
export function admitWorkload(
  admission: WorkloadAdmission,
  surroundings: Surroundings,
  config: EngineConfig,
): AdmittedWorkload {
  const { kind, operation, object } = admission;
  const workload = asWorkload(object, kind);
  const old = operation === 'UPDATE' ? asWorkload(admission.oldObject, kind) : undefined;
  if (workload === undefined || (operation === 'UPDATE' && old === undefined))
    return { decision: skipped('malformed'), object };
  const reason = reasonToSkip(workload, old, kind, config);
  if (reason !== undefined) return { decision: skipped(reason), object };
  return carryOut({ kind, workload, old }, surroundings, config);
}

/** Why nothing is decided about the workload at all; undefined when something is. */
export function reasonToSkip(
  workload: Workload,
  old: Workload | undefined,
  kind: WorkloadKind,
  config: EngineConfig,
): Reason | undefined {
  const { ownerReferences, deletionTimestamp } = workload.metadata ?? {};
  if (config.workloads === 'off') return 'workloads-off';
  if ((ownerReferences ?? []).some(({ controller }) => controller === true)) return 'owned';
  if ((deletionTimestamp ?? undefined) !== undefined) return 'being-deleted';
  if (old === undefined) return undefined;
  if (kind.immutableTemplate) return 'immutable';
  return concerns(workload, old, kind, config) ? undefined : 'unchanged';
}

/** Whether an update changes the request, the record of what was hoisted, or the pod template. */
function concerns(workload: Workload, old: Workload, kind: WorkloadKind, config: EngineConfig): boolean {
  const prefix = config.annotationPrefix;
  const recordOf = ({ metadata }: Workload): unknown => own(metadata?.annotations, hoistedKey(config));
  return (
    recordOf(workload) !== recordOf(old) ||
    !isSame(below(workload, kind.template), below(old, kind.template)) ||
    !isSame(requestKeys(workload, kind, prefix), requestKeys(old, kind, prefix))
  );
}

function carryOut(subject: Subject, surroundings: Surroundings, config: EngineConfig): AdmittedWorkload {
  const { kind, workload, old } = subject;
  const prefix = config.annotationPrefix;
  const before = templateOf(workload, kind);
  const keys = requestKeys(workload, kind, prefix);
  const hoisted = hoist(before, keys, hoistedBefore(workload, old, kind, prefix));
  const { decision, pod } = takeOver(hoisted.template, subject, surroundings, config);
  const problems = distinct([
    ...unknownKeys(workload, kind, prefix),
    ...hoisted.problems,
    ...decision.problems,
    ...repeatedExporters(workload, kind, decision, config),
  ]);
  const told = { ...decision, problems };
  if (isLeftAlone(decision)) return { decision: { ...told, ...NOTHING_WRITTEN }, object: workload };

  const withRecord = withAnnotation(workload, hoistedKey(config), hoistedText(hoisted.record));
  const grows = withRecord !== workload || hoisted.template !== before;
  if (grows && [withRecord, pod].some((grown) => annotationBytes(grown) > ANNOTATION_BYTES))
    return { decision: tooLarge(problems, config), object: workload };
  const moved = hoisted.template !== before || (config.workloads === 'hoist' && pod !== hoisted.template);
  return {
    decision: outcome(told, moved, config),
    object: withTemplate(withRecord, kind, pod),
  };
}

/** Exporters of which every further one tells the same, on a workload that runs several. */
function repeatedExporters(
  workload: Workload,
  { kind }: WorkloadKind,
  { outcome, profiles }: Decision,
  config: EngineConfig,
): readonly Problem[] {
  const replicas = below(workload, 'spec.replicas');
  const several = typeof replicas === 'number' && replicas > 1;
  if (outcome !== 'injected' || (!several && kind !== 'DaemonSet')) return [];
  const names = profiles.flatMap((name) => config.profiles.get(name)?.exporter?.exporter ?? []);
  // Not yet validated, so that it can be anything.
  const name: unknown = workload.metadata?.name;
  const called = typeof name === 'string' ? clip(withoutControlCharacters(name), 20) : '';
  const who = `${kind} ${called}`.trim();
  const runs = several ? `has ${replicas} replicas` : 'runs on every node';
  return [...new Set(names)].flatMap((exporter): readonly Problem[] => {
    const why = config.exporters.get(exporter)?.oneReplica;
    if (why === undefined) return [];
    const message = `${who} ${runs}; one ${exporter} is enough: ${why}`;
    return [{ code: 'one-replica', path: `${config.annotationPrefix}/profile`, message }];
  });
}

const NOTHING_WRITTEN = { added: NOTHING_ADDED, changed: {} };

/**
 * The outcome for the workload. Where only hoisting takes place the injection is the Pods' matter, and the decision
 * tells what will become of them.
 */
function outcome(decision: Decision, moved: boolean, { workloads }: EngineConfig): Decision {
  const own = workloads === 'hoist' ? { ...decision, ...NOTHING_WRITTEN } : decision;
  if (own.outcome === 'refused') return own;
  if (moved && (workloads === 'hoist' || own.outcome === 'skipped'))
    return { ...own, outcome: 'injected', reason: 'hoisted' };
  if (workloads === 'hoist' && own.outcome === 'injected')
    return { ...own, outcome: 'skipped', reason: 'checked' };
  return own;
}

function tooLarge(problems: readonly Problem[], config: EngineConfig): Decision {
  const message = 'nothing is hoisted: all annotations together would exceed 256 KiB';
  return skipped('too-large', [...problems, { code: 'not-injected', path: hoistedKey(config), message }]);
}

/** A key that is unknown on the workload may be so in the template too; once is enough. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [problemText(problem), problem])).values()];
}
