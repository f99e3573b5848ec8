import { REASONS } from '../core/decision.ts';
import type { Outcome, Reason } from '../core/decision.ts';
import { POLICY_MODES } from '../core/policy.ts';
import { PROBLEM_CODES } from '../core/problem.ts';
import type { MetricRow } from './metric-row.ts';

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

/** Why a request was sent away for a moment instead of being answered. */
const SHED_CAUSES = ['overloaded', 'body-budget', 'draining'] as const;
export type ShedCause = (typeof SHED_CAUSES)[number];

/**
 * Why somebody who asked to be monitored is not. What podscrape itself failed on is counted as failed open, and what an
 * owner or an administrator switched off is as they want it.
 */
export const UNMET_REASONS = [
  'bad-request',
  'port-conflict',
  'host-network',
  'no-sidecar',
  'too-large',
] as const satisfies readonly Reason[];

const OUTCOMES: readonly Outcome[] = ['injected', 'skipped', 'refused'];

const DURATION_BUCKETS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3];
const SIZE_BUCKETS = [256, 1024, 2048, 4096, 8192, 16384, 65536, 262144];

/** What becomes of requests, and what they cost. */
export const ADMISSION_METRICS = {
  podscrape_admission_decisions_total: {
    type: 'counter',
    help: 'Admission requests by outcome and reason.',
    unit: 'requests',
    labels: {
      outcome: {
        means: 'injected, skipped (nothing was to be done) or refused (asked, but wrong)',
        values: OUTCOMES,
      },
      reason: { means: 'why, in one word', values: Object.keys(REASONS) },
      namespace: {
        means: 'of the object; only with `metrics.namespaceLabel`, 1,000 of them and then `other`',
      },
    },
  },
  podscrape_admission_unmet_requests_total: {
    type: 'counter',
    help: 'Objects whose owner asked to be monitored and that were left as they were, by reason.',
    unit: 'requests',
    labels: { reason: { means: 'why, in one word', values: UNMET_REASONS } },
    fromStart: true,
  },
  podscrape_admission_duration_seconds: {
    type: 'histogram',
    help: 'Time from a checked request to its answer, without network and TLS.',
    unit: 'seconds',
    buckets: DURATION_BUCKETS,
  },
  podscrape_admission_patch_bytes: {
    type: 'histogram',
    help: 'Size of the JSON patches sent, before base64.',
    unit: 'bytes',
    buckets: SIZE_BUCKETS,
  },
  podscrape_admission_failed_open_total: {
    type: 'counter',
    help: 'Objects let through unchanged because podscrape failed, by stage.',
    unit: 'requests',
    labels: { stage: { means: 'where it failed', values: FAIL_OPEN_STAGES } },
    fromStart: true,
  },
  podscrape_admission_rejected_requests_total: {
    type: 'counter',
    help: 'HTTP requests answered with an error instead of a verdict, by status code.',
    unit: 'requests',
    labels: {
      status: {
        means: 'the HTTP status',
        values: ['400', '404', '405', '408', '413', '415', '431', '500', '503'],
      },
    },
    fromStart: true,
  },
  podscrape_admission_shed_requests_total: {
    type: 'counter',
    help: 'Requests sent away with 503 and Retry-After, which the API server repeats, by cause.',
    unit: 'requests',
    labels: {
      cause: {
        means: 'the event loop lags, too many bytes of bodies are in flight, or the replica is shutting down',
        values: SHED_CAUSES,
      },
    },
    fromStart: true,
  },
  podscrape_admission_in_flight_requests: {
    type: 'gauge',
    help: 'HTTP requests that are being received or answered.',
    unit: 'requests',
  },
  podscrape_admission_body_bytes_in_flight: {
    type: 'gauge',
    help: 'Bytes of request bodies that are held in memory.',
    unit: 'bytes',
  },
  podscrape_problems_total: {
    type: 'counter',
    help: 'Problems found in requests for monitoring, by code.',
    unit: 'problems',
    labels: { code: { means: 'the kind of problem', values: Object.keys(PROBLEM_CODES) } },
  },
  podscrape_convention_violations_total: {
    type: 'counter',
    help: 'What objects were off convention in, by convention, severity and the mode of the policy.',
    unit: 'violations',
    labels: {
      convention: { means: 'the key of the policy’s `conventions`' },
      severity: { means: 'as far as the mode lets it', values: ['warn', 'deny'] },
      mode: { means: 'of the policy', values: POLICY_MODES },
    },
  },
  podscrape_validations_total: {
    type: 'counter',
    help: 'Answers of the validating webhook, by verdict.',
    unit: 'requests',
    labels: {
      verdict: {
        means: '`unknown`: the namespace is not known yet, and the object so allowed',
        values: ['allowed', 'denied', 'unknown'],
      },
    },
    fromStart: true,
  },
} as const satisfies Readonly<Record<string, MetricRow>>;
