import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLoadMeter } from '../../src/webhook/load.ts';
import { listening, metric, problem, send, until } from './support.ts';

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test('the meter sees a blocked loop, and sees it recover', async (t) => {
  const meter = startLoadMeter(() => performance.now());
  t.after(() => meter.stop());
  block(400);
  await until('the lag to be seen', () => meter.lag() > 200);
  await until('the lag to be over', () => meter.lag() < 200);
});

test('a loop that lags beyond the bound sends requests away for a second', async (t) => {
  const { port, metrics } = await listening(t, { limits: { maxLagMs: -1 } });
  const reply = await send(port);
  assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '1']);
  assert.equal(problem(reply).error, 'overloaded');
  assert.equal(await metric(metrics, 'podscrape_admission_shed_requests_total{cause="overloaded"}'), 1);
});

test('stalls of 40 ms send nobody away', async (t) => {
  const { port } = await listening(t);
  const timer = setInterval(() => block(40), 120);
  t.after(() => clearInterval(timer));
  for (let round = 0; round < 30; round += 1) assert.equal((await send(port)).status, 200);
});
