import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { endOf, metric, secretContents, startWithOwnAuthority } from './authority.ts';
import { figures } from './figures.ts';
import { createLoad, summary } from './load.ts';
import type { Replicas } from './replicas.ts';

const { life, authorityLife, minutes, perSecond } = figures({
  always: { life: 6, authorityLife: 12, minutes: 0.35, perSecond: 20 },
  soak: { life: 60, authorityLife: 300, minutes: 30, perSecond: 20 },
});

describe(`row 09: a certificate life of ${life} s`, await requireCluster('row 09'), () => {
  let plane: ControlPlane;
  let podscrape: Replicas;
  before(async () => {
    const config = `certificates: {life: ${life}s, authorityLife: ${authorityLife}s}\n`;
    ({ plane, podscrape } = await startWithOwnAuthority(config));
  });
  after(async () => {
    await podscrape.stop();
    await plane.stop();
  });

  it(`no failure for ${minutes} minutes, each leaf renewed at two thirds of its life`, async (t) => {
    const load = createLoad(plane, { perSecond, total: Math.ceil(perSecond * minutes * 60) });
    const ends: number[] = [];
    const began = performance.now();
    let running = true as boolean;
    void load.done.then(() => (running = false));
    await plane.waitFor(
      'the load to end',
      async () => {
        const end = endOf((await secretContents(plane))?.['tls.crt']);
        if (end !== ends.at(-1)) ends.push(end);
        return !running;
      },
      { timeoutMs: (minutes + 2) * 60_000, intervalMs: 200 },
    );
    t.diagnostic(summary(load));
    assert.deepEqual(load.failed.slice(0, 10), []);
    assert.equal(load.injected, load.sent);
    // The end moves with each leaf by two thirds of a life, and more on a busy machine; a switch to a new authority
    // comes when it comes.
    t.diagnostic(
      `${ends.length} leaves; ${ends
        .slice(1)
        .map((end, index) => (end - ends[index]!) / 1000)
        .join(' ')} s apart`,
    );
    assert.ok(ends.length >= 3, `${ends.length} leaves`);
    // The load takes longer than it should where the machine is slow.
    const seconds = (performance.now() - began) / 1000;
    assert.ok(ends.length <= seconds / ((life * 2) / 3) + seconds / ((authorityLife * 2) / 3) + 2);

    for (const replica of podscrape.replicas) {
      const seen = await metric(replica, 'podscrape_certificate_not_after_timestamp_seconds');
      assert.ok(
        ends.slice(-2).some((end) => end / 1000 <= seen),
        `${seen} is one of the last`,
      );
    }
  });
});
