import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { Job } from '../../src/prometheus/job.ts';
import { defaultJobOptions } from '../../src/prometheus/jobs/from-config.ts';
import { podJobs } from '../../src/prometheus/jobs/pod.ts';
import { discoverPod } from '../../src/prometheus/pod-discovery.ts';
import type { ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { distinctTargets, findTarget } from '../../src/prometheus/target.ts';
import { CHART_JOB, EXPERIMENT_JOB, VECTORS } from './vectors.ts';
import type { Vector } from './vectors.ts';

function compiled(config: ScrapeConfig): Job {
  const result = compileJob(config);
  assert.ok('job' in result, `${config.job_name} has problems`);
  return result.job;
}

const JOBS: Readonly<Record<Vector['job'], readonly Job[]>> = {
  chart: [compiled(CHART_JOB)],
  experiment: [compiled(EXPERIMENT_JOB)],
  podscrape: podJobs(defaultJobOptions(effectiveConfig({}).engine)).map(compiled),
};

describe('Pods and the targets that jobs make of them', () => {
  for (const { name, pod, job, targets } of VECTORS) {
    it(name, () => {
      const found = JOBS[job].flatMap((one) =>
        distinctTargets(discoverPod(pod).map((labels) => findTarget(labels, one))),
      );
      const seen = found.map(({ url, labels }) => {
        const container = job === 'chart' ? undefined : labels.get('container');
        return { url, ...(container === undefined ? {} : { container }) };
      });
      const text = (target: Vector['targets'][number]): string => `${target.url} ${target.container ?? '-'}`;
      assert.deepEqual(seen.map(text).sort(), targets.map(text).sort());
    });
  }
});
