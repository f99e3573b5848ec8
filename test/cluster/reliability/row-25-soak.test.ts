import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { sleep } from '../wait.ts';
import { register } from '../webhook.ts';
import { SOAK } from './figures.ts';
import { growthOf, liveSampleOf, sampleOf } from './growth.ts';
import type { LiveSample } from './growth.ts';
import { createLoad, summary } from './load.ts';
import { startReplicas } from './replicas.ts';
import type { Replicas } from './replicas.ts';

const MIB = 1024 * 1024;
/** Without SOAK a round of seconds, which only shows that the measuring works. */
const minutes = SOAK ? Number(process.env['SOAK_MINUTES'] ?? 60) : 0.1;
const everyMs = SOAK ? 10_000 : 500;
const perSecond = 15;
/** A leak of a kilobyte a request would be 26 MiB an hour for each of two replicas. */
const ALLOWED_MEMORY = 4 * MIB;
/** As Node finds it in a container with the chart's limit of 512 MiB. */
const HEAP = '--max-old-space-size=256';
const COLLECT = join(import.meta.dirname, 'collect.ts');
/** The apiserver keeps more or fewer connections. */
const ALLOWED_FILES = 10;

describe(`row 25: a soak of ${minutes} minutes`, await requireCluster('a soak'), () => {
  let plane: ControlPlane;
  let replicas: Replicas;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    const nodeArgs = [HEAP, '--expose-gc', '--import', COLLECT];
    replicas = await startReplicas({ count: 2, kubeconfig: plane.kubeconfig, nodeArgs });
    await register(plane, replicas.front);
  });
  after(async () => {
    await replicas.stop();
    await plane.stop();
  });

  it(`${perSecond} Pods a second: memory and open files do not grow, no Pod fails`, async (t) => {
    const load = createLoad(plane, { perSecond, total: Math.ceil(minutes * 60 * perSecond) });
    const samples = replicas.replicas.map((): LiveSample[] => []);
    let over = false;
    void load.done.then(() => (over = true));
    const taking = async (): Promise<void> => {
      while (!over) {
        for (const [index, replica] of replicas.replicas.entries()) {
          samples[index]?.push(await liveSampleOf(replica));
        }
        if (SOAK && (samples[0]?.length ?? 0) % 30 === 0) {
          process.stderr.write(`${new Date().toISOString()} ${told(samples)}; ${summary(load)}\n`);
        }
        await sleep(everyMs);
      }
    };
    await Promise.all([load.done, taking()]);
    t.diagnostic(told(samples));
    t.diagnostic(summary(load));

    assert.deepEqual(load.failed.slice(0, 10), []);
    assert.equal(load.ok, load.sent);
    for (const taken of samples) {
      assert.ok(taken.length >= 8, `${taken.length} samples`);
      for (const { live, openFiles } of taken) assert.ok(live > 10 * MIB && openFiles > 10);
      // In seconds the caches have not filled.
      if (!SOAK) continue;
      assert.ok(growthOf(taken.map(({ live }) => live)) < ALLOWED_MEMORY, told(samples));
      assert.ok(growthOf(taken.map(({ openFiles }) => openFiles)) <= ALLOWED_FILES, told(samples));
    }
  });

  it('the measuring sees what grows', () => {
    const before = sampleOf(process.pid);
    const held = Buffer.alloc(32 * MIB, 1);
    const files = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
    const now = sampleOf(process.pid);
    assert.ok(now.memory > before.memory + held.length / 2, `${before.memory} to ${now.memory}`);
    for (const file of files) closeSync(file);
    assert.ok(now.openFiles >= before.openFiles + files.length);

    const steady = Array.from({ length: 40 }, (_, index) => 100 + (index % 7));
    const warmed = steady.map((value, index) => (index < 10 ? 1 : value));
    const leaking = steady.map((value, index) => value + index);
    assert.ok(Math.abs(growthOf(steady)) <= 7);
    assert.ok(Math.abs(growthOf(warmed)) <= 7);
    assert.ok(growthOf(leaking) > 12);
  });
});

function told(samples: readonly (readonly LiveSample[])[]): string {
  return samples
    .map((taken, index) => {
      const [first, last] = [taken[0], taken.at(-1)];
      const live = [first, last].map((sample) => ((sample?.live ?? 0) / MIB).toFixed(1)).join(' to ');
      const growth = (growthOf(taken.map((sample) => sample.live)) / MIB).toFixed(1);
      const most = (Math.max(...taken.map(({ memory }) => memory)) / MIB).toFixed(0);
      const files = [first, last].map((sample) => sample?.openFiles ?? 0).join(' to ');
      return `replica ${index}: ${live} MiB live (growth ${growth}), at most ${most} MiB of memory, ${files} files`;
    })
    .join('; ');
}
