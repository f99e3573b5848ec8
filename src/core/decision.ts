import type { Pod } from './kubernetes.ts';
import type { PolicyMode, Violation } from './policy.ts';
import type { Problem } from './problem.ts';
import type { Params } from './values.ts';

/**
 * Why an object got its outcome: one machine-readable word, used alike in logs, metrics, `P/status` and the docs.
 * A new reason is one row here. The words never change their meaning once released.
 */
export const REASONS = {
  injected: 'the Pod is scrapeable as asked',
  adopted: 'the Pod asked in the community’s annotations alone, and is scrapeable as they say',
  audit: 'the policy only watches: nothing is changed',
  'namespace-excluded': 'the namespace is never touched (kube-system and the like, and podscrape’s own)',
  'namespace-disabled': 'inject is disabled on the namespace',
  disabled: 'inject is disabled on the Pod',
  'scrape-false': 'prometheus.io/scrape is "false" on the Pod',
  'not-in': 'neither the namespace nor the Pod opted in',
  'no-request': 'nothing on the Pod asks for monitoring',
  'mirror-pod': 'mirror Pods of static Pods are the kubelet’s',
  'host-network': 'the Pod uses the host’s network and nothing it asks for is already declared',
  'no-sidecar': 'the Pod cannot have the exporter asked for, and asks for nothing else',
  unsupported: 'this kind, operation or subresource is not podscrape’s',
  'workloads-off': 'the configuration leaves workloads alone; their Pods are injected when they are created',
  owned: 'another object controls the workload, and is the one to ask',
  'being-deleted': 'the workload is being deleted',
  immutable: 'the pod template of this kind never changes after creation',
  unchanged: 'the update changes neither the request nor the pod template',
  hoisted: 'request keys of the workload were copied into its pod template, or taken out of it',
  checked: 'the request is fine; the Pods are injected when they are created',
  malformed: 'the object does not have the shape of a Pod; the apiserver is the judge of that',
  'bad-request': 'a value of the request is wrong; see the problems',
  'port-conflict': 'the port asked for is declared by another container',
  'too-large': 'the annotations would exceed 256 KiB',
  'self-check': 'the patch did not pass the check before sending; this is a bug in podscrape',
  error: 'podscrape failed; the object was let through untouched',
} as const;

export type Reason = keyof typeof REASONS;

/** injected: the object carries what was asked for · skipped: nothing was to be done · refused: asked, but wrong. */
export type Outcome = 'injected' | 'skipped' | 'refused';

/** One thing to scrape. Ports are decided, so `port` is always a number; `portName` is what the Pod declares. */
export interface Target {
  readonly container: string;
  readonly port: number;
  readonly portName?: string;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  readonly params: Params;
  /** A Prometheus duration, or `inherit` to leave it to Prometheus. */
  readonly interval: string;
  readonly timeout: string;
  /** The profile or exporter that the target comes from. */
  readonly source: string;
}

/** What podscrape put into the object, by name, so that ours can be told from theirs and taken out again. */
export interface Added {
  readonly containers: readonly string[];
  /** `container/port-number`, declared. */
  readonly ports: readonly string[];
  /** `container/port-number` of a declared port that had no name and got one. */
  readonly named: readonly string[];
  readonly annotations: readonly string[];
  readonly volumes: readonly string[];
  /** `container/VARIABLE`, set. */
  readonly env: readonly string[];
  /** `container/VARIABLE`, with something appended to the owner's value. */
  readonly extended: readonly string[];
}

export const NOTHING_ADDED: Added = {
  containers: [],
  ports: [],
  named: [],
  annotations: [],
  volumes: [],
  env: [],
  extended: [],
};

/** Annotations of the owner that were brought into a readable spelling or taken out: what they said before. */
export type Changed = Readonly<Record<string, string>>;

/** The one record that feeds warnings, audit annotations, metrics, logs, `P/status` and `explain` alike. */
export interface Decision {
  readonly outcome: Outcome;
  readonly reason: Reason;
  readonly profiles: readonly string[];
  readonly targets: readonly Target[];
  /** All of them, in the order found; the severity tells which ones stopped the injection. */
  readonly problems: readonly Problem[];
  readonly added: Added;
  readonly changed: Changed;
  /** The policy that the namespace is under, with the mode that holds for it. */
  readonly policy?: { readonly name: string; readonly mode: PolicyMode };
  /** What is off convention, with the severity that the mode leaves. */
  readonly violations: readonly Violation[];
}

/** A decision and the object after it: the very same reference when nothing changes. */
export interface Injection {
  readonly decision: Decision;
  readonly pod: Pod;
}

/** A decision that leaves the object alone. */
export function skipped(reason: Reason, problems: readonly Problem[] = []): Decision {
  return {
    outcome: 'skipped',
    reason,
    profiles: [],
    targets: [],
    problems,
    added: NOTHING_ADDED,
    changed: {},
    violations: [],
  };
}
