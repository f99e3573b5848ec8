// What is no AdmissionReview gets a 4xx that says why, and nothing of its own text back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harness, metric, problem, request, review } from './support.ts';

const json = { 'content-type': 'application/json' };
const withRequest = (changes: object) =>
  JSON.stringify({ ...review(), request: { ...request(), ...changes } });

const rows: readonly (readonly [
  what: string,
  body: string,
  status: number,
  error: string,
  message: RegExp,
])[] = [
  [
    'not JSON',
    '{"apiVersion": CANARY',
    400,
    'malformed-json',
    /^the body is not JSON; POST an AdmissionReview/,
  ],
  ['nothing', '', 400, 'empty-body', /^the request has no body/],
  ['null', 'null', 400, 'not-a-review', /: it is null$/],
  ['a list', '[]', 400, 'not-a-review', /: it is a list$/],
  ['a text', '"CANARY"', 400, 'not-a-review', /: it is "CANARY"$/],
  ['another kind', '{"apiVersion":"v1","kind":"Pod"}', 400, 'not-a-review', /: kind is "Pod"$/],
  [
    'v1beta1',
    JSON.stringify({ ...review(), apiVersion: 'admission.k8s.io/v1beta1' }),
    400,
    'wrong-version',
    /^apiVersion is "admission.k8s.io\/v1beta1", .* `admissionReviewVersions: \[v1\]` in the webhook configuration$/,
  ],
  [
    'no request',
    '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}',
    400,
    'no-request',
    /request is missing/,
  ],
  ['a request without uid', withRequest({ uid: undefined }), 400, 'no-uid', /^request.uid is missing/],
  ['an empty uid', withRequest({ uid: '' }), 400, 'no-uid', /^request.uid is empty/],
  ['a uid that is a number', withRequest({ uid: 7 }), 400, 'no-uid', /^request.uid is a number/],
  [
    'no operation',
    withRequest({ operation: null }),
    400,
    'bad-field',
    /request.operation must .* it is null$/,
  ],
  [
    'no kind',
    withRequest({ kind: 'Pod' }),
    400,
    'bad-field',
    /request.kind must be an object .* it is "Pod"$/,
  ],
  [
    'half a kind',
    withRequest({ kind: { group: '', kind: 'Pod' } }),
    400,
    'bad-field',
    /request.kind.version must be a text, it is missing$/,
  ],
  [
    'an object that is a list',
    withRequest({ object: [] }),
    400,
    'bad-field',
    /request.object must be an object or null/,
  ],
  [
    'a namespace that is none',
    withRequest({ namespace: 7 }),
    400,
    'bad-field',
    /request.namespace must be a text/,
  ],
];

for (const [what, payload, status, error, message] of rows) {
  test(`${what}: ${status} ${error}`, async (t) => {
    const { server, metrics } = harness(t);
    const reply = await server.app.inject({ method: 'POST', url: '/mutate', headers: json, payload });
    const body = problem({ text: reply.payload });
    assert.deepEqual([reply.statusCode, body.error], [status, error]);
    assert.match(body.message, message);
    assert.equal(await metric(metrics, `podscrape_admission_rejected_requests_total{status="${status}"}`), 1);
  });
}

test('no body and no content type either: 400 empty-body', async (t) => {
  const { server } = harness(t);
  const reply = await server.app.inject({ method: 'POST', url: '/mutate' });
  assert.deepEqual([reply.statusCode, problem({ text: reply.payload }).error], [400, 'empty-body']);
});

test('a value that is long or odd is not repeated', async (t) => {
  const { server } = harness(t);
  for (const kind of ['CANARY'.repeat(10), 'CANARY\u0007', 'CANARY é', '<CANARY>']) {
    const payload = JSON.stringify({ ...review(), kind });
    const reply = await server.app.inject({ method: 'POST', url: '/mutate', headers: json, payload });
    assert.equal(reply.statusCode, 400);
    assert.doesNotMatch(reply.payload, /CANARY/);
  }
});

for (const type of [
  'text/plain',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'nonsense',
  undefined,
]) {
  test(`content type ${type ?? 'missing'}: 415`, async (t) => {
    const { server } = harness(t);
    const headers = type === undefined ? {} : { 'content-type': type };
    const payload = Buffer.from(JSON.stringify(review()));
    const reply = await server.app.inject({ method: 'POST', url: '/mutate', headers, payload });
    assert.deepEqual(
      [reply.statusCode, problem({ text: reply.payload }).error],
      [415, 'unsupported-media-type'],
    );
  });
}

test('a content type with a charset is taken', async (t) => {
  const { server } = harness(t);
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const payload = JSON.stringify(review());
  assert.equal(
    (await server.app.inject({ method: 'POST', url: '/mutate', headers, payload })).statusCode,
    200,
  );
});

for (const url of ['/', '/mutate/', '/mutate/pods', '/validate/', '/%zz', '/__proto__', '//mutate']) {
  test(`POST ${url}: 404 that names the paths`, async (t) => {
    const { server } = harness(t);
    const payload = JSON.stringify(review());
    const reply = await server.app.inject({ method: 'POST', url: `https://x${url}`, headers: json, payload });
    assert.equal(reply.statusCode, 404);
    assert.match(problem({ text: reply.payload }).message, /POST on \/mutate, \/mutate\/namespace, /);
  });
}

for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const) {
  test(`${method} /mutate: 405 with Allow`, async (t) => {
    const { server } = harness(t);
    const reply = await server.app.inject({ method, url: '/mutate?timeout=3s' });
    assert.deepEqual([reply.statusCode, reply.headers['allow']], [405, 'POST']);
    assert.equal(problem({ text: reply.payload }).error, 'method-not-allowed');
  });
}
