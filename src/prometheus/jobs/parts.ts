import type { KubernetesSdConfig, ScrapeConfig } from '../scrape-config.ts';
import { httpClientConfig } from './access.ts';
import type { JobOptions, Variant } from './options.ts';

/** Parts that jobs of every role share. */

/** A job with what it is for, for people. */
export interface ExplainedJob {
  readonly why: string;
  readonly config: ScrapeConfig;
}

/** Slow jobs are for Pods that say so. */
export type Speed = 'regular' | 'slow';

/** A job for each variant, and one for all other targets. */
export function forEachVariant<T>(
  options: JobOptions,
  make: (speed: Speed, variant: Variant | undefined) => readonly T[],
): readonly T[] {
  return speedsOf(options).flatMap((speed) =>
    [undefined, ...options.variants].flatMap((variant) => make(speed, variant)),
  );
}

/** The slow ones last, if any. */
export function speedsOf({ slow }: JobOptions): readonly Speed[] {
  return slow === undefined ? ['regular'] : ['regular', 'slow'];
}

/** No interval of its own: what the rules do not write is Prometheus' global one. */
export function head(
  options: JobOptions,
  job_name: string,
  speed: Speed,
  variant: Variant | undefined,
): ScrapeConfig {
  const { slow } = options;
  return {
    job_name,
    ...(variant?.honorLabels === true ? { honor_labels: true } : {}),
    ...(speed === 'slow' && slow !== undefined
      ? { scrape_interval: slow.interval, scrape_timeout: slow.timeout }
      : {}),
    ...(variant?.access === undefined ? {} : httpClientConfig(variant.access, options.directories)),
    kubernetes_sd_configs: [discovery(options, options.role)],
  };
}

/** How the API server is asked. */
export function discovery(
  { namespaces, cluster }: Pick<JobOptions, 'namespaces' | 'cluster'>,
  role: KubernetesSdConfig['role'],
): KubernetesSdConfig {
  return { role, ...cluster, ...(namespaces.length === 0 ? {} : { namespaces: { names: namespaces } }) };
}

/** `podscrape-named-NAME-slow`. */
export function jobName(
  { jobPrefix = 'podscrape' }: JobOptions,
  what: string,
  variant: Variant | undefined,
  speed: Speed,
): string {
  const parts = [jobPrefix, what, ...(variant === undefined ? [] : [variant.name])];
  return [...parts, ...(speed === 'slow' ? ['slow'] : [])].join('-');
}

/** What a variant holds, for a reason. */
export function ofVariant(variant: Variant | undefined): string {
  if (variant === undefined) return '';
  const { profile, container } = variant;
  const of = [
    profile === undefined ? '' : `profile ${profile}`,
    container === undefined ? '' : `container ${container}`,
  ];
  const settings = [
    variant.access === undefined ? '' : 'credentials or TLS settings of their own',
    variant.honorLabels === true ? 'labels that Prometheus must keep' : '',
  ];
  return `; only targets of ${of.filter(Boolean).join(', ')}, which have ${settings.filter(Boolean).join(' and ')}`;
}
