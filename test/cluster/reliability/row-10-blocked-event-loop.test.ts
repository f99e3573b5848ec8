import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TestContext } from 'node:test';

import { review, send } from '../../webhook/support.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { sleep } from '../wait.ts';
import { get, register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { figures } from './figures.ts';
import { createLoad, summary } from './load.ts';
import { sumOf } from './series.ts';

const PRELOADED = join(import.meta.dirname, 'block-loop.ts');
const { perSecond, total } = figures({
  always: { perSecond: 40, total: 160 },
  soak: { perSecond: 200, total: 12_000 },
});
const SHED = 'podscrape_admission_shed_requests_total';

describe('row 10: the event loop is blocked, under load', await requireCluster('a blocked loop'), () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
  });
  after(() => plane.stop());

  it(`40 ms every 120 ms at ${perSecond} a second: no Pod fails under Ignore, probes are answered`, async (t) => {
    const webhook = await blocked(t, 40, 120);
    const load = createLoad(plane, { perSecond, total });
    const probes = await probing(webhook, load.done);
    t.diagnostic(`${summary(load)}; ${await sumOf([webhook], SHED)} shed; ${probes.length} probes`);
    assert.deepEqual(load.failed, []);
    assert.equal(load.ok, total);
    assert.deepEqual([...new Set(probes)], [200]);
  });

  it('1300 ms every 1500 ms: sheds with 503 and Retry-After 1, counted; no Pod fails under Ignore', async (t) => {
    const webhook = await blocked(t, 1300, 1500);
    const load = createLoad(plane, { perSecond: 20, total: 60 });
    const ca = readFileSync(join(webhook.certDir, 'ca.crt'), 'utf8');
    const body = JSON.stringify(review());
    const direct = new Set<string>();
    // As the apiserver does: on a connection that stands, and over several rounds of the blocking.
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const asking = async (): Promise<void> => {
      for (let turn = 0; turn < 200 && !direct.has('503 1'); turn++) {
        const { status, headers } = await send(webhook.port, { ca, body, agent });
        direct.add([status, headers['retry-after']].join(' ').trim());
        await sleep(25);
      }
    };
    const probes = await probing(webhook, Promise.all([load.done, asking()]));
    t.diagnostic(`${summary(load)}; ${await sumOf([webhook], SHED)} shed; ${probes.length} probes`);
    assert.deepEqual(load.failed, []);
    assert.ok(direct.delete('503 1'), 'an invitation to come again');
    direct.delete('200');
    assert.deepEqual([...direct], [], 'or a verdict, and nothing else');
    assert.ok((await sumOf([webhook], SHED, 'cause="overloaded"')) > 0);
    assert.deepEqual([...new Set(probes)], [200]);
  });

  async function blocked(t: TestContext, blockMs: number, everyMs: number): Promise<Webhook> {
    const env = { BLOCK_MS: String(blockMs), BLOCK_EVERY_MS: String(everyMs) };
    const webhook = await startWebhook({ nodeArgs: ['--import', PRELOADED], env });
    t.after(() => webhook.stop());
    await register(plane, webhook);
    return webhook;
  }
});

/** The answers to both probes, asked again and again until `done`. */
async function probing(webhook: Webhook, done: Promise<unknown>): Promise<readonly number[]> {
  const statuses: number[] = [];
  let over = false;
  const finished = done.finally(() => (over = true));
  while (!over) {
    for (const path of ['/healthz', '/readyz']) statuses.push((await get(webhook.healthPort, path)).status);
    await sleep(200);
  }
  await finished;
  return statuses;
}
