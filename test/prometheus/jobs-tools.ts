import assert from 'node:assert/strict';

import { effectiveConfig } from '../../src/config/effective.ts';
import type { ContainerPort, StringMap } from '../../src/core/kubernetes.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import { defaultJobOptions } from '../../src/prometheus/jobs/from-config.ts';
import { explainedJobs } from '../../src/prometheus/jobs/index.ts';
import type { JobOptions } from '../../src/prometheus/jobs/options.ts';
import { makeLabels } from '../../src/prometheus/labels.ts';
import { discoverPod } from '../../src/prometheus/pod-discovery.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { GlobalConfig } from '../../src/prometheus/scrape-config.ts';
import { distinctTargets, findTarget } from '../../src/prometheus/target.ts';

/** podscrape's options, as the configuration file and then the command line change them. */
export function optionsOf(changes: Partial<JobOptions> = {}, file: Record<string, unknown> = {}): JobOptions {
  return { ...defaultJobOptions(effectiveConfig(file).engine), ...changes };
}

export interface PodShape {
  readonly annotations?: StringMap;
  readonly labels?: StringMap;
  readonly containers: Readonly<Record<string, readonly ContainerPort[]>>;
  readonly ip?: string;
  readonly phase?: string;
}

/** A running Pod that podscrape has injected: scrape is true, and the status tells of `profiles`. */
export function injected({ annotations = {}, ...rest }: PodShape, profiles = ['http']): RunningPod {
  const status = JSON.stringify({
    outcome: 'injected',
    reason: 'injected',
    profiles,
    version: '1',
    config: 'c',
  });
  return plain({ ...rest, annotations: { 'podscrape.dev/status': status, ...annotations } });
}

/** A running Pod with scrape true. */
export function plain({
  annotations,
  labels = {},
  containers,
  ip = '10.0.0.7',
  phase = 'Running',
}: PodShape): RunningPod {
  return {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      labels,
      annotations: { 'prometheus.io/scrape': 'true', ...annotations },
    },
    spec: { containers: Object.entries(containers).map(([name, ports]) => ({ name, ports })) },
    status: { phase, podIP: ip },
  };
}

export interface Seen {
  readonly job: string;
  readonly url: string;
  readonly interval: string;
  readonly timeout: string;
  readonly labels: StringMap;
  readonly honorLabels: boolean;
}

/** What a Prometheus with the jobs scrapes of discovered targets. An invalid target fails. */
export function scraped(
  discovered: readonly ReadonlyMap<string, string>[],
  options: JobOptions,
  global: GlobalConfig = { scrape_interval: '1m' },
): readonly Seen[] {
  return explainedJobs(options).flatMap(({ config }) => {
    const compiled = compileJob(config, global);
    assert.ok('job' in compiled, 'problems' in compiled ? compiled.problems[0]?.message : '');
    const { job } = compiled;
    const found = discovered.map((labels) => findTarget(labels, job));
    for (const { outcome } of found)
      assert.notEqual(outcome.state, 'invalid', 'reason' in outcome ? outcome.reason : '');
    return distinctTargets(found).map(({ url, interval, timeout, labels }) => ({
      job: job.name,
      url,
      interval,
      timeout,
      labels: Object.fromEntries(labels),
      honorLabels: job.honorLabels,
    }));
  });
}

export function scrapedOfPod(pod: RunningPod, options = optionsOf(), global?: GlobalConfig): readonly Seen[] {
  return scraped(discoverPod(pod), options, global);
}

/** Discovered labels by hand, for roles that are not simulated. */
export function discovered(labels: StringMap): ReadonlyMap<string, string> {
  return makeLabels(Object.entries(labels));
}
