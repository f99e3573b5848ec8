import { Registry, collectDefaultMetrics } from 'prom-client';
import type { Outcome, Reason } from '../core/decision.ts';
import type { LimitResource } from '../core/namespace-limits.ts';
import type { PolicyMode, Violation } from '../core/policy.ts';
import type { ProblemCode } from '../core/problem.ts';
import { register } from './metric-row.ts';
import { ADMISSION_METRICS, UNMET_REASONS } from './metrics-admission.ts';
import type { FailOpenStage, ShedCause } from './metrics-admission.ts';
import { PROCESS_METRICS } from './metrics-process.ts';
import { createNamespaceLabel } from './namespace-label.ts';

export { FAIL_OPEN_STAGES } from './metrics-admission.ts';
export type { FailOpenStage, ShedCause } from './metrics-admission.ts';

/** Every metric of podscrape's own: a new one is a row there. docs/metrics.md is made from it. */
export const METRICS = { ...ADMISSION_METRICS, ...PROCESS_METRICS } as const;

export type Result = 'success' | 'failure';

/** The metrics of one process. No label carries a Pod or a user, and none is unbounded, so the series stay bounded. */
export interface Metrics {
  /** One answered request: what came of it, and in which namespace. */
  decision(outcome: Outcome, reason: Reason, namespace?: string): void;
  /** How long podscrape took for one decision, in seconds. */
  duration(seconds: number): void;
  /** The size of a patch that was sent, in bytes before base64. */
  patchSent(bytes: number): void;
  failedOpen(stage: FailOpenStage): void;
  /** A request that was answered with a 4xx or 5xx instead of a verdict. */
  rejected(status: number): void;
  /** A request that was sent away with 503, to come again. */
  shed(cause: ShedCause): void;
  /** Bytes of bodies that are held now. */
  bodyBytesInFlight(bytes: number): void;
  problems(codes: readonly ProblemCode[]): void;
  /** What an object was off convention in; `audit` where nothing was said of it. */
  violations(found: readonly Pick<Violation, 'convention' | 'severity'>[], mode: PolicyMode): void;
  /** One answer of the validating webhook; `unknown` where the namespace is not known yet, and so allowed. */
  validated(verdict: 'allowed' | 'denied' | 'unknown'): void;
  /** Whether the replica wants requests, asked at each scrape. */
  ready(isReady: boolean): void;
  /** The configuration file was read again, for better or worse; the hash is that of the one now in force. */
  configReloaded(result: Result, at: Date, hash?: string): void;
  /** Whether the first list of namespaces has come. */
  namespacesSynced(): void;
  /** The watch of namespaces broke and is made anew. */
  namespaceWatchRestarted(): void;
  /** The first list of a resource that limits Pods has come. */
  limitsSynced(resource: LimitResource): void;
  /** The watch of such a resource broke and is made anew. */
  limitWatchRestarted(resource: LimitResource): void;
  /** Of the serving certificate: when it expires, and since when it is valid. */
  certificateNotAfter(time: Date, notBefore?: Date): void;
  /** Of podscrape's own authority. */
  authorityNotAfter(time: Date): void;
  /** A certificate was to replace the one in use. */
  certificateRenewed(result: Result): void;
  /** What the leader sees in a webhook configuration; undefined when it is not the leader any more. */
  caBundlePublished(configuration: string, published: boolean | undefined): void;
  caBundleRepaired(configuration: string): void;
  leader(leads: boolean): void;
  /** A request began; the answer is to be called once when it is over. */
  began(): () => void;
  /** Everything in the text format of Prometheus. */
  text(): Promise<string>;
  /** The media type of `text()`. */
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly version: string;
  /** Whether decisions are counted by namespace too. */
  readonly namespaceLabel?: boolean;
}

const seconds = (time: Date): number => time.getTime() / 1000;

const UNMET: ReadonlySet<string> = new Set(UNMET_REASONS);

/** Metrics in a registry of their own, so that two servers in one process (tests) do not share counters. */
export function createMetrics({ version, namespaceLabel = false }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const m = register(METRICS, registry);
  const labelOf = createNamespaceLabel();
  m.podscrape_build_info.set({ version }, 1);
  m.podscrape_config_last_reload_successful.set(1);
  return {
    decision(outcome, reason, namespace = '') {
      const where = namespaceLabel && namespace !== '' ? { namespace: labelOf(namespace) } : {};
      m.podscrape_admission_decisions_total.inc({ outcome, reason, ...where });
      if (outcome === 'refused' || UNMET.has(reason))
        m.podscrape_admission_unmet_requests_total.inc({ reason });
    },
    duration: (seconds) => m.podscrape_admission_duration_seconds.observe(seconds),
    patchSent: (bytes) => m.podscrape_admission_patch_bytes.observe(bytes),
    failedOpen: (stage) => m.podscrape_admission_failed_open_total.inc({ stage }),
    rejected: (status) => m.podscrape_admission_rejected_requests_total.inc({ status }),
    shed: (cause) => m.podscrape_admission_shed_requests_total.inc({ cause }),
    bodyBytesInFlight: (bytes) => m.podscrape_admission_body_bytes_in_flight.set(bytes),
    problems(codes) {
      for (const code of codes) m.podscrape_problems_total.inc({ code });
    },
    violations(found, mode) {
      for (const { convention, severity } of found)
        m.podscrape_convention_violations_total.inc({ convention, severity, mode });
    },
    validated: (verdict) => m.podscrape_validations_total.inc({ verdict }),
    ready: (isReady) => m.podscrape_ready.set(isReady ? 1 : 0),
    configReloaded(result, at, hash) {
      m.podscrape_config_reloads_total.inc({ result });
      m.podscrape_config_last_reload_successful.set(result === 'success' ? 1 : 0);
      if (result === 'success') m.podscrape_config_last_reload_success_timestamp_seconds.set(seconds(at));
      if (hash === undefined) return;
      m.podscrape_config_info.reset();
      m.podscrape_config_info.set({ hash }, 1);
    },
    namespacesSynced: () => m.podscrape_namespace_watch_synced.set(1),
    namespaceWatchRestarted: () => m.podscrape_namespace_watch_restarts_total.inc(),
    limitsSynced: (resource) => m.podscrape_limit_watch_synced.set({ resource }, 1),
    limitWatchRestarted: (resource) => m.podscrape_limit_watch_restarts_total.inc({ resource }),
    certificateNotAfter(time, notBefore) {
      m.podscrape_certificate_not_after_timestamp_seconds.set(seconds(time));
      if (notBefore !== undefined)
        m.podscrape_certificate_not_before_timestamp_seconds.set(seconds(notBefore));
    },
    authorityNotAfter: (time) =>
      m.podscrape_certificate_authority_not_after_timestamp_seconds.set(seconds(time)),
    certificateRenewed: (result) => m.podscrape_certificate_renewals_total.inc({ result }),
    caBundlePublished(configuration, published) {
      // From zero, so that an alert can see the first repair.
      m.podscrape_ca_bundle_repairs_total.inc({ configuration }, 0);
      if (published === undefined) m.podscrape_ca_bundle_published.remove({ configuration });
      else m.podscrape_ca_bundle_published.set({ configuration }, published ? 1 : 0);
    },
    caBundleRepaired: (configuration) => m.podscrape_ca_bundle_repairs_total.inc({ configuration }),
    leader: (leads) => m.podscrape_leader.set(leads ? 1 : 0),
    began() {
      m.podscrape_admission_in_flight_requests.inc();
      return () => m.podscrape_admission_in_flight_requests.dec();
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
