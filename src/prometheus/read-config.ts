import type { Job } from './job.ts';

/** A mistake in a Prometheus configuration, with its place. */
export interface ConfigFinding {
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  /** `scrape_configs[0].relabel_configs[3].regex`. */
  readonly path: string;
  readonly message: string;
}

export interface ReadConfig {
  /** In the order of the file; those with problems are left out. */
  readonly jobs: readonly Job[];
  readonly findings: readonly ConfigFinding[];
}

/**
 * Reads a `prometheus.yml`, a list of jobs, or a Secret or ConfigMap that holds one of these. All problems are
 * collected.
 */
export function readConfig(text: string): ReadConfig {
  void text;
  throw new Error('not written yet');
}
