import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, describe, it } from 'node:test';

import { LIMITS } from '../../../src/webhook/limits.ts';
import { review } from '../../webhook/support.ts';
import type { Reply } from '../../webhook/support.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { waitFor } from '../wait.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { sendTo } from './edge.ts';
import { figures } from './figures.ts';
import { sampleOf } from './growth.ts';
import { podThatAsks } from './load.ts';
import { seriesOf, sumOf } from './series.ts';

const MIB = 1024 * 1024;
/** What the chart gives a Pod of podscrape, and the heap that Node takes in such a container. */
const MEMORY_LIMIT = 512 * MIB;
const HEAP = [`--max-old-space-size=${MEMORY_LIMIT / MIB / 2}`];
const LARGEST = LIMITS.bodyBytes;
const { parallel, rounds } = figures({
  always: { parallel: 30, rounds: 1 },
  soak: { parallel: 100, rounds: 5 },
});

describe('row 12: bodies over the limit, and many large ones', await requireCluster('large bodies'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook({ nodeArgs: HEAP });
    await register(plane, webhook, ['--failure-policy', 'Fail']);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('3 MB: an answer', async () => {
    const reply = await sendTo(webhook, { body: reviewOf(3_000_000) });
    assert.equal(reply.status, 200);
    assert.match(reply.text, /"allowed":true/);
  });

  for (const size of [8_000_000, 80_000_000]) {
    it(`${size / 1e6} MB: 413, and the connection is closed`, async () => {
      const reply = await sendTo(webhook, { body: Buffer.alloc(size, ' ') });
      assert.deepEqual([reply.status, reply.headers.connection], [413, 'close']);
    });
    it(`${size / 1e6} MB chunked, without a length: the same`, async () => {
      const chunk = Buffer.alloc(1_000_000, ' ');
      const reply = await sendTo(webhook, { body: Array.from({ length: size / 1e6 }, () => chunk) });
      assert.deepEqual([reply.status, reply.headers.connection], [413, 'close']);
    });
  }

  it(`${parallel} of 7 MiB at once: a verdict or 503 with Retry-After 1, in ${MEMORY_LIMIT / MIB} MiB`, async (t) => {
    const body = reviewOf(LARGEST);
    assert.equal(body.length, LARGEST);
    // As the apiserver does: who is sent away keeps the connection.
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    const seen = new Map<string, number>();
    let peak = 0;
    const measuring = setInterval(() => {
      peak = Math.max(peak, sampleOf(webhook.process.pid).memory);
    }, 20);
    t.after(() => clearInterval(measuring));
    for (let round = 0; round < rounds; round++) {
      const replies = await Promise.all(
        Array.from({ length: parallel }, () => sendTo(webhook, { body, agent })),
      );
      for (const { status, headers } of replies as readonly Reply[]) {
        const what = [status, headers['retry-after']].join(' ').trim();
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    }
    const shed = await sumOf([webhook], 'podscrape_admission_shed_requests_total', 'cause="body-budget"');
    t.diagnostic(`${JSON.stringify([...seen])}; memory at most ${mib(peak)} MiB; ${shed} shed`);
    assert.deepEqual(
      [...seen.keys()].filter((what) => what !== '200' && what !== '503 1'),
      [],
    );
    assert.ok((seen.get('200') ?? 0) > 0);
    assert.ok(shed > 0, 'the budget was reached');
    assert.ok(peak < MEMORY_LIMIT, `${mib(peak)} MiB`);
  });

  it('afterwards nothing is held, and Pods are injected', async () => {
    await waitFor('the budget to be free', async () => {
      const held = (await seriesOf(webhook)).get('podscrape_admission_body_bytes_in_flight');
      return held === 0;
    });
    const path = '/api/v1/namespaces/default/pods?dryRun=All';
    const { body } = await plane.request<PodObject>('POST', path, podThatAsks(0));
    assert.equal(body.metadata.annotations?.['prometheus.io/scrape'], 'true');
  });
});

/** A review of exactly so many bytes, most of them in an annotation. */
function reviewOf(size: number): Buffer {
  const padded = (length: number): string => {
    const text = JSON.stringify(review());
    return text.replace(
      '"podscrape.dev/port"',
      () => `"padding":"${'x'.repeat(length)}","podscrape.dev/port"`,
    );
  };
  return Buffer.from(padded(size - padded(0).length));
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(0);
}
