import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { register } from '../webhook.ts';
import { createLoad, summary } from './load.ts';
import { startReplicas } from './replicas.ts';
import type { Replicas } from './replicas.ts';
import { figures } from './figures.ts';

const { restarts, perSecond, endpointDelayMs, drainSeconds } = figures({
  always: { restarts: 2, perSecond: 50, endpointDelayMs: 1000, drainSeconds: 2 },
  soak: { restarts: 50, perSecond: 200, endpointDelayMs: 5000, drainSeconds: 7 },
});

describe('row 04: rolling restarts under load with Fail', await requireCluster('rolling restarts'), () => {
  let plane: ControlPlane;
  let replicas: Replicas;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    replicas = await startReplicas({ count: 2, config: `server: {drainSeconds: ${drainSeconds}}\n` });
    await register(plane, replicas.front, [
      ...['--failure-policy', 'Fail'],
      // What counts is that none is lost; a busy machine may take longer than the default.
      ...['--timeout-seconds', '20'],
    ]);
  });
  after(async () => {
    await replicas.stop();
    await plane.stop();
  });

  it(`${restarts} restarts, endpoints ${endpointDelayMs} ms late: no Pod fails`, async (t) => {
    const load = createLoad(plane, { perSecond, total: Number.POSITIVE_INFINITY });
    const gone = [];
    for (let restart = 0; restart < restarts; restart++) {
      gone.push(await replicas.rollOne({ endpointDelayMs }));
      t.diagnostic(`restart ${restart + 1}: ${summary(load)}`);
    }
    await load.stop();
    t.diagnostic(summary(load));

    assert.deepEqual(load.failed.slice(0, 10), []);
    assert.equal(load.injected, load.sent);
    assert.ok(load.sent > restarts * 10, summary(load));
    const exits = gone.map(({ process }) => process.exit);
    assert.deepEqual(
      exits,
      Array.from({ length: restarts }, () => ({ code: 0, signal: null })),
    );
  });
});
