import { parseDuration } from '../core/duration.ts';
import { quoted } from '../core/text.ts';
import { durationText } from './duration-text.ts';
import { compileRule } from './relabel-rule.ts';
import type { CompiledRule, ConfigProblem, NameValidation } from './relabel-rule.ts';
import type {
  GlobalConfig,
  HistogramConfig,
  KubernetesSdConfig,
  RelabelConfig,
  ScrapeConfig,
} from './scrape-config.ts';

/** Takes what is wrong, with its place. */
export type Report = (path: readonly string[], message: string) => void;

/** A scrape job that has been checked, with its defaults. */
export interface Job {
  readonly name: string;
  /** Prometheus durations, in the spelling that Prometheus prints (`1m`, never `60s`). */
  readonly interval: string;
  readonly timeout: string;
  readonly metricsPath: string;
  /** Any text, as Prometheus takes it; targets with another than http and https cannot be scraped. */
  readonly scheme: string;
  readonly histograms: Required<HistogramConfig>;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorLabels: boolean;
  readonly validation: NameValidation;
  readonly discovery: readonly KubernetesSdConfig[];
  readonly rules: readonly CompiledRule[];
  /** As it was written. */
  readonly config: ScrapeConfig;
}

const DEFAULTS = { interval: 60_000, timeout: 10_000 } as const;

/** Which names a job takes. An empty text is none. */
export function validationOf(job: ScrapeConfig, global: GlobalConfig): NameValidation {
  return job.metric_name_validation_scheme || global.metric_name_validation_scheme || 'utf8';
}

/** The rules under a key of a job that are sound; the others are told. */
export function compileRules(
  key: 'relabel_configs' | 'metric_relabel_configs',
  rules: readonly RelabelConfig[] = [],
  validation: NameValidation,
  report: Report,
): readonly CompiledRule[] {
  return rules.flatMap((rule, index) => {
    const compiled = compileRule(rule, validation);
    if ('rule' in compiled) return [compiled.rule];
    for (const { path, message } of compiled.problems) report([key, String(index), ...path], message);
    return [];
  });
}

/** Milliseconds of a duration that is set; zero is the same as none, and so is what is no duration, which is told. */
export function readDuration(text: string | undefined, key: string, report: Report): number {
  const milliseconds = parseDuration(text ?? '0');
  if (milliseconds === undefined)
    report([key], `${quoted(text ?? '')} is no Prometheus duration; write it like 30s or 1m30s`);
  return milliseconds ?? 0;
}

/** Tells a timeout above its interval. Errors of either are told before; `texts` are how people know the two. */
export function checkTimes(
  { interval, timeout }: { readonly interval: number; readonly timeout: number },
  texts: { readonly interval: string; readonly timeout: string },
  report: Report,
): void {
  if (timeout <= interval) return;
  const message = `${texts.timeout} is longer than the scrape_interval of ${texts.interval}; a scrape must end before the next`;
  report(['scrape_timeout'], message);
}

/** Faults of `global` are told once, where it is read. */
export function globalInterval({ scrape_interval }: GlobalConfig): number {
  return parseDuration(scrape_interval ?? '0') || DEFAULTS.interval;
}

/** Checks a job as Prometheus does when it loads its configuration. */
export function compileJob(
  config: ScrapeConfig,
  global: GlobalConfig = {},
): { readonly job: Job } | { readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => void problems.push({ path, message });
  if (config.job_name === '') report(['job_name'], 'is empty; every job has a name of its own');
  const times = timesOf(config, global, report);
  const validation = validationOf(config, global);
  const rules = compileRules('relabel_configs', config.relabel_configs, validation, report);
  if (problems.length > 0) return { problems };
  const job = {
    name: config.job_name,
    ...times,
    metricsPath: config.metrics_path ?? '/metrics',
    scheme: config.scheme ?? 'http',
    histograms: histogramsOf(config, global),
    params: config.params ?? {},
    honorLabels: config.honor_labels ?? false,
    validation,
    discovery: config.kubernetes_sd_configs ?? [],
    rules,
    config,
  };
  return { job };
}

/** The job's own, else those of `global`, else none. */
function histogramsOf(config: HistogramConfig, global: HistogramConfig): Job['histograms'] {
  const of = (key: keyof HistogramConfig): boolean => config[key] ?? global[key] ?? false;
  return {
    convert_classic_histograms_to_nhcb: of('convert_classic_histograms_to_nhcb'),
    always_scrape_classic_histograms: of('always_scrape_classic_histograms'),
    scrape_native_histograms: of('scrape_native_histograms'),
  };
}

function timesOf(
  config: ScrapeConfig,
  global: GlobalConfig,
  report: Report,
): { readonly interval: string; readonly timeout: string } {
  const inherited = globalInterval(global);
  const globalTimeout = parseDuration(global.scrape_timeout ?? '0') || Math.min(DEFAULTS.timeout, inherited);
  const interval = readDuration(config.scrape_interval, 'scrape_interval', report) || inherited;
  const own = readDuration(config.scrape_timeout, 'scrape_timeout', report);
  const timeout = own || Math.min(globalTimeout, interval);
  const texts = { interval: durationText(interval), timeout: durationText(timeout) };
  checkTimes({ interval, timeout }, texts, report);
  return texts;
}
