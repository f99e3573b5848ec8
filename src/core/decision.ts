import type { Pod } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import type { Params } from './values.ts';

/**
 * Why an object got its outcome: one machine-readable word, used alike in logs, metrics, `P/status` and the docs.
 * A new reason is one row here. The words never change their meaning once released.
 */
export const REASONS = {
  injected: 'the Pod is scrapeable as asked',
  'namespace-excluded': 'the namespace is never touched (kube-system and the like, and podscrape’s own)',
  disabled: 'inject is disabled on the Pod',
  'scrape-false': 'prometheus.io/scrape is "false" on the Pod',
  'not-in': 'neither the namespace nor the Pod opted in',
  'no-request': 'nothing on the Pod asks for monitoring',
  'mirror-pod': 'mirror Pods of static Pods are the kubelet’s',
  'host-network': 'the Pod uses the host’s network and nothing it asks for is already declared',
  'no-sidecar': 'the Pod cannot have the exporter asked for, and asks for nothing else',
  unsupported: 'this kind, operation or subresource is not podscrape’s',
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

/** What podscrape put into the object, by name, so that ours can be told from theirs. */
export interface Added {
  readonly containers: readonly string[];
  /** `container/port-number`. */
  readonly ports: readonly string[];
  readonly annotations: readonly string[];
  readonly volumes: readonly string[];
  /** `container/VARIABLE`. */
  readonly env: readonly string[];
}

export const NOTHING_ADDED: Added = { containers: [], ports: [], annotations: [], volumes: [], env: [] };

/** The one record that feeds warnings, audit annotations, metrics, logs, `P/status` and `explain` alike. */
export interface Decision {
  readonly outcome: Outcome;
  readonly reason: Reason;
  readonly profiles: readonly string[];
  readonly targets: readonly Target[];
  /** All of them, in the order found; the severity tells which ones stopped the injection. */
  readonly problems: readonly Problem[];
  readonly added: Added;
}

/** A decision and the object after it: the very same reference when nothing changes. */
export interface Injection {
  readonly decision: Decision;
  readonly pod: Pod;
}

/** A decision that leaves the object alone. */
export function skipped(reason: Reason, problems: readonly Problem[] = []): Decision {
  return { outcome: 'skipped', reason, profiles: [], targets: [], problems, added: NOTHING_ADDED };
}
