import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { explainPod } from '../../src/prometheus/explain.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import { CHART_JOB, EXPERIMENT_JOB, VECTORS } from '../prometheus/vectors.ts';
import type { Vector } from '../prometheus/vectors.ts';
import { ourJobs, readJobs, withoutReach } from './prometheus/agree-jobs.ts';
import { targetsOf } from './prometheus/agree.ts';
import { AgreeStage } from './prometheus/agree-stage.ts';
import type { DroppedTarget, Targets } from './prometheus/answers.ts';
import { requirePrometheus } from './prometheus/require.ts';

const NAMESPACE = 'shop';
/** Made before the tests, which are named by the table. */
const ours = await ourJobs();
const suite = 'a Prometheus with the jobs of the vectors';

type Told = Vector['targets'][number];

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let stage: AgreeStage;
  let targets: Targets;
  let pods: readonly RunningPod[];
  const names: Readonly<Record<Vector['job'], readonly string[]>> = {
    chart: [CHART_JOB.job_name],
    experiment: [EXPERIMENT_JOB.job_name],
    podscrape: ours.map(({ job_name }) => job_name),
  };
  const jobs = [CHART_JOB, EXPERIMENT_JOB, ...ours];
  const { jobs: read } = readJobs(JSON.stringify({ scrape_configs: jobs }));

  before(async () => {
    stage = await AgreeStage.start(withoutReach(jobs));
    await stage.plane.createNamespace(NAMESPACE);
    for (const [index, { name, pod }] of VECTORS.entries()) {
      const { phase = '', podIP: ip = '' } = pod.status ?? {};
      const asked = { ...pod, metadata: { ...pod.metadata, name: podName(index), namespace: NAMESPACE } };
      const { status, body } = await stage.pod(NAMESPACE, asked, { phase, ip });
      assert.equal(status, 201, `${name}: ${body.message ?? ''}`);
    }
    await stage.agreed();
    targets = await stage.prometheus.targets();
    pods = await stage.pods();
  });
  after(() => stage.stop());

  for (const [index, { name, job, targets: expected }] of VECTORS.entries()) {
    it(name, () => {
      const told = (labels: Readonly<Record<string, string>>, url: string): Told => {
        const { container } = labels;
        return { url, ...(job === 'chart' || container === undefined ? {} : { container }) };
      };
      const own = targetsOf(targets, `${NAMESPACE}/${podName(index)}`);
      const isOfJob = ({ scrapePool }: DroppedTarget): boolean => names[job].includes(scrapePool);
      assert.ok([...own.active, ...own.dropped].some(isOfJob), 'it is discovered');
      const seen = own.active.filter(isOfJob).map(({ labels, scrapeUrl }) => told(labels, scrapeUrl));
      assert.deepEqual(sorted(seen), sorted(expected), 'Prometheus');
      const pod = pods.find(({ metadata }) => metadata?.name === podName(index));
      assert.ok(pod);
      const said = explainPod(pod, read)
        .jobs.filter((one) => names[job].includes(one.job.name))
        .flatMap((one) => one.targets.map(({ labels, url }) => told(Object.fromEntries(labels), url)));
      assert.deepEqual(sorted(said), sorted(expected), 'explain');
    });
  }
});

function podName(index: number): string {
  return `vector-${index}`;
}

function sorted(targets: readonly Told[]): readonly string[] {
  return targets.map(({ url, container = '-' }) => `${url} ${container}`).sort();
}
