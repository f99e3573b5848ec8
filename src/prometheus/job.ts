import { parseDuration } from '../core/duration.ts';
import { oneOf, quoted } from '../core/text.ts';
import { durationText } from './duration-text.ts';
import { compileRule } from './relabel-rule.ts';
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

const DEFAULTS = { interval: 60_000, timeout: 10_000 } as const;

/** Checks a job as Prometheus does when it loads its configuration. */
export function compileJob(
  config: ScrapeConfig,
  global: GlobalConfig = {},
): { readonly job: Job } | { readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const report = (path: readonly string[], message: string): void => void problems.push({ path, message });
  if (config.job_name === '') report(['job_name'], 'is empty; every job has a name of its own');
  const times = timesOf(config, global, report);
  const scheme = config.scheme ?? 'http';
  if (!/^https?$/.test(scheme)) report(['scheme'], `${quoted(scheme)} is not ${oneOf(['http', 'https'])}`);
  const validation = config.metric_name_validation_scheme || global.metric_name_validation_scheme || 'utf8';
  const rules = (config.relabel_configs ?? []).flatMap((rule, index) => {
    const compiled = compileRule(rule, validation);
    if ('rule' in compiled) return [compiled.rule];
    for (const { path, message } of compiled.problems)
      report(['relabel_configs', String(index), ...path], message);
    return [];
  });
  if (problems.length > 0) return { problems };
  const job = {
    name: config.job_name,
    ...times,
    metricsPath: config.metrics_path ?? '/metrics',
    scheme,
    params: config.params ?? {},
    honorLabels: config.honor_labels ?? false,
    validation,
    discovery: config.kubernetes_sd_configs ?? [],
    rules,
    config,
  };
  return { job };
}

/** Zero is the same as none in every place. */
function timesOf(
  config: ScrapeConfig,
  global: GlobalConfig,
  report: (path: readonly string[], message: string) => void,
): { interval: string; timeout: string } {
  const read = (key: 'scrape_interval' | 'scrape_timeout'): number => {
    const text = config[key] ?? '0';
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined)
      report([key], `${quoted(text)} is no Prometheus duration; write it like 30s or 1m30s`);
    return milliseconds ?? 0;
  };
  // Faults of `global` are told once, where it is read.
  const globalInterval = parseDuration(global.scrape_interval ?? '0') || DEFAULTS.interval;
  const globalTimeout =
    parseDuration(global.scrape_timeout ?? '0') || Math.min(DEFAULTS.timeout, globalInterval);
  const interval = read('scrape_interval') || globalInterval;
  const own = read('scrape_timeout');
  const timeout = own || Math.min(globalTimeout, interval);
  const [intervalText, timeoutText] = [durationText(interval), durationText(timeout)];
  if (timeout > interval)
    report(
      ['scrape_timeout'],
      `${timeoutText} is longer than the scrape_interval of ${intervalText}; a scrape must end before the next`,
    );
  return { interval: intervalText, timeout: timeoutText };
}
