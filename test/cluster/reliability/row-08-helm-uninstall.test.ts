import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ChartStage, NAMESPACE } from '../chart-stage.ts';
import { requireKubelet } from '../require.ts';
import { figures } from './figures.ts';
import { createLoad, summary } from './load.ts';

const ROW = 'row 8: helm uninstall under load: the webhook configuration goes first; nothing blocked after';
const {
  perSecond,
  before: sentBefore,
  more,
} = figures({
  always: { perSecond: 30, before: 40, more: 80 },
  soak: { perSecond: 200, before: 2000, more: 4000 },
});

describe(ROW, await requireKubelet(ROW, ['helm']), () => {
  let stage: ChartStage;

  before(async () => {
    stage = await ChartStage.start();
    await stage.prepare();
    const policies = [
      { name: 'all', namespaceSelector: {}, mode: 'enforce', conventions: { noBadValues: 'deny' } },
    ];
    // Whoever is sent to Pods that are gone is refused: the two would notice each other.
    // And a machine that is busy with other tests answers late.
    const webhook = { failurePolicy: 'Fail', validatingFailurePolicy: 'Fail', timeoutSeconds: 20 };
    await stage.deploy({ webhook, config: { policies, server: { drainSeconds: 0 } } });
    await stage.untilInjected();
  });
  after(() => stage.stop());

  it('no Pod is refused: before, while it goes, and after', async (t) => {
    const load = createLoad(stage.plane, { perSecond, total: 1_000_000 });
    const untilSent = (count: number) =>
      stage.plane.waitFor(`${count} Pods to be sent`, () => load.sent >= count, { timeoutMs: 120_000 });
    await untilSent(sentBefore);
    await stage.helm(['uninstall', 'podscrape', '--wait']);
    await stage.plane.waitFor('the last Pod of podscrape to be gone', async () => {
      const { body } = await stage.plane.request('GET', `/api/v1/namespaces/${NAMESPACE}/pods`);
      return body.items?.length === 0;
    });
    await untilSent(load.sent + more);
    await load.stop();
    t.diagnostic(summary(load));
    assert.deepEqual(load.failed.slice(0, 3), [], summary(load));
    assert.ok(load.injected > 0 && load.injected < load.ok, summary(load));
  });

  it('Helm deletes the webhook configurations before anything else', () => {
    const deleted = stage
      .audited()
      .filter(({ verb, userAgent = '' }) => verb === 'delete' && userAgent.startsWith('Helm'))
      .map(({ objectRef }) => `${objectRef?.resource} ${objectRef?.name}`);
    assert.deepEqual(new Set(deleted.slice(0, 2)), new Set(CONFIGURATIONS), deleted.join('\n'));
    const firstOther = deleted.findIndex((line) => !CONFIGURATIONS.includes(line));
    assert.match(deleted[firstOther] ?? '', /^services /);
  });
});

const CONFIGURATIONS = [
  'mutatingwebhookconfigurations 00-podscrape',
  'validatingwebhookconfigurations podscrape',
];
