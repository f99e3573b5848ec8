import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Outcome, Reason } from '../core/decision.ts';
import { LIMIT_RESOURCES } from '../core/namespace-limits.ts';
import type { LimitResource } from '../core/namespace-limits.ts';
import type { PolicyMode, Violation } from '../core/policy.ts';
import type { ProblemCode } from '../core/problem.ts';

/** Where a request can fail and be let through; a closed set, because it is a label. */
export const FAIL_OPEN_STAGES = [
  'config',
  'inject',
  'patch',
  'self-check',
  'encode',
  'metrics',
  'log',
  'serve',
  'validate',
] as const;
export type FailOpenStage = (typeof FAIL_OPEN_STAGES)[number];

/** The metrics of one process. No label carries a Pod, a user or a namespace, so the series stay bounded. */
export interface Metrics {
  /** One answered request: what came of it. */
  decision(outcome: Outcome, reason: Reason): void;
  /** How long podscrape took for one decision, in seconds. */
  duration(seconds: number): void;
  /** The size of a patch that was sent, in bytes before base64. */
  patchSent(bytes: number): void;
  failedOpen(stage: FailOpenStage): void;
  /** A request that was answered with a 4xx or 5xx instead of a verdict. */
  rejected(status: number): void;
  problems(codes: readonly ProblemCode[]): void;
  /** What an object was off convention in; `audit` where nothing was said of it. */
  violations(found: readonly Pick<Violation, 'convention' | 'severity'>[], mode: PolicyMode): void;
  /** One answer of the validating webhook; `unknown` where the namespace is not known yet, and so allowed. */
  validated(verdict: 'allowed' | 'denied' | 'unknown'): void;
  /** The configuration file was read again, for better or worse. */
  configReloaded(result: 'success' | 'failure', at: Date): void;
  /** Whether the first list of namespaces has come. */
  namespacesSynced(): void;
  /** The watch of namespaces broke and is made anew. */
  namespaceWatchRestarted(): void;
  /** The first list of a resource that limits Pods has come. */
  limitsSynced(resource: LimitResource): void;
  /** The watch of such a resource broke and is made anew. */
  limitWatchRestarted(resource: LimitResource): void;
  certificateNotAfter(time: Date): void;
  /** A request began; the answer is to be called once when it is over. */
  began(): () => void;
  /** Everything in the text format of Prometheus. */
  text(): Promise<string>;
  /** The media type of `text()`. */
  readonly contentType: string;
}

const DURATION_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3];
const SIZE_BUCKETS = [256, 1024, 2048, 4096, 8192, 16384, 65536, 262144];

