import type { CompiledRule, ConfigProblem, NameValidation } from './relabel-rule.ts';
import type { GlobalConfig, KubernetesSdConfig, ScrapeConfig } from './scrape-config.ts';

/** A scrape job that has been checked, with its defaults. */
export interface Job {
  readonly name: string;
  /** Prometheus durations, in the spelling that Prometheus prints (`1m`, never `60s`). */
  readonly interval: string;
  readonly timeout: string;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly validation: NameValidation;
  readonly discovery: readonly KubernetesSdConfig[];
  readonly rules: readonly CompiledRule[];
  /** As it was written. */
  readonly config: ScrapeConfig;
}

/** Checks a job as Prometheus does when it loads its configuration. */
export function compileJob(
  config: ScrapeConfig,
  global: GlobalConfig = {},
): { readonly job: Job } | { readonly problems: readonly ConfigProblem[] } {
  void config;
  void global;
  throw new Error('not written yet');
}
