import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { authorities, editSecret, secretContents, startWithOwnAuthority } from './authority.ts';
import { figures } from './figures.ts';
import { createLoad, summary } from './load.ts';
import type { Replicas } from './replicas.ts';

const { rotations, perSecond } = figures({
  always: { rotations: 2, perSecond: 50 },
  soak: { rotations: 20, perSecond: 200 },
});

describe('row 05: CA and leaf rotation under load, two replicas', await requireCluster('row 05'), () => {
  let plane: ControlPlane;
  let podscrape: Replicas;
  before(async () => {
    // A short life makes the settling short: a second.
    const config = 'certificates: {life: 10s, authorityLife: 1h}\n';
    ({ plane, podscrape } = await startWithOwnAuthority(config));
  });
  after(async () => {
    await podscrape.stop();
    await plane.stop();
  });

  it(`${rotations} rotations at ${perSecond} Pods a second: none fails`, async (t) => {
    const load = createLoad(plane, { perSecond, total: Number.POSITIVE_INFINITY });
    const leaves = new Set<string>();
    for (let rotation = 0; rotation < rotations; rotation++) {
      const before = await secretContents(plane);
      const known = authorities(before?.['ca.crt']);
      await editSecret(plane, { rotate: 'now' });
      await plane.waitFor(
        'a leaf of a new authority',
        async () => {
          const contents = (await secretContents(plane)) ?? {};
          leaves.add(contents['tls.crt'] ?? '');
          const fresh = authorities(contents['ca.crt']).some((id) => !known.includes(id));
          return fresh && contents['ca-next.key'] === undefined && contents['ca.key'] !== before?.['ca.key'];
        },
        { timeoutMs: 60_000 },
      );
      t.diagnostic(`rotation ${rotation + 1}: ${summary(load)}`);
    }
    const left = async () => authorities((await secretContents(plane))?.['ca.crt']).length <= 2;
    await plane.waitFor('the old authorities to go', left, { timeoutMs: 60_000 });
    await load.stop();
    t.diagnostic(summary(load));
    assert.deepEqual(load.failed.slice(0, 10), []);
    assert.equal(load.injected, load.sent);
    assert.ok(leaves.size > rotations, `${leaves.size} leaves`);
    for (const replica of podscrape.replicas) {
      const replaced = replica.logLines().filter(({ msg }) => msg === 'certificate replaced');
      assert.ok(replaced.length >= rotations, `${replaced.length} of ${rotations} taken by ${replica.url}`);
    }
  });
});
