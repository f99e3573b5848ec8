import type { PrometheusConfig } from '../scrape-config.ts';

/** Scrape jobs that many clusters have, as data. */
export interface Preset {
  readonly name: string;
  /** Whose they are, for people. */
  readonly summary: string;
  readonly config: PrometheusConfig;
}
