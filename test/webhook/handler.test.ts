import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_ADDED, skipped } from '../../src/core/decision.ts';
import type { Decision } from '../../src/core/decision.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createHandler } from '../../src/webhook/handler.ts';
import type { Stages } from '../../src/webhook/handler.ts';
import type { AdmissionRequest } from '../../src/webhook/review.ts';
import { engine, metric, pod, recordingLog, request } from './support.ts';

function setup(stages: Partial<Stages> = {}) {
  const { log, lines } = recordingLog();
  const metrics = createMetrics({ version: '1' });
  const seen: unknown[][] = [];
  const handler = createHandler({
    config: () => engine,
    metrics,
    log,
    clock: () => 0,
    now: () => 1000,
    stages: {
      inject(...args) {
        seen.push(args);
        return { decision: skipped('no-request'), pod: args[0] };
      },
      ...stages,
    },
  });
  return { handler, metrics, lines, seen };
}

test('a Pod goes to the engine as it came, with the namespace of the request and the trigger of the path', () => {
  const { handler, seen } = setup();
  handler.admit(request(), 'object');
  assert.equal(seen.length, 1);
  const [[before, surroundings, config] = []] = seen;
  assert.equal(before, pod);
  assert.deepEqual(surroundings, { namespace: 'shop', trigger: 'object', now: 1000 });
  assert.equal(config, engine);
});

const deployment = {
  kind: { group: 'apps', version: 'v1', kind: 'Deployment' },
  object: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', annotations: { 'podscrape.dev/port': '8080' } },
    spec: { template: { metadata: { labels: { app: 'web' } }, spec: pod.spec } },
  },
};

const others: readonly (readonly [string, Partial<AdmissionRequest>])[] = [
  ['UPDATE', { operation: 'UPDATE' }],
  ['DELETE', { operation: 'DELETE', object: null }],
  ['CONNECT', { operation: 'CONNECT' }],
  ['a subresource', { subResource: 'eviction' }],
  ['a requested subresource', { requestSubResource: 'binding' }],
  ['a Deployment of another version', { kind: { group: 'apps', version: 'v2', kind: 'Deployment' } }],
  ['the scale of a Deployment', { kind: deployment.kind, subResource: 'scale' }],
  ['the deletion of a Deployment', { kind: deployment.kind, operation: 'DELETE', object: null }],
  ['a Pod of another group', { kind: { group: 'metrics.k8s.io', version: 'v1', kind: 'Pod' } }],
  ['a Pod of another version', { kind: { group: '', version: 'v2', kind: 'Pod' } }],
];
for (const [what, changes] of others) {
  test(`${what} is let through untouched, as unsupported`, () => {
    const { handler, seen } = setup();
    const { response } = handler.admit(request(changes), 'unknown');
    const auditAnnotations = { outcome: 'skipped', reason: 'unsupported' };
    assert.deepEqual(response, { uid: 'f0a1', allowed: true, auditAnnotations });
    assert.equal(seen.length, 0);
  });
}

test('the creation of a Pod without a Pod is malformed', () => {
  const { handler } = setup();
  const { response } = handler.admit(request({ object: null }), 'unknown');
  assert.equal(response.auditAnnotations?.['reason'], 'malformed');
});

test('empty and null subresources are none', () => {
  const { handler, seen } = setup();
  handler.admit(request({ subResource: '', requestSubResource: null as unknown as string }), 'unknown');
  assert.equal(seen.length, 1);
});

const injected: Decision = {
  outcome: 'injected',
  reason: 'injected',
  profiles: ['http'],
  targets: [
    {
      container: 'web',
      port: 8080,
      scheme: 'http',
      path: '/m',
      params: [],
      interval: '15s',
      timeout: '5s',
      source: 'http',
    },
  ],
  problems: [{ code: 'unknown-key', path: 'podscrape.dev/prot', message: 'unknown key, ignored' }],
  added: NOTHING_ADDED,
  changed: {},
  violations: [],
};

