import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';

import { PRESETS } from '../../src/prometheus/presets/index.ts';
import { ourJobs, presetJobs, withoutReach } from './prometheus/agree-jobs.ts';
import { explainCli } from './prometheus/agree-cli.ts';
import { agreement, targetsOf } from './prometheus/agree.ts';
import { AgreeStage } from './prometheus/agree-stage.ts';
import type { GivenStatus } from './prometheus/agree-stage.ts';
import { requirePrometheus } from './prometheus/require.ts';

const CORE = join(import.meta.dirname, '../core');
const IN_FLIGHT = 12;

interface Template {
  readonly metadata?: object | null;
  readonly spec?: object;
}

/** A Pod, or as much of a workload as holds one. */
interface GoldenObject extends Template {
  readonly spec?: {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec?: { readonly template?: Template } };
  };
}

interface GoldenPod {
  readonly name: string;
  readonly pod: Template;
}

/** The Pods of the cases' folders, each named like its case. */
function golden(folder: string, file: string): readonly GoldenPod[] {
  const cases = readdirSync(folder).sort();
  return cases.flatMap((name) => {
    const path = join(folder, name, file);
    if (!existsSync(path)) return [];
    const { spec, metadata } = (parse(readFileSync(path, 'utf8')) ?? {}) as GoldenObject;
    const pod = spec?.jobTemplate?.spec?.template ?? spec?.template ?? { metadata, spec };
    return [{ name, pod: pod as Template }];
  });
}

/** By the namespace into which they go. */
const PODS: Readonly<Record<string, readonly GoldenPod[]>> = {
  asked: golden(join(CORE, 'golden'), 'pod.yaml'),
  injected: golden(join(CORE, 'golden'), 'expected.yaml'),
  workloads: golden(join(CORE, 'workloads/golden'), 'expected.yaml'),
};

/** Of the whole cluster's objects these need some that are not there, or they are no Pods. */
const REFUSED: Readonly<Record<string, RegExp>> = Object.fromEntries<RegExp>([
  ...['asked', 'injected'].flatMap((namespace): readonly (readonly [string, RegExp])[] => [
    [`${namespace}/limits-overhead`, /Pod Overhead set without corresponding RuntimeClass/],
    [`${namespace}/limits-quota-of-its-priority`, /no PriorityClass with name urgent/],
    [`${namespace}/malformed-no-containers`, /spec\.containers: Required value/],
    [`${namespace}/who-mirror-pod`, /must set spec\.nodeName if mirror pod annotation is set/],
  ]),
  ['workloads/skip-malformed-no-template', /spec\.containers: Required value/],
  ['workloads/skip-malformed-template', /cannot unmarshal string/],
]);

/** Our jobs once more, with what their options add. */
const MORE = ['--job-prefix', 'more', '--labelmap', '--slow', '--app-label-from-container'] as const;

/** Some of them, of each kind and family. */
const THROUGH_THE_CLI = [
  'injected/profile-gunicorn',
  'injected/targets-yaml',
  'injected/params',
  'injected/sidecar-native-true',
  'asked/community-complete-already',
  'asked/port-default-no-ports',
  'workloads/create-asked-in-the-template',
] as const;

const suite = 'a Prometheus that discovers the golden Pods';

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let stage: AgreeStage;
  const refused = new Map<string, string>();
  let accepted = 0;

  before(async () => {
    const jobs = [...(await ourJobs()), ...(await ourJobs(...MORE)), ...PRESETS.flatMap(presetJobs)];
    stage = await AgreeStage.prepare(withoutReach(jobs));
    for (const namespace of Object.keys(PODS)) await stage.plane.createNamespace(namespace);
    const left = Object.entries(PODS).flatMap(([namespace, pods]) =>
      pods.map((pod, index) => ({ namespace, ...pod, status: statusOf(index) })),
    );
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const { namespace, name, pod, status: given } = next;
        const metadata = { ...pod.metadata, name, namespace };
        const asked = { apiVersion: 'v1', kind: 'Pod', ...pod, metadata };
        const { status, body } = await stage.pod(namespace, asked, given);
        if (status === 201) accepted += 1;
        else refused.set(`${namespace}/${name}`, body.message ?? '');
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
    await stage.discover();
  });
  after(() => stage.stop());

  it('has of each, dropped or scraped, what explain says', async () => {
    const { pods, active, dropped, byChance } = await stage.agreed();
    assert.equal(pods, accepted);
    assert.ok(active > accepted && dropped > accepted, `${active} scraped, ${dropped} dropped`);
    assert.ok(byChance > 0, 'some have two annotations of which Prometheus takes either');
  });

  for (const name of THROUGH_THE_CLI) {
    it(`${name}: what the command says of it in the cluster, and of its manifest`, async () => {
      const { plane, prometheus, configFile } = stage;
      const [namespace = '', pod = ''] = name.split('/');
      const common = ['-n', namespace, '--prometheus-config', configFile];
      const manifest = await plane.kubectl(['get', 'pod', pod, '-n', namespace, '-o', 'yaml']);
      const said = [
        ...(await explainCli([`pod/${pod}`, ...common], { kubeconfig: plane.kubeconfig })),
        ...(await explainCli(['-f', '-', ...common], { stdin: manifest.stdout })),
      ];
      const targets = targetsOf(await prometheus.targets(), name);
      assert.ok(targets.active.length + targets.dropped.length > 0);
      assert.deepEqual(
        said.map(({ scrape }) => [
          scrape.pod.exists,
          agreement(targets, [{ name, readings: [scrape.jobs] }]).pods,
        ]),
        [
          [true, 1],
          [true, 1],
        ],
      );
    });
  }

  it('all of them, but for those that no API server takes, as written or as injected', () => {
    const known = Object.keys(REFUSED);
    for (const [name, message] of refused) assert.match(message, REFUSED[name] ?? /^accepted$/, name);
    assert.deepEqual([...refused.keys()].sort(), known);
  });
});

/** Addresses of both families in turn; some Pods do not run, and some have no address yet. */
function statusOf(index: number): GivenStatus {
  const ip = index % 2 === 0 ? `10.244.${index >> 8}.${index & 255}` : `fd00:10:244::${index.toString(16)}`;
  const phase = ['Pending', 'Succeeded', 'Failed', 'Unknown'][index % 32] ?? 'Running';
  const ready = index % 3 === 0 ? 'False' : 'True';
  return index % 32 === 5 ? { phase: 'Pending' } : { phase, ip, ready };
}
