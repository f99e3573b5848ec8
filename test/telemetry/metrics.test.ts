import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_CODES } from '../../src/core/problem.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { REASONS } from '../../src/core/decision.ts';
import type { Reason } from '../../src/core/decision.ts';
import { FAIL_OPEN_STAGES, createMetrics } from '../../src/telemetry/metrics.ts';

async function series(metrics: ReturnType<typeof createMetrics>): Promise<ReadonlyMap<string, string>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ [^ ]*$/, ''), line.replace(/.* /, '')]));
}

test('every metric of the edge is there, with its value', async () => {
  const metrics = createMetrics({ version: '1.2.3' });
  metrics.decision('injected', 'injected');
  metrics.duration(0.0004);
  metrics.patchSent(300);
  metrics.failedOpen('inject');
  metrics.rejected(413);
  metrics.problems(['unknown-key', 'unknown-key']);
  metrics.certificateNotAfter(new Date('2030-01-01T00:00:00Z'));
  const done = metrics.began();
  const during = await series(metrics);
  done();
  const after = await series(metrics);
  const expected = {
    'podscrape_build_info{version="1.2.3"}': '1',
    'podscrape_admission_decisions_total{outcome="injected",reason="injected"}': '1',
    'podscrape_admission_duration_seconds_bucket{le="0.00025"}': '0',
    'podscrape_admission_duration_seconds_bucket{le="0.0005"}': '1',
    podscrape_admission_patch_bytes_sum: '300',
    'podscrape_admission_failed_open_total{stage="inject"}': '1',
    'podscrape_admission_rejected_requests_total{status="413"}': '1',
    'podscrape_problems_total{code="unknown-key"}': '2',
    podscrape_certificate_not_after_timestamp_seconds: String(Date.parse('2030-01-01T00:00:00Z') / 1000),
    podscrape_admission_in_flight_requests: '1',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(during.get(name), value, name);
  assert.equal(after.get('podscrape_admission_in_flight_requests'), '0');
  assert.ok(
    [...during.keys()].some((name) => name.startsWith('nodejs_eventloop_lag_')),
    'the loop is watched',
  );
});

test('failing open starts at zero, so that the first failure is an increase', async () => {
  const names = await series(createMetrics({ version: '1' }));
  for (const stage of FAIL_OPEN_STAGES) {
    assert.equal(names.get(`podscrape_admission_failed_open_total{stage="${stage}"}`), '0', stage);
  }
});

test('all that can be counted, counted often, stays within a few hundred series', async () => {
  const metrics = createMetrics({ version: '1' });
  for (let round = 0; round < 100; round += 1) {
    for (const outcome of ['injected', 'skipped', 'refused'] as const) {
      for (const reason of Object.keys(REASONS) as Reason[]) metrics.decision(outcome, reason);
    }
    metrics.problems(Object.keys(PROBLEM_CODES) as ProblemCode[]);
    for (const stage of FAIL_OPEN_STAGES) metrics.failedOpen(stage);
    metrics.duration(round);
    metrics.patchSent(round * 1000);
  }
  const own = [...(await series(metrics)).keys()].filter((name) => name.startsWith('podscrape_'));
  assert.ok(own.length < 200, String(own.length));
});

test('two sets of metrics in one process do not share counters', async () => {
  const one = createMetrics({ version: '1' });
  const other = createMetrics({ version: '1' });
  one.rejected(404);
  assert.equal(
    (await series(other)).get('podscrape_admission_rejected_requests_total{status="404"}'),
    undefined,
  );
});
