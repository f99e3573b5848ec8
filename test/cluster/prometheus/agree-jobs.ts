import assert from 'node:assert/strict';
import { parse } from 'yaml';

import type { Job } from '../../../src/prometheus/job.ts';
import type { Preset } from '../../../src/prometheus/presets/index.ts';
import { readConfig } from '../../../src/prometheus/read-config.ts';
import type { PrometheusConfig, ScrapeConfig } from '../../../src/prometheus/scrape-config.ts';
import { run } from '../../commands/run.ts';

/** A configuration as Prometheus loads it, and as explain reads the same text. */
export interface ReadJobs {
  readonly text: string;
  readonly jobs: readonly Job[];
}

/** Reads it as explain does. Errors: it finds something wrong, which Prometheus may take. */
export function readJobs(text: string): ReadJobs {
  const { jobs, findings } = readConfig(text);
  assert.deepEqual(findings, []);
  return { text, jobs };
}

/** Our jobs as the command prints them, with these arguments. */
export async function ourJobs(...args: readonly string[]): Promise<readonly ScrapeConfig[]> {
  const { code, stdout, stderr } = await run('scrape-config', ...args);
  assert.equal(code, 0, stderr);
  return withTimes(parse(stdout) as PrometheusConfig);
}

/** A preset's jobs under other names, so that one Prometheus can have several presets. */
export function presetJobs({ name, config }: Preset): readonly ScrapeConfig[] {
  return withTimes(config).map((job) => ({ ...job, job_name: `${name}-${job.job_name}` }));
}

/** The jobs with the times of `global` for their own, so that they can stand beside others. */
function withTimes({ global, scrape_configs }: PrometheusConfig): readonly ScrapeConfig[] {
  const { scrape_interval, scrape_timeout } = global ?? {};
  return scrape_configs.map((job) => ({
    ...(scrape_interval === undefined ? {} : { scrape_interval }),
    ...(scrape_timeout === undefined ? {} : { scrape_timeout }),
    ...job,
  }));
}

/** Jobs that find targets but reach none: nothing listens where they are sent, and no packet leaves the machine. */
export function withoutReach(jobs: readonly ScrapeConfig[]): readonly ScrapeConfig[] {
  return jobs.map((job) => ({ ...job, proxy_url: 'http://127.0.0.1:1' }));
}
