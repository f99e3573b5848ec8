import type { Decision, Injection } from '../decision.ts';
import { skipped } from '../decision.ts';
import type { EngineConfig } from '../engine-config.ts';
import { inject } from '../inject.ts';
import type { Pod } from '../kubernetes.ts';
import { places } from '../pod.ts';
import type { Problem } from '../problem.ts';
import { recorded, statusKey, tells } from '../status.ts';
import type { Surroundings } from '../surroundings.ts';
import { ofTemplates } from '../surroundings.ts';
import type { WorkloadKind } from '../workload-kinds.ts';
import { isSameTemplate, oldRemains, statusText, withoutInjection, withoutOldInjection } from './bare.ts';
import type { Claims } from './manifest.ts';
import { claimsOf, isInManifest } from './manifest.ts';
import type { Workload } from './workload.ts';
import { templateOf } from './workload.ts';

/** A workload that podscrape is to look after. */
export interface Subject {
  readonly kind: WorkloadKind;
  readonly workload: Workload;
  /** Undefined on CREATE. */
  readonly old: Workload | undefined;
}

/**
 * The pod template after hoisting, as it is to be stored, and what is decided about the Pods that come of it: with
 * `workloads: inject` the injection is in the template, with `hoist` it is not.
 */
export function takeOver(
  template: Pod,
  subject: Subject,
  surroundings: Surroundings,
  config: EngineConfig,
): Injection {
  const old = subject.old === undefined ? undefined : templateOf(subject.old, subject.kind);
  const claims = claimsOf(subject.workload, subject.old, subject.kind);
  const decide = (pod: Pod): Injection => inject(pod, ofTemplates(surroundings), config);
  if (config.workloads === 'hoist') {
    const pod = old === undefined ? template : withoutLeftover(template, old, subject, claims, config);
    const { decision } = decide(pod);
    const left = old === undefined || pod === template ? [] : oldRemains(template, old, claims, config);
    return { decision: withProblems(decision, left), pod };
  }
  const as = decide(template);
  if (old === undefined) {
    // The record of another configuration's `podscrape inject` stays, or the next `kubectl apply` would bring it back.
    const isWhole = isEarlierInjection(template, old, as.pod, config) && tells(template, as.decision, config);
    return isWhole ? { ...as, pod: template } : as;
  }
  if (as.pod === template && stands(template, decide, config)) return as;
  if (isEarlierInjection(template, old, as.pod, config)) return { decision: as.decision, pod: template };
  const bare = withoutOldInjection(template, old, claims, config);
  if (isSameTemplate(bare, withoutInjection(old, config))) return { decision: kept(as.decision), pod: old };
  const { decision, pod } = decide(bare);
  return { decision: withProblems(decision, oldRemains(template, old, claims, config)), pod };
}

function withProblems(decision: Decision, problems: readonly Problem[]): Decision {
  return problems.length === 0 ? decision : { ...decision, problems: [...decision.problems, ...problems] };
}

/**
 * Whether the template's injection is what podscrape would make of the bare template; its own container may have been
 * touched by another webhook since. So a reinvocation, and an update of something else in the template, change nothing.
 */
function stands(template: Pod, decide: (pod: Pod) => Injection, config: EngineConfig): boolean {
  if (statusText(template, config) === undefined) return false;
  const again = decide(withoutInjection(template, config)).pod;
  const ours = recorded(template, config).added.containers ?? [];
  const stored = new Map(places(template).map(({ container }) => [container.name, container]));
  const withStored = (list: Pod['spec']['containers']): Pod['spec']['containers'] =>
    list.map((container) =>
      ours.includes(container.name) ? (stored.get(container.name) ?? container) : container,
    );
  const { containers, initContainers } = again.spec;
  const spec = {
    ...again.spec,
    containers: withStored(containers),
    initContainers: withStored(initContainers ?? []),
  };
  return isSameTemplate({ ...again, spec }, template);
}

/**
 * After `workloads` was switched from `inject` to `hoist`, the next update that changes the template or the request
 * takes the injection out: the Pods get theirs one by one from then on, and an exporter that nobody updates any more
 * would stay in the template for ever. Only where the record is to the letter the old one, and is not the owner's own
 * doing: a manifest that `podscrape inject` made brings its record along, and taking that out would start a rollout at
 * each turn of the owner and of podscrape.
 */
function withoutLeftover(
  template: Pod,
  old: Pod,
  { kind, workload, old: stored }: Subject,
  claims: Claims,
  config: EngineConfig,
): Pod {
  const text = statusText(old, config);
  if (text === undefined || statusText(template, config) !== text) return template;
  const key = [...kind.template.split('.'), 'metadata', 'annotations', statusKey(config)];
  return isInManifest(workload, stored, key) ? template : withoutOldInjection(template, old, claims, config);
}

/**
 * A template that comes with another injection than the stored one, whole but for the words of its record, as
 * `kubectl rollout undo` brings it across a change of the configuration: to the letter, so that the old ReplicaSet is
 * used again, and the record goes on telling which configuration made it.
 */
function isEarlierInjection(
  template: Pod,
  old: Pod | undefined,
  decided: Pod,
  config: EngineConfig,
): boolean {
  const text = statusText(template, config);
  if (text === undefined || text === statusText(old, config)) return false;
  const key = statusKey(config);
  const { metadata, ...rest } = decided;
  const annotations = { ...metadata?.annotations, [key]: text };
  return isSameTemplate({ ...rest, metadata: { ...metadata, annotations } }, template);
}

/** The owner changed nothing of the template, so that there is nothing to tell. */
function kept(decision: Decision): Decision {
  if (isLeftAlone(decision)) return decision;
  const { policy } = decision;
  return policy === undefined ? skipped('unchanged') : { ...skipped('unchanged'), policy };
}

/** Whether the object stays to the letter, hoisting included. */
export function isLeftAlone({ reason, policy }: Decision): boolean {
  return policy?.mode === 'audit' || reason === 'namespace-excluded' || reason === 'namespace-disabled';
}
