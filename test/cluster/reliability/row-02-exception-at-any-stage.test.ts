import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { FAIL_OPEN_STAGES } from '../../../src/telemetry/metrics.ts';
import { FAILED_OPEN_WARNING } from '../../../src/webhook/handler.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { OFF, configured, denying, pod, policy } from '../policy-support.ts';
import { requireCluster } from '../require.ts';
import { waitFor } from '../wait.ts';
import { register, startWebhook, temporaryDirectory } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { BREAKS } from './breaks.ts';
import { podThatAsks } from './load.ts';
import { seriesOf } from './series.ts';

const PRELOADED = join(import.meta.dirname, 'break-stages.ts');
const SOURCES = join(import.meta.dirname, '../../../src/cli.ts');

describe('row 02: an exception at any stage, with Fail', await requireCluster('fault injection'), () => {
  const directory = temporaryDirectory();
  const broken = join(directory, 'broken-stage');
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    writeFileSync(broken, '');
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('strict', { stage: 'strict' });
    webhook = await startWebhook({
      directory,
      config: configured([policy('strict', 'enforce')]),
      kubeconfig: plane.kubeconfig,
      script: SOURCES,
      nodeArgs: ['--import', PRELOADED],
      env: { BREAK_STAGE_FILE: broken },
    });
    const fail = ['--failure-policy', 'Fail', '--validating-failure-policy', 'Fail'];
    await register(plane, webhook, ['--config', webhook.configFile, ...fail]);
    await denying(plane, 'strict');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('every stage that the metric knows can be broken here', () => {
    assert.deepEqual(BREAKS.map(({ stage }) => stage).sort(), [...FAIL_OPEN_STAGES].sort());
  });

  for (const { stage } of BREAKS) {
    it(`${stage}: the Pod is created as it came, with a warning and a metric`, async () => {
      const series = `podscrape_admission_failed_open_total{stage="${stage}"}`;
      const counted = (await seriesOf(webhook)).get(series);
      writeFileSync(broken, stage);
      const answer = await create(stage);
      writeFileSync(broken, '');

      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      assert.ok(answer.warnings.includes(FAILED_OPEN_WARNING), answer.warnings.join('\n'));
      if (stage !== 'validate') assert.doesNotMatch(JSON.stringify(answer.body), /prometheus\.io/);
      assert.equal((await seriesOf(webhook)).get(series), (counted ?? 0) + 1);
      const told = () => webhook.logLines().filter((line) => line['stage'] === stage);
      await waitFor('the log to tell it, once', () => told().length === 1);

      const next = await create(stage);
      if (stage === 'validate') assert.equal(next.status, 403, 'mended, it denies again');
      else assert.equal(next.body.metadata.annotations?.['prometheus.io/scrape'], 'true');
    });
  }

  /** A Pod that is injected, or, where validation is broken, one that is denied. */
  function create(stage: string) {
    const [namespace, object] =
      stage === 'validate' ? ['strict', pod('off', OFF)] : ['default', podThatAsks(0)];
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    return plane.request<PodObject>('POST', path, object);
  }
});