/** Metrics in a registry of their own, so that two servers in one process (tests) do not share counters. */
export function createMetrics(options: { readonly version: string }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  new Gauge({
    name: 'podscrape_build_info',
    help: 'Always 1; the label says which version runs.',
    labelNames: ['version'],
    registers,
  }).set({ version: options.version }, 1);
  const decisions = new Counter({
    name: 'podscrape_admission_decisions_total',
    help: 'Admission requests by outcome and reason.',
    labelNames: ['outcome', 'reason'],
    registers,
  });
  const duration = new Histogram({
    name: 'podscrape_admission_duration_seconds',
    help: 'Time from a checked request to its answer, without network and TLS.',
    buckets: DURATION_BUCKETS,
    registers,
  });
  const patchBytes = new Histogram({
    name: 'podscrape_admission_patch_bytes',
    help: 'Size of the JSON patches sent, before base64.',
    buckets: SIZE_BUCKETS,
    registers,
  });
  const failedOpen = new Counter({
    name: 'podscrape_admission_failed_open_total',
    help: 'Objects let through unchanged because podscrape failed, by stage.',
    labelNames: ['stage'],
    registers,
  });
  const rejected = new Counter({
    name: 'podscrape_admission_rejected_requests_total',
    help: 'HTTP requests answered with an error instead of a verdict, by status code.',
    labelNames: ['status'],
    registers,
  });
  const problems = new Counter({
    name: 'podscrape_problems_total',
    help: 'Problems found in requests for monitoring, by code.',
    labelNames: ['code'],
    registers,
  });
  const violated = new Counter({
    name: 'podscrape_convention_violations_total',
    help: 'What objects were off convention in, by convention, severity and the mode of the policy.',
    labelNames: ['convention', 'severity', 'mode'],
    registers,
  });
  const validations = new Counter({
    name: 'podscrape_validations_total',
    help: 'Answers of the validating webhook, by verdict.',
    labelNames: ['verdict'],
    registers,
  });
  const reloads = new Counter({
    name: 'podscrape_config_reloads_total',
    help: 'Changes of the configuration file that were read, by result.',
    labelNames: ['result'],
    registers,
  });
  const reloadGood = new Gauge({
    name: 'podscrape_config_last_reload_successful',
    help: 'Whether the configuration file, as it is now, is the one in force: 1, or 0 while it is invalid.',
    registers,
  });
  const reloadTime = new Gauge({
    name: 'podscrape_config_last_reload_success_timestamp_seconds',
    help: 'When the configuration in force was read, in seconds since 1970.',
    registers,
  });
  const namespaces = new Gauge({
    name: 'podscrape_namespace_watch_synced',
    help: 'Whether the namespaces are known: 1 after the first list; 0 also where nobody watches them.',
    registers,
  });
  const watchRestarts = new Counter({
    name: 'podscrape_namespace_watch_restarts_total',
    help: 'How often the watch of namespaces broke and was made anew.',
    registers,
  });
  const limits = new Gauge({
    name: 'podscrape_limit_watch_synced',
    help: 'Whether the LimitRanges and ResourceQuotas are known: 1 after the first list; 0 also without the right.',
    labelNames: ['resource'],
    registers,
  });
  const limitRestarts = new Counter({
    name: 'podscrape_limit_watch_restarts_total',
    help: 'How often the watch of LimitRanges or ResourceQuotas broke and was made anew.',
    labelNames: ['resource'],
    registers,
  });
  const notAfter = new Gauge({
    name: 'podscrape_certificate_not_after_timestamp_seconds',
    help: 'When the serving certificate expires, in seconds since 1970.',
    registers,
  });
  const inFlight = new Gauge({
    name: 'podscrape_admission_in_flight_requests',
    help: 'HTTP requests that are being received or answered.',
    registers,
  });

  // A series that starts at zero is the only one whose first increase an alert can see.
  for (const stage of FAIL_OPEN_STAGES) failedOpen.inc({ stage }, 0);
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0);
  for (const verdict of ['allowed', 'denied', 'unknown']) validations.inc({ verdict }, 0);
  for (const resource of LIMIT_RESOURCES) {
    limits.set({ resource }, 0);
    limitRestarts.inc({ resource }, 0);
  }
  reloadGood.set(1);

  return {
    decision: (outcome, reason) => decisions.inc({ outcome, reason }),
    duration: (seconds) => duration.observe(seconds),
    patchSent: (bytes) => patchBytes.observe(bytes),
    failedOpen: (stage) => failedOpen.inc({ stage }),
    rejected: (status) => rejected.inc({ status }),
    problems(codes) {
      for (const code of codes) problems.inc({ code });
    },
    violations(found, mode) {
      for (const { convention, severity } of found) violated.inc({ convention, severity, mode });
    },
    validated: (verdict) => validations.inc({ verdict }),
    configReloaded(result, at) {
      reloads.inc({ result });
      reloadGood.set(result === 'success' ? 1 : 0);
      if (result === 'success') reloadTime.set(at.getTime() / 1000);
    },
    namespacesSynced: () => namespaces.set(1),
    namespaceWatchRestarted: () => watchRestarts.inc(),
    limitsSynced: (resource) => limits.set({ resource }, 1),
    limitWatchRestarted: (resource) => limitRestarts.inc({ resource }),
    certificateNotAfter: (time) => notAfter.set(time.getTime() / 1000),
    began() {
      inFlight.inc();
      return () => inFlight.dec();
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
