import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_CODES } from '../../src/core/problem.ts';
import type { ProblemCode } from '../../src/core/problem.ts';
import { REASONS } from '../../src/core/decision.ts';
import type { Reason } from '../../src/core/decision.ts';
import { FAIL_OPEN_STAGES, METRICS, createMetrics } from '../../src/telemetry/metrics.ts';
import { UNMET_REASONS } from '../../src/telemetry/metrics-admission.ts';
import { EDGE_ERRORS } from '../../src/webhook/errors.ts';

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

const count = (found: ReadonlyMap<string, string>, prefix: string): number =>
  [...found.keys()].filter((name) => name.startsWith(prefix)).length;

test('what an alert counts starts at zero, so that the first time is an increase', async () => {
  const names = await series(createMetrics({ version: '1' }));
  const zero = [
    ...FAIL_OPEN_STAGES.map((stage) => `podscrape_admission_failed_open_total{stage="${stage}"}`),
    ...UNMET_REASONS.map((reason) => `podscrape_admission_unmet_requests_total{reason="${reason}"}`),
    ...Object.values(EDGE_ERRORS).map(
      ({ status }) => `podscrape_admission_rejected_requests_total{status="${status}"}`,
    ),
    'podscrape_admission_shed_requests_total{cause="overloaded"}',
    'podscrape_config_reloads_total{result="failure"}',
    'podscrape_certificate_renewals_total{result="failure"}',
    'podscrape_namespace_watch_restarts_total',
    'podscrape_ca_bundle_repairs_total{configuration="00-podscrape"}',
  ];
  for (const name of zero) assert.equal(names.get(name), '0', name);
});

test('every status of the edge is a value of the label, and no other', () => {
  const { values } = METRICS.podscrape_admission_rejected_requests_total.labels.status;
  const statuses = new Set(Object.values(EDGE_ERRORS).map(({ status }) => String(status)));
  assert.deepEqual(new Set<string>(values), statuses);
});

test('every metric of podscrape’s own is a row of the table, and the other way round', async () => {
  const lines = (await createMetrics({ version: '1' }).text()).split('\n');
  const types = lines.flatMap((line) => {
    const [, name = '', type = ''] = /^# TYPE (podscrape_\S+) (\S+)/.exec(line) ?? [];
    return name === '' ? [] : [[name, type] as const];
  });
  const rows = Object.entries(METRICS).map(([name, { type }]) => [name, type] as const);
  assert.deepEqual(new Map(types), new Map(rows));
});

test('names say what they count, as Prometheus wants it', () => {
  for (const [name, { type, help, unit }] of Object.entries(METRICS)) {
    assert.match(name, /^podscrape_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.match(help, /^[A-Z].*\.$/, name);
    if (unit.startsWith('seconds')) assert.match(name, /_seconds$/);
    if (unit === 'bytes') assert.match(name, /_bytes(_in_flight)?$/);
  }
});

test('whoever asked and is left as they were is counted by reason; who is switched off is not', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.decision('refused', 'bad-request');
  metrics.decision('refused', 'port-conflict');
  metrics.decision('skipped', 'host-network');
  metrics.decision('skipped', 'disabled');
  metrics.decision('skipped', 'audit');
  metrics.decision('skipped', 'error');
  metrics.decision('injected', 'injected');
  const found = await series(metrics);
  const unmet = [...found].filter(([name, value]) => name.includes('_unmet_') && value !== '0');
  assert.deepEqual(unmet, [
    ['podscrape_admission_unmet_requests_total{reason="bad-request"}', '1'],
    ['podscrape_admission_unmet_requests_total{reason="port-conflict"}', '1'],
    ['podscrape_admission_unmet_requests_total{reason="host-network"}', '1'],
  ]);
});

test('one hash at a time: that of the configuration in force', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.configReloaded('success', new Date(), 'aaa');
  metrics.configReloaded('failure', new Date());
  metrics.configReloaded('success', new Date(), 'bbb');
  metrics.configReloaded('success', new Date());
  const found = await series(metrics);
  assert.deepEqual(
    [...found].filter(([name]) => name.startsWith('podscrape_config_info')),
    [['podscrape_config_info{hash="bbb"}', '1']],
  );
});

test('what the leader sees of a webhook configuration goes when it leads no more', async () => {
  const metrics = createMetrics({ version: '1' });
  const name = 'podscrape_ca_bundle_published{configuration="00-podscrape"}';
  metrics.caBundlePublished('00-podscrape', false);
  assert.equal((await series(metrics)).get(name), '0');
  metrics.caBundlePublished('00-podscrape', true);
  assert.equal((await series(metrics)).get(name), '1');
  metrics.caBundlePublished('00-podscrape', undefined);
  assert.equal((await series(metrics)).get(name), undefined);
});

test('namespaces are a label only when asked for', async () => {
  const metrics = createMetrics({ version: '1' });
  metrics.decision('injected', 'injected', 'shop');
  const found = await series(metrics);
  assert.equal(found.get('podscrape_admission_decisions_total{outcome="injected",reason="injected"}'), '1');
  assert.equal(count(found, 'podscrape_admission_decisions_total'), 1);
});

test('ten thousand namespaces are a thousand values and other, and no decision is lost', async () => {
  const metrics = createMetrics({ version: '1', namespaceLabel: true });
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 10_000; index += 1) metrics.decision('injected', 'injected', `ns-${index}`);
  }
  metrics.decision('skipped', 'unsupported', '');
  const found = await series(metrics);
  const decisions = [...found].filter(([name]) => name.startsWith('podscrape_admission_decisions_total'));
  const value = (namespace: string) =>
    found.get(
      `podscrape_admission_decisions_total{outcome="injected",reason="injected",namespace="${namespace}"}`,
    );
  assert.equal(decisions.length, 1002);
  assert.deepEqual(
    [value('ns-0'), value('ns-999'), value('ns-1000'), value('other')],
    ['2', '2', undefined, '18000'],
  );
  assert.equal(
    decisions.reduce((sum, [, counted]) => sum + Number(counted), 0),
    20_001,
  );
});

test('what can be no namespace is other, and not kept', async () => {
  const metrics = createMetrics({ version: '1', namespaceLabel: true });
  const texts = ['x'.repeat(64), 'Shop', 'shop.eu', '-shop', 'a"b\nc', 'x'.repeat(1_000_000)];
  for (const text of [...texts, 'x'.repeat(63)]) metrics.decision('injected', 'injected', text);
  const decisions = [...(await series(metrics))].filter(([name]) => name.includes('decisions_total'));
  assert.deepEqual(
    decisions.map(([name, value]) => [/namespace="([^"]*)"/.exec(name)?.[1], value]),
    [
      ['other', `${texts.length}`],
      ['x'.repeat(63), '1'],
    ],
  );
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
  assert.ok(own.length < 300, String(own.length));
});

test('two sets of metrics in one process do not share counters', async () => {
  const one = createMetrics({ version: '1' });
  const other = createMetrics({ version: '1' });
  one.rejected(404);
  assert.equal((await series(one)).get('podscrape_admission_rejected_requests_total{status="404"}'), '1');
  assert.equal((await series(other)).get('podscrape_admission_rejected_requests_total{status="404"}'), '0');
});
