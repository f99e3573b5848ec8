import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkReview, uidOf } from '../../src/webhook/review.ts';
import { request, review } from './support.ts';

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

test('a good review is passed on as it is: the same object, nothing added, taken away or turned', () => {
  const body = deepFreeze({
    ...review(),
    extra: 1,
    request: {
      ...request(),
      userInfo: { username: 'me' },
      object: { spec: { containers: [{ ports: '8080' }] } },
    },
  });
  const before = JSON.stringify(body);
  const checked = checkReview(body);
  assert.ok(checked.ok);
  assert.equal(checked.request, body.request);
  assert.equal(JSON.stringify(body), before);
});

test('DELETE carries null, and what need not be there may be null', () => {
  assert.ok(checkReview(review({ operation: 'DELETE', object: null })).ok);
  const bare = {
    ...review(),
    request: { ...request(), object: undefined, namespace: null, subResource: null },
  };
  assert.ok(checkReview(bare).ok);
});

test('the uid is found in whatever has one, and nowhere else', () => {
  assert.equal(uidOf({ request: { uid: 'a' } }), 'a');
  for (const body of [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { request: [] },
    { request: { uid: 7 } },
    { request: { uid: '' } },
  ]) {
    assert.equal(uidOf(body), undefined);
  }
});
