import type { EngineConfig } from './engine-config.ts';
import type { StringMap } from './kubernetes.ts';
import { own } from './pod.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from './problem.ts';
import type { LabelSelector } from './selector.ts';
import { matches } from './selector.ts';
import { clip, oneOf, quoted } from './text.ts';

/**
 * What the platform team decides for a set of namespaces: mode, default profile, conventions, exemptions.
 */

/** `audit`: decide and tell, no patch · `inject` · `warn`: and warn about what is off convention · `enforce`: and deny it. */
export const POLICY_MODES = ['audit', 'inject', 'warn', 'enforce'] as const;
export type PolicyMode = (typeof POLICY_MODES)[number];

export type ConventionSeverity = 'warn' | 'deny';

/** What Pods are asked to keep to; each absent one asks for nothing. */
export interface Conventions {
  /** Every Pod asks for monitoring or opts out. */
  readonly requireRequest?: ConventionSeverity;
  readonly allowedProfiles?: { readonly names: readonly string[]; readonly severity: ConventionSeverity };
  /** Of every target; bounds included. */
  readonly allowedPorts?: {
    readonly ranges: readonly { readonly from: number; readonly to: number }[];
    readonly severity: ConventionSeverity;
  };
  /** RE2, anchored at both ends. */
  readonly pathPattern?: { readonly pattern: string; readonly severity: ConventionSeverity };
  /** A Prometheus duration. */
  readonly minInterval?: { readonly interval: string; readonly severity: ConventionSeverity };
  /** Ports are asked for by name, not by number. */
  readonly requireNamedPort?: ConventionSeverity;
  readonly noBadValues?: ConventionSeverity;
}

/** One thing that is off convention. */
export interface Violation {
  readonly convention: keyof Conventions;
  /** As configured; the mode caps it (`capSeverity`). */
  readonly severity: ConventionSeverity;
  /** `off-convention`, or for `noBadValues` what the decision found. */
  readonly problem: Problem;
}

/** Objects that the conventions leave alone, until a moment. */
export interface Exemption {
  /** On the Pod's labels (a workload: its pod template's). */
  readonly selector: LabelSelector;
  /** Milliseconds since 1970; from then on the exemption is over. */
  readonly until: number;
  readonly reason: string;
}

export interface Policy {
  readonly name: string;
  readonly namespaceSelector: LabelSelector;
  readonly mode: PolicyMode;
  /** Whether the namespace label `P/mode` may also loosen. */
  readonly allowOverride: boolean;
  readonly defaultProfile?: string;
  readonly operatorMode?: boolean;
  readonly conventions: Conventions;
  readonly exemptions: readonly Exemption[];
}

/** The label that the apiserver gives every namespace: its name. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The policy in force, the first that matches. None where the labels are unknown, because nobody watches. */
export function policyFor(
  { name, labels }: { readonly name: string; readonly labels?: StringMap },
  { policies }: Pick<EngineConfig, 'policies'>,
): Policy | undefined {
  if (labels === undefined) return undefined;
  const known = { ...labels, [NAME_LABEL]: name };
  return policies.find(({ namespaceSelector }) => matches(namespaceSelector, known));
}

/**
 * The policy's mode (without a policy `inject`), or the one of the namespace label `P/mode` where that is stricter,
 * or where the policy lets it loosen. A label that counts for nothing is told in `problems`. Its case counts: the
 * webhook configuration selects namespaces on it.
 */
export function effectiveMode(
  policy: Policy | undefined,
  labels: StringMap | null | undefined,
  prefix: string,
  problems: Problem[],
): PolicyMode {
  const mode = policy?.mode ?? 'inject';
  const text = own(labels, `${prefix}/mode`);
  if (text === undefined) return mode;
  const ignored = (message: string, hint: { readonly hint?: string } = {}): PolicyMode => {
    problems.push({ code: 'policy-label', path: `${prefix}/mode`, message, ...hint });
    return mode;
  };
  const asked = POLICY_MODES.find((known) => known === text);
  if (asked === undefined) {
    const message = `namespace label ignored, ${quoted(text)} is not ${oneOf(POLICY_MODES)}`;
    return ignored(message, didYouMean(text, POLICY_MODES));
  }
  if (strictness(asked) >= strictness(mode) || policy?.allowOverride === true) return asked;
  const whose = policy === undefined ? 'the default' : `that of policy ${policyName(policy)}`;
  return ignored(`namespace label ignored, ${asked} is looser than ${mode}, ${whose}`);
}

function strictness(mode: PolicyMode): number {
  return POLICY_MODES.indexOf(mode);
}

/** The first exemption in force for these labels. Without a clock (`now` undefined) none has ended yet. */
export function exemptionFor(
  { exemptions }: Pick<Policy, 'exemptions'>,
  podLabels: StringMap | null | undefined,
  now: number | undefined,
): Exemption | undefined {
  return exemptions.find((exemption) => inForce(exemption, now) && matches(exemption.selector, podLabels));
}

/** Until its moment, which itself is outside. */
export function inForce({ until }: Exemption, now: number | undefined): boolean {
  return now === undefined || now < until;
}

/** What is said of a convention that is not kept: what is configured, as far as the mode lets it. */
export function capSeverity(mode: PolicyMode, severity: ConventionSeverity): ConventionSeverity | undefined {
  switch (mode) {
    case 'audit':
    case 'inject':
      return undefined;
    case 'warn':
      return 'warn';
    case 'enforce':
      return severity;
  }
}

/** The severities that a policy's conventions are configured with. */
function severities({ conventions }: Policy): readonly ConventionSeverity[] {
  return Object.values(conventions).flatMap(
    (convention: ConventionSeverity | { readonly severity: ConventionSeverity } | undefined) =>
      convention === undefined ? [] : typeof convention === 'string' ? convention : convention.severity,
  );
}

/** Whether the policy can deny anything: in its own mode, or where a namespace's label makes it `enforce`. */
export function canDeny(policy: Policy): boolean {
  return severities(policy).includes('deny');
}

/** A policy's name as it may stand in a message, quoted and short. */
export function policyName({ name }: Policy): string {
  return quoted(clip(name, 24));
}