test('a decision becomes patch, warnings, audit annotations, metrics and one log line', async () => {
  let now = 0;
  const { metrics, lines, log } = { metrics: createMetrics({ version: '1' }), ...recordingLog() };
  const changed = {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, 'prometheus.io/port': '8080' } },
  };
  const handler = createHandler({
    config: () => engine,
    metrics,
    log,
    clock: () => (now += 0.123_456),
    stages: { inject: () => ({ decision: injected, pod: changed }) },
  });
  const { response } = handler.admit(request(), 'unknown');
  const patch = [{ op: 'add', path: '/metadata/annotations/prometheus.io~1port', value: '8080' }];
  assert.deepEqual(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()), patch);
  assert.deepEqual(response.warnings, ['podscrape.dev/prot: unknown key, ignored']);
  assert.deepEqual(response.auditAnnotations, {
    outcome: 'injected',
    reason: 'injected',
    profiles: 'http',
    targets: 'web:8080',
    problems: 'unknown-key',
  });
  assert.equal(
    await metric(metrics, 'podscrape_admission_decisions_total{outcome="injected",reason="injected"}'),
    1,
  );
  assert.equal(await metric(metrics, 'podscrape_admission_duration_seconds_count'), 1);
  assert.equal(await metric(metrics, 'podscrape_problems_total{code="unknown-key"}'), 1);
  const patchBytes = JSON.stringify(patch).length;
  assert.equal(await metric(metrics, 'podscrape_admission_patch_bytes_sum'), patchBytes);
  const [{ time, ...line } = {}, ...more] = lines;
  assert.deepEqual(more, []);
  assert.ok(time);
  assert.deepEqual(line, {
    level: 'info',
    uid: 'f0a1',
    namespace: 'shop',
    generateName: 'web-',
    kind: 'v1/Pod',
    operation: 'CREATE',
    dryRun: false,
    outcome: 'injected',
    reason: 'injected',
    profiles: ['http'],
    targets: ['web:8080'],
    problems: [{ code: 'unknown-key', path: 'podscrape.dev/prot' }],
    patchOps: 1,
    patchBytes,
    durationMs: 0.123,
    msg: 'decision',
  });
});

test('the log names the Pod and the workload that controls it', () => {
  const { handler, lines } = setup();
  const ownerReferences = [
    { kind: 'Node', name: 'n' },
    { kind: 'ReplicaSet', name: 'web-5d', controller: true },
  ];
  handler.admit(request({ object: { ...pod, metadata: { name: 'web-5d-x', ownerReferences } } }), 'unknown');
  assert.equal(lines[0]?.['name'], 'web-5d-x');
  assert.equal(lines[0]['owner'], 'ReplicaSet/web-5d');
});

for (const metadata of [
  null,
  7,
  'x',
  [],
  { ownerReferences: 7 },
  { ownerReferences: [null, 7] },
  { name: {} },
]) {
  test(`metadata of a wrong shape is no trouble to the log: ${JSON.stringify(metadata)}`, () => {
    const { handler, lines } = setup();
    handler.admit(request({ object: { ...pod, metadata } }), 'unknown');
    assert.deepEqual(
      lines.map(({ msg }) => msg),
      ['decision'],
    );
  });
}

test('a dry run gets the identical answer', () => {
  const { log } = recordingLog();
  const metrics = createMetrics({ version: '1' });
  const handler = createHandler({ config: () => engine, metrics, log, clock: () => 0 });
  const wet = handler.admit(request({ dryRun: false }), 'unknown');
  assert.ok(wet.response.patch !== undefined, 'there is a patch to compare');
  assert.deepEqual(handler.admit(request({ dryRun: true }), 'unknown'), wet);
});

test('the configuration is the one in force at the moment of the request', () => {
  const { log } = recordingLog();
  const metrics = createMetrics({ version: '1' });
  let config = engine;
  const prefixes: string[] = [];
  const handler = createHandler({
    config: () => config,
    metrics,
    log,
    clock: () => 0,
    stages: {
      inject(before, _surroundings, { annotationPrefix }) {
        prefixes.push(annotationPrefix);
        return { decision: skipped('no-request'), pod: before };
      },
    },
  });
  handler.admit(request(), 'unknown');
  config = { ...engine, annotationPrefix: 'other.example' };
  handler.admit(request(), 'unknown');
  assert.deepEqual(prefixes, ['podscrape.dev', 'other.example']);
});
