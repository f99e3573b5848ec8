import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiError } from '../../src/kube/api-server.ts';
import { Outage, pauseMs } from '../../src/kube/outage.ts';
import { WATCH_TIMES } from '../../src/kube/resource-watch.ts';
import { keptLog } from './support.ts';

test('pauses double from half a second to ten, less up to a half', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 5000];
  assert.deepEqual(
    pauses.map((failures) => pauseMs(failures, WATCH_TIMES, 0)),
    [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000],
  );
  assert.deepEqual(
    pauses.map((failures) => pauseMs(failures, WATCH_TIMES, 1)),
    [250, 500, 1000, 2000, 4000, 5000, 5000, 5000],
  );
});

function outage() {
  const log = keptLog();
  const backoff = { firstMs: 500, longestMs: 10_000 };
  const source = "the Pod's ServiceAccount";
  return { log, outage: new Outage({ resource: 'namespaces', source, log, backoff, random: () => 0 }) };
}

test('one warning for each way of failing, one line when it is back, nothing when nothing was', () => {
  const { log, outage: it } = outage();
  it.over();
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.96.0.1:443'), { code: 'ECONNREFUSED' });
  it.failed('watch', refused, true);
  for (let times = 0; times < 100; times++) it.failed('list', refused, true);
  it.failed('list', new ApiError(503, 'etcd is away'), true);
  it.over();
  it.over();
  it.failed('watch', refused, true);
  const message = 'watch interrupted, the last known state is in use';
  const resource = 'namespaces';
  const cut = {
    level: 'warn',
    message,
    resource,
    step: 'watch',
    reason: refused.message,
    retryInSeconds: 0.5,
  };
  assert.deepEqual(log.at('debug').length, 99);
  assert.deepEqual(
    log.lines.filter(({ level }) => level !== 'debug'),
    [
      cut,
      { ...cut, step: 'list', retryInSeconds: 1 },
      { ...cut, step: 'list', reason: 'status 503: etcd is away', retryInSeconds: 10 },
      { level: 'info', message: 'watch is back', resource, failures: 102 },
      cut,
    ],
  );
});

test('before the first full list there is no last known state', () => {
  const { log, outage: it } = outage();
  it.failed('list', new Error('no answer'), false);
  assert.equal(log.lines[0]?.message, 'nothing listed yet');
});

test('says what to do about credentials and rights', () => {
  const { log, outage: it } = outage();
  it.failed('list', new ApiError(401, 'Unauthorized'), true);
  it.failed('list', new ApiError(403, 'namespaces is forbidden'), true);
  assert.deepEqual(
    log.lines.map(({ hint }) => hint),
    [
      "the API server does not know the credentials of the Pod's ServiceAccount",
      'bind a ClusterRole that allows list and watch on namespaces to that user',
    ],
  );
});

test('names what failed at each address of a name, and lets no control characters through', () => {
  const { log, outage: it } = outage();
  it.failed(
    'list',
    new AggregateError([new Error('connect ECONNREFUSED ::1'), new Error('timed out')]),
    true,
  );
  it.failed('list', new Error('line\none'), true);
  it.failed('list', 'no error at all', true);
  it.failed('list', new Error('x'.repeat(1000)), true);
  assert.deepEqual(log.lines.map(({ reason }) => reason).slice(0, 3), [
    'Error: connect ECONNREFUSED ::1; Error: timed out',
    'line one',
    'no error at all',
  ]);
  assert.equal(log.lines[3]?.reason?.length, 300);
});
