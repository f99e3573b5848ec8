import assert from 'node:assert/strict';
import type { TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { wireTo } from './edge.ts';
import { figures } from './figures.ts';
import { createLoad, quantile } from './load.ts';
import type { Load } from './load.ts';

const { slow, perSecond, rounds } = figures({
  always: { slow: 100, perSecond: 40, rounds: 2 },
  soak: { slow: 1000, perSecond: 50, rounds: 6 },
});
/** Of a load; less than the ten seconds after which a request that is not complete is cut off. */
const SECONDS = figures({ always: 2, soak: 8 });

describe(`row 13: ${slow} slow connections`, await requireCluster('slow connections'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook();
    await register(plane, webhook, ['--failure-policy', 'Fail', '--timeout-seconds', '20']);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('every Pod is injected beside them, with Fail', async (t) => {
    await run();
    const alone: Load[] = [];
    const beside: Load[] = [];
    // In turn, so that whatever else the machine does is in both.
    for (let round = 0; round < rounds; round++) {
      alone.push(await run());
      const sockets = await openSlow();
      const dripping = setInterval(() => drip(sockets), 1000);
      drip(sockets);
      beside.push(await run());
      clearInterval(dripping);
      const open = sockets.filter(({ destroyed }) => !destroyed).length;
      for (const socket of sockets) socket.destroy();
      t.diagnostic(`round ${round + 1}: ${open} of ${slow} slow ones to the end`);
      assert.ok(open > 0, 'there were slow ones');
    }
    const [before, with1000] = [alone, beside].map((loads) => loads.flatMap(({ latencies }) => latencies));
    for (const q of [0.5, 0.99]) {
      const [a, b] = [quantile(before ?? [], q), quantile(with1000 ?? [], q)];
      t.diagnostic(
        `p${q * 100}: ${a.toFixed(0)} ms alone, ${b.toFixed(0)} ms beside: ${(b / a).toFixed(2)} times`,
      );
    }
    for (const load of [...alone, ...beside]) {
      assert.deepEqual(load.failed, []);
      assert.equal(load.injected, load.sent);
    }
  });

  function run(): Promise<Load> {
    return createLoad(plane, { perSecond, total: perSecond * SECONDS }).done;
  }

  /** Connections without a byte so far: the time of a request begins with its first one. */
  async function openSlow(): Promise<readonly TLSSocket[]> {
    const sockets: TLSSocket[] = [];
    while (sockets.length < slow) sockets.push(await wireTo(webhook));
    return sockets;
  }
});

const HEAD = 'POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const begun = new WeakSet<TLSSocket>();

/** One more byte each: a quarter stay silent, a quarter send headers, half a body. */
function drip(sockets: readonly TLSSocket[]): void {
  for (const [index, socket] of sockets.entries()) {
    if (index % 4 === 0 || socket.destroyed) continue;
    const start = index % 4 === 1 ? `${HEAD}X-Slow: ` : `${HEAD}Content-Length: 40000\r\n\r\n{`;
    socket.write(begun.has(socket) ? ' ' : start);
    begun.add(socket);
  }
}
