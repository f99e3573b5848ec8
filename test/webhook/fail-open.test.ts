// Whatever fails, wherever: the object goes on unchanged, and one warning, one metric and one log line tell of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SelfCheckError } from '../../src/core/patch.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { FailOpenStage, Metrics } from '../../src/telemetry/metrics.ts';
import { FAILED_OPEN_WARNING, createHandler } from '../../src/webhook/handler.ts';
import type { HandlerOptions } from '../../src/webhook/handler.ts';
import { engine, harness, metric, recordingLog, request, review, verdict } from './support.ts';

const boom = (): never => {
  throw new Error('CANARY');
};

type Fault = (metrics: Metrics) => Partial<HandlerOptions>;
const faults: Readonly<Record<string, readonly [FailOpenStage, Fault]>> = {
  clock: ['config', () => ({ clock: boom })],
  config: ['config', () => ({ config: boom })],
  inject: ['inject', () => ({ stages: { inject: boom } })],
  makePatch: ['patch', () => ({ stages: { makePatch: boom } })],
  'self-check': [
    'self-check',
    () => ({
      stages: {
        makePatch: () => {
          throw new SelfCheckError('a container name is there twice');
        },
      },
    }),
  ],
  encodePatch: ['encode', () => ({ stages: { encodePatch: boom } })],
  'a patch that is no JSON': ['encode', () => ({ stages: { makePatch: () => [1n] } })],
  'log.info': ['log', () => ({ log: { info: boom, error: recordingLog().log.error } })],
  'metrics.problems': ['metrics', (metrics) => ({ metrics: { ...metrics, problems: boom } })],
  'metrics.patchSent': ['metrics', (metrics) => ({ metrics: { ...metrics, patchSent: boom } })],
  'metrics.duration': ['metrics', (metrics) => ({ metrics: { ...metrics, duration: boom } })],
};

const failedOpen = (reason: string) => ({
  uid: 'f0a1',
  allowed: true,
  warnings: [FAILED_OPEN_WARNING],
  auditAnnotations: { outcome: 'skipped', reason },
});

for (const [what, [stage, fault]] of Object.entries(faults)) {
  test(`${what} fails: the Pod goes on`, async () => {
    const { log, lines, text } = recordingLog();
    const metrics = createMetrics({ version: '1' });
    const handler = createHandler({
      config: () => engine,
      metrics,
      log,
      clock: () => 0,
      ...fault(metrics),
      ...(what === 'log.info' && { log: { info: boom, error: log.error.bind(log) } }),
    });
    const { response } = handler.admit(request(), 'unknown');
    const reason = stage === 'self-check' ? 'self-check' : 'error';
    assert.deepEqual(response, failedOpen(reason));
    assert.equal(await metric(metrics, `podscrape_admission_failed_open_total{stage="${stage}"}`), 1);
    const errors = lines.filter(({ level }) => level === 'error');
    assert.equal(errors.length, 1);
    assert.deepEqual(
      [errors[0]?.['uid'], errors[0]?.['stage'], errors[0]?.['reason']],
      ['f0a1', stage, reason],
    );
    assert.ok(Array.isArray(errors[0]?.['stack']) && errors[0]['stack'].length > 0, 'the log has the stack');
    assert.doesNotMatch(text(), /CANARY/, 'the log has nothing that an exception quotes');
  });
}

test('with metrics and log both broken there is still an answer', () => {
  const broken = new Proxy({}, { get: () => boom }) as never;
  const handler = createHandler({ config: () => engine, metrics: broken, log: broken, clock: () => 0 });
  assert.deepEqual(handler.admit(request(), 'unknown').response, failedOpen('error'));
});

test('what is thrown need not be an error', () => {
  const thrown: unknown[] = [undefined, null, 'CANARY', 7, { CANARY: 1 }];
  for (const value of thrown) {
    const { log, text } = recordingLog();
    const throwing = () => {
      throw value;
    };
    const options = { config: () => engine, metrics: createMetrics({ version: '1' }), log, clock: () => 0 };
    const { response } = createHandler({ ...options, stages: { inject: throwing } }).admit(
      request(),
      'unknown',
    );
    assert.deepEqual(response, failedOpen('error'));
    assert.doesNotMatch(text(), /CANARY/);
  }
});

const post = { method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' } } as const;

for (const [what, admit] of Object.entries({
  throws: boom,
  'answers what is no JSON': () => ({ response: 1n }) as never,
})) {
  test(`a handler that ${what} is answered for by the error handler`, async (t) => {
    const { server, metrics } = harness(t, { handler: { admit } });
    const reply = await server.app.inject({ ...post, payload: JSON.stringify(review()) });
    assert.equal(reply.statusCode, 200);
    assert.deepEqual(verdict({ text: reply.payload }), failedOpen('error'));
    assert.equal(await metric(metrics, 'podscrape_admission_failed_open_total{stage="serve"}'), 1);
  });
}

test('without a uid to answer with, a bug is a 500', async (t) => {
  const { server, logText } = harness(t);
  server.app.addHook('preParsing', boom);
  const reply = await server.app.inject({ ...post, payload: JSON.stringify(review()) });
  assert.equal(reply.statusCode, 500);
  assert.deepEqual(JSON.parse(reply.payload), {
    error: 'internal',
    message: 'podscrape failed; its log says why',
  });
  assert.doesNotMatch(logText(), /CANARY/);
});
