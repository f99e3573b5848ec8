import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';

import { effectiveConfig } from '../../src/config/effective.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import { OPENFAAS } from '../../src/prometheus/presets/openfaas.ts';
import { PROMETHEUS_COMMUNITY } from '../../src/prometheus/presets/prometheus-community.ts';
import { startKubelet } from './kubelet/kubelet.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { explainCli } from './prometheus/agree-cli.ts';
import { exampleConfig, examples, standIns } from './prometheus/agree-examples.ts';
import type { Workload } from './prometheus/agree-examples.ts';
import { ourJobs, presetJobs } from './prometheus/agree-jobs.ts';
import { AgreeStage } from './prometheus/agree-stage.ts';
import { compared, podsOf, predictions } from './prometheus/agree-predict.ts';
import { agreedOf } from './prometheus/agree.ts';
import type { Agreement } from './prometheus/agree.ts';
import type { Targets } from './prometheus/answers.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

for (const family of [4, 6] as const) {
  const suite = `a Prometheus that discovers the examples, IPv${family}`;
  describe(suite, await requirePrometheus(suite, { kubelet: true }), () => {
    const config = exampleConfig();
    const { engine } = effectiveConfig(config);
    const { images, remove } = standIns();
    let stage: AgreeStage;
    let webhook: Webhook;
    let kubelet: Kubelet;
    let agreement: Agreement;
    let targets: Targets;
    let pods: readonly RunningPod[];

    before(async () => {
      webhook = await startWebhook({ config: stringify(config) });
      const ours = await ourJobs('--config', webhook.configFile);
      const jobs = [...ours, ...presetJobs(PROMETHEUS_COMMUNITY), ...presetJobs(OPENFAAS)];
      stage = await AgreeStage.start(jobs, { controllerManager: true });
      await register(stage.plane, webhook);
      kubelet = await startKubelet(stage.plane, { images, primaryFamily: family });
      const all = examples().flatMap(({ text }) =>
        parseAllDocuments(text).map((one) => one.toJS() as object),
      );
      const unique = [...new Set(all.map((object) => JSON.stringify(object)))];
      for (const [namespace, name, key] of [
        ['chiller', 'chiller-db', 'password'],
        ['profiles', 'shop-db', 'dsn'],
      ] as const)
        unique.push(JSON.stringify(secret(namespace, name, key)));
      await stage.plane.kubectl(['apply', '-f', '-'], { stdin: unique.join('\n---\n') });
      const count = examples().reduce((sum, { workloads }) => sum + replicasOf(workloads), 0);
      await stage.plane.waitFor(
        `${count} Pods to run`,
        async () => {
          const there = await stage.pods();
          const states = there.map(
            ({ metadata, status }) => `${metadata?.name ?? ''} ${status?.phase ?? ''}`,
          );
          if (there.length === count && states.every((state) => state.endsWith(' Running'))) return true;
          throw new Error(states.join(', '));
        },
        { timeoutMs: 60_000, intervalMs: 250 },
      );
      agreement = await stage.agreed();
      pods = await stage.pods();
      targets = await stage.prometheus.targets();
    });
    after(async () => {
      await kubelet.stop();
      await stage.stop();
      await webhook.stop();
      remove();
    });

    it('has of each Pod, dropped or scraped, what explain says', () => {
      assert.deepEqual([agreement.pods, agreement.byChance], [pods.length, 0]);
      assert.ok(agreement.active > pods.length && agreement.dropped > pods.length, JSON.stringify(agreement));
      for (const { status } of pods) assert.equal(status?.podIP?.includes(':'), family === 6);
    });

    for (const { name, text, workloads } of examples()) {
      it(`${name}: what explain said before anything ran`, async () => {
        const predicted = predictions(text, engine, stage.jobs);
        assert.equal(predicted.length, workloads.length);
        let count = 0;
        for (const prediction of predicted) {
          const made = podsOf(prediction, pods);
          assert.equal(made.length, workloads.find((one) => one.name === prediction.name)?.replicas);
          for (const pod of made) {
            const seen = targets.active
              .filter(
                ({ discoveredLabels: labels }) => labels['__meta_kubernetes_pod_uid'] === pod.metadata?.uid,
              )
              .map(agreedOf);
            const said = prediction.targetsAt(pod.status?.podIP ?? '');
            assert.deepEqual(compared(said, pod), compared(seen, pod));
            count += seen.length;
          }
        }
        assert.ok(count > 0);
        const ip = predicted.flatMap((one) => podsOf(one, pods))[0]?.status?.podIP ?? '';
        const options = ['--config', webhook.configFile, '--prometheus-config', stage.configFile];
        const printed = await explainCli(['-f', '-', '--pod-ip', ip, ...options], { stdin: text });
        assert.deepEqual(
          printed.map(({ scrape }) => scrape.jobs.flatMap((one) => one.targets)),
          predicted.map((one) => one.targetsAt(ip)),
        );
      });
    }
  });
}

function secret(namespace: string, name: string, key: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData: { [key]: 'x' } };
}

function replicasOf(workloads: readonly Workload[]): number {
  return workloads.reduce((sum, { replicas }) => sum + replicas, 0);
}
