// POST /validate: denied is what a policy enforces, in words to act on; everything else passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveConfig } from '../../src/config/effective.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createHandler, FAILED_OPEN_WARNING } from '../../src/webhook/handler.ts';
import type { HandlerOptions } from '../../src/webhook/handler.ts';
import { harness, metric, pod, recordingLog, request, review, verdict } from './support.ts';

const file: ConfigFile = {
  policies: [
    {
      name: 'platform',
      namespaceSelector: { matchLabels: { team: 'shop' } },
      mode: 'enforce',
      conventions: { allowedPorts: { ranges: [9000], severity: 'deny' }, requireRequest: 'warn' },
    },
  ],
};
const shop = { labels: { team: 'shop' }, annotations: {} };

function setup(options: Partial<HandlerOptions> = {}) {
  const { log, lines } = recordingLog();
  const metrics = createMetrics({ version: '1' });
  const { engine } = effectiveConfig(file);
  const handler = createHandler({
    config: () => engine,
    metrics,
    log,
    clock: () => 0,
    namespaces: (name) => (name === 'shop' ? shop : name === 'elsewhere' ? { labels: {} } : undefined),
    ...options,
  });
  return { handler, metrics, lines };
}

const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
const deployment = (port: string, labels = {}) => ({
  metadata: { name: 'web', labels },
  spec: { template: { metadata: { annotations: { 'podscrape.dev/port': port } }, spec: pod.spec } },
});

test('a Pod off convention is denied, and told where, what and how to go on', async () => {
  const { handler, metrics, lines } = setup();
  const { response } = handler.validate(request());
  assert.equal(response.allowed, false);
  assert.equal(response.status?.code, 403);
  const { message } = response.status;
  for (const part of ['"platform"', 'podscrape.dev/port', '8080', '9000', 'podscrape.dev/inject'])
    assert.ok(message.includes(part), `${part}: ${message}`);
  assert.deepEqual(response.auditAnnotations, {
    outcome: 'injected',
    reason: 'injected',
    profiles: 'http',
    targets: 'web:8080',
    policy: 'platform/enforce',
    violations: 'allowedPorts:deny',
    verdict: 'denied',
  });
  assert.equal(await metric(metrics, 'podscrape_validations_total{verdict="denied"}'), 1);
  assert.equal(lines[0]?.['verdict'], 'denied');
});

test('a Pod on convention is allowed', () => {
  const object = { ...pod, metadata: { annotations: { 'podscrape.dev/port': '9000' } } };
  const { response } = setup().handler.validate(request({ object }));
  assert.equal(response.allowed, true);
  assert.equal(response.warnings, undefined);
});

test('where the policy only watches nobody is denied', () => {
  const watched = { labels: { team: 'shop', 'podscrape.dev/mode': 'audit' }, annotations: {} };
  const [policy] = file.policies ?? [];
  assert.ok(policy !== undefined);
  const { engine } = effectiveConfig({ policies: [{ ...policy, allowOverride: true }] });
  const { handler } = setup({ config: () => engine, namespaces: () => watched });
  const { response } = handler.validate(request());
  assert.equal(response.allowed, true);
  assert.equal(response.warnings, undefined);
  assert.equal(response.auditAnnotations?.['violations'], 'allowedPorts:deny');
});

test('a namespace without a policy, and one that nobody knows', () => {
  const { handler } = setup();
  const elsewhere = handler.validate(request({ namespace: 'elsewhere' }));
  assert.deepEqual(elsewhere.response, { uid: 'f0a1', allowed: true });
  const { response } = handler.validate(request({ namespace: 'other' }));
  assert.deepEqual(response.auditAnnotations, { verdict: 'unknown' });
  const { engine } = effectiveConfig(file);
  const blind = createHandler({
    config: () => engine,
    metrics: createMetrics({ version: '1' }),
    log: recordingLog().log,
    clock: () => 0,
  });
  const unknown = { uid: 'f0a1', allowed: true, auditAnnotations: { verdict: 'unknown' } };
  assert.deepEqual(blind.validate(request()).response, unknown);
});

const passing: Readonly<Record<string, Parameters<typeof request>[0]>> = {
  'an unrelated update': {
    kind,
    operation: 'UPDATE',
    object: deployment('8080', { other: 'label' }),
    oldObject: deployment('8080'),
  },
  'one that is being deleted': {
    kind,
    operation: 'UPDATE',
    object: {
      ...deployment('8080'),
      metadata: { name: 'web', deletionTimestamp: '2026-11-21T00:00:00Z' },
    },
    oldObject: deployment('9000'),
  },
  'one that another controls': {
    kind,
    object: {
      ...deployment('8080'),
      metadata: { name: 'web', ownerReferences: [{ kind: 'Rollout', name: 'web', controller: true }] },
    },
  },
  'a malformed one': { kind, object: { spec: 7 } },
  'a malformed Pod': { object: { spec: { containers: 7 } } },
  'an UPDATE of a Pod': { operation: 'UPDATE' },
  'a subresource': { subResource: 'status' },
};
for (const [what, changes] of Object.entries(passing)) {
  test(`${what} passes`, () => {
    assert.deepEqual(setup().handler.validate(request(changes)).response, { uid: 'f0a1', allowed: true });
  });
}

test('a workload off convention is denied on CREATE, and on an UPDATE that changes its template', () => {
  const { handler } = setup();
  const created = handler.validate(request({ kind, object: deployment('8080') }));
  assert.equal(created.response.allowed, false);
  const changed = { kind, operation: 'UPDATE', object: deployment('8080'), oldObject: deployment('9000') };
  assert.equal(handler.validate(request(changed)).response.allowed, false);
});

test('whatever fails, the object is allowed', async () => {
  const judge = (): never => {
    throw new Error('CANARY');
  };
  const { handler, metrics } = setup({ stages: { judge } });
  const { response } = handler.validate(request());
  assert.equal(response.allowed, true);
  assert.deepEqual(response.warnings, [FAILED_OPEN_WARNING]);
  assert.equal(await metric(metrics, 'podscrape_admission_failed_open_total{stage="validate"}'), 1);
});

test('over HTTP', async (t) => {
  const { server } = harness(t);
  const reply = await server.app.inject({ method: 'POST', url: '/validate', payload: review() });
  assert.equal(reply.statusCode, 200);
  assert.deepEqual(verdict({ text: reply.body }), { uid: 'f0a1', allowed: true });
});
