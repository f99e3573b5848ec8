import { checkConventions } from './conventions.ts';
import type { Decision, Injection } from './decision.ts';
import { NOTHING_ADDED } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Policy, PolicyMode, Violation } from './policy.ts';
import { capSeverity, effectiveMode, exemptionFor, policyFor } from './policy.ts';
import type { Problem } from './problem.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * A decision as the namespace's policy lets it be: with what is off convention, and in `audit` mode without a change.
 *
 * @param decide makes the decision by itself, with the policy as one of its layers
 */
export function underPolicy(
  pod: Pod,
  surroundings: Surroundings,
  config: EngineConfig,
  decide: (policy: Policy | undefined) => Injection,
): Injection {
  const { namespace: name, labels } = surroundings;
  if (labels === undefined) return decide(undefined);
  const policy = policyFor({ name, labels }, config);
  const about: Problem[] = [];
  const mode = effectiveMode(policy, labels, config.annotationPrefix, about);
  const injection = decide(policy);
  if (policy === undefined) return { ...injection, decision: told(injection.decision, about) };
  const decision = judged(pod, injection.decision, policy, mode, surroundings, config);
  if (mode === 'audit') return { decision: watched(decision), pod };
  return { decision: told(decision, [...about, ...said(decision)], said(decision)), pod: injection.pod };
}

/** Objects that ask for nothing are not bothered with their namespace's labels. */
function told(
  decision: Decision,
  problems: readonly Problem[],
  whenSkipped: readonly Problem[] = [],
): Decision {
  const more = decision.outcome === 'skipped' ? whenSkipped : problems;
  return more.length === 0 ? decision : { ...decision, problems: [...decision.problems, ...more] };
}

function judged(
  pod: Pod,
  decision: Decision,
  policy: Policy,
  mode: PolicyMode,
  { now }: Surroundings,
  config: EngineConfig,
): Decision {
  const exempt = exemptionFor(policy, pod.metadata?.labels, now) !== undefined;
  const found = exempt ? [] : checkConventions({ pod, decision }, policy, config.annotationPrefix);
  // Audit says nothing and counts everything.
  const violations = found.flatMap((violation): readonly Violation[] => {
    const severity = mode === 'audit' ? violation.severity : capSeverity(mode, violation.severity);
    return severity === undefined ? [] : [{ ...violation, severity }];
  });
  return { ...decision, violations, policy: { name: policy.name, mode } };
}

/** What is denied is told with the denial, and the decision's own problems have been told. */
function said({ violations, problems }: Decision): readonly Problem[] {
  const warned = violations.filter(({ severity }) => severity === 'warn').map(({ problem }) => problem);
  return warned.filter((problem) => !problems.includes(problem));
}

/** The same decision, not carried out. A reason to leave the object alone stands as it is. */
function watched(decision: Decision): Decision {
  if (decision.outcome === 'skipped') return decision;
  return { ...decision, outcome: 'skipped', reason: 'audit', added: NOTHING_ADDED, changed: {} };
}
