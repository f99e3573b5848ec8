import type { Decision } from './decision.ts';
import { denialMessage } from './denial.ts';
import type { EngineConfig } from './engine-config.ts';
import { inject } from './inject.ts';
import type { Pod } from './kubernetes.ts';
import { isPodShaped } from './pod.ts';
import { policyFor } from './policy.ts';
import type { Surroundings } from './surroundings.ts';
import { ofTemplates } from './surroundings.ts';
import type { WorkloadKind } from './workload-kinds.ts';
import { reasonToSkip } from './workloads/admit.ts';
import { asWorkload, templateOf } from './workloads/workload.ts';

/** An object that is about to be stored, after all mutation. */
export type Judged =
  | { readonly type: 'pod'; readonly object: object | undefined }
  | {
      readonly type: 'workload';
      readonly kind: WorkloadKind;
      readonly operation: 'CREATE' | 'UPDATE';
      readonly object: object | undefined;
      readonly oldObject: unknown;
    };

export interface Judgement {
  readonly decision: Decision;
  /** Why the object is denied, in words for who deploys it; undefined when it is allowed. */
  readonly denial: string | undefined;
}

/**
 * Whether the policy of the namespace lets the object in: the same decision as at mutation, which over its own result
 * sees the same request and targets. Undefined where there is nothing to judge: no policy, an update that changes
 * neither request nor template, an object that another controls (denying those hung a foreground delete), or one that
 * is being deleted.
 */
export function judge(
  subject: Judged,
  surroundings: Surroundings,
  config: EngineConfig,
): Judgement | undefined {
  const { namespace: name, labels, now } = surroundings;
  const policy = labels === undefined ? undefined : policyFor({ name, labels }, config);
  const pod = policy === undefined ? undefined : podOf(subject, config);
  if (policy === undefined || pod === undefined) return undefined;
  const where = subject.type === 'pod' ? surroundings : ofTemplates(surroundings);
  const { decision } = inject(pod, where, config);
  // In audit the severities are kept, to be counted; nobody is denied for them.
  const enforced = decision.policy?.mode === 'enforce';
  const denied = decision.violations.filter(({ severity }) => enforced && severity === 'deny');
  return {
    decision,
    denial: denied.length === 0 ? undefined : denialMessage(denied, policy, config.annotationPrefix, now),
  };
}

/** The Pod, or the one that the workload's template stands for; undefined for what is left alone. */
function podOf(subject: Judged, config: EngineConfig): Pod | undefined {
  if (subject.type === 'pod') return isPodShaped(subject.object) ? subject.object : undefined;
  const { kind, operation } = subject;
  const workload = asWorkload(subject.object, kind);
  const old = operation === 'UPDATE' ? asWorkload(subject.oldObject, kind) : undefined;
  if (workload === undefined || (operation === 'UPDATE' && old === undefined)) return undefined;
  // Conventions hold for templates whatever is done to workloads.
  const reason = reasonToSkip(workload, old, kind, { ...config, workloads: 'hoist' });
  return reason === undefined ? templateOf(workload, kind) : undefined;
}
