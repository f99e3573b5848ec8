// Workloads on the wire: what is in their pod template is decided at once, and a patch goes to its places only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createHandler } from '../../src/webhook/handler.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import type { ConfigFile } from '../../src/config/schema.ts';
import { harness, metric, pod, recordingLog, request, review, verdict } from './support.ts';

const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
const deployment = (annotations: Record<string, string>, template: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', annotations },
  spec: { template: { metadata: { labels: { app: 'web' }, ...template }, spec: pod.spec } },
});

function handlerOf(file: ConfigFile = {}) {
  const { log, lines } = recordingLog();
  const metrics = createMetrics({ version: '1' });
  const { engine } = effectiveConfig(file);
  return { handler: createHandler({ config: () => engine, metrics, log, clock: () => 0 }), metrics, lines };
}

function patchOf(response: { readonly patch?: string }): unknown {
  return response.patch === undefined ? [] : JSON.parse(Buffer.from(response.patch, 'base64').toString());
}

test('a Deployment is hoisted: the patch goes to the template and the record', async () => {
  const { handler, metrics, lines } = handlerOf();
  const { response } = handler.admit(
    request({ kind, object: deployment({ 'podscrape.dev/port': '8080' }) }),
    'object',
  );
  assert.deepEqual(patchOf(response), [
    { op: 'add', path: '/spec/template/metadata/annotations', value: { 'podscrape.dev/port': '8080' } },
    {
      op: 'add',
      path: '/metadata/annotations/podscrape.dev~1hoisted',
      value: '{"annotations":{"podscrape.dev/port":"8080"}}',
    },
  ]);
  assert.equal(response.auditAnnotations?.['reason'], 'hoisted');
  const series = 'podscrape_admission_decisions_total{outcome="injected",reason="hoisted"}';
  assert.equal(await metric(metrics, series), 1);
  assert.equal(lines[0]?.['kind'], 'apps/v1/Deployment');
});

test('a bad request on a Deployment is told at once', () => {
  const { handler } = handlerOf();
  const object = deployment({}, { annotations: { 'podscrape.dev/port': '80;' } });
  const { response } = handler.admit(request({ kind, object }), 'object');
  assert.deepEqual(response.warnings, [
    'podscrape.dev/port: "80;" is not a port; use a number from 1 to 65535 or the name of a declared port',
  ]);
  assert.deepEqual(patchOf(response), []);
});

test('an update that changes neither request nor template is left alone', () => {
  const { handler } = handlerOf();
  const oldObject = deployment({ 'podscrape.dev/port': '8080' });
  const object = { ...oldObject, metadata: { ...oldObject.metadata, labels: { other: 'label' } } };
  const { response } = handler.admit(request({ kind, operation: 'UPDATE', object, oldObject }), 'object');
  assert.deepEqual(response, {
    uid: 'f0a1',
    allowed: true,
    auditAnnotations: { outcome: 'skipped', reason: 'unchanged' },
  });
});

test('workloads: inject puts the whole injection into the template', () => {
  const { handler } = handlerOf({ workloads: 'inject' });
  const object = deployment({ 'podscrape.dev/profile': 'statsd' });
  const { response } = handler.admit(request({ kind, object }), 'object');
  const text = JSON.stringify(patchOf(response));
  assert.match(text, /"path":"\/spec\/template\/spec\/containers\/1"/);
  assert.match(text, /prometheus\.io\/scrape/);
});

test('workloads: off leaves them alone', () => {
  const { handler } = handlerOf({ workloads: 'off' });
  const object = deployment({ 'podscrape.dev/profile': 'statsd' });
  const { response } = handler.admit(request({ kind, object }), 'object');
  assert.equal(response.auditAnnotations?.['reason'], 'workloads-off');
});

test('a Deployment over HTTP', async (t) => {
  const { server } = harness(t);
  const reply = await server.app.inject({
    method: 'POST',
    url: '/mutate/object',
    payload: review({ kind, object: deployment({ 'podscrape.dev/port': '8080' }) }),
  });
  assert.equal(reply.statusCode, 200);
  assert.equal(verdict({ text: reply.body }).auditAnnotations?.['reason'], 'hoisted');
});
