import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import type { Step } from './relabel.ts';

/** What becomes of one discovered target in one job (prometheus/prometheus `scrape/target.go`, PopulateLabels). */
export type TargetOutcome =
  | { readonly state: 'scraped'; readonly target: ScrapeTarget }
  /** By the rule of the last step. */
  | { readonly state: 'dropped'; readonly rule: number }
  /** Prometheus lists it nowhere and logs the reason. */
  | { readonly state: 'invalid'; readonly reason: string };

/** As `/api/v1/targets` tells an active target. */
export interface ScrapeTarget {
  readonly url: string;
  /** Without those that begin with `__`. */
  readonly labels: Labels;
  readonly interval: string;
  readonly timeout: string;
}

export interface FoundTarget {
  readonly job: string;
  /** With the job's own: `job`, `__scheme__`, `__metrics_path__`, `__scrape_interval__`, `__param_*`. */
  readonly discovered: Labels;
  readonly steps: readonly Step[];
  readonly outcome: TargetOutcome;
}

/** Carries a discovered target through a job. */
export function findTarget(discovered: Labels, job: Job): FoundTarget {
  void discovered;
  void job;
  throw new Error('not written yet');
}
