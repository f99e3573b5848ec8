import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Pace } from '../../src/certificates/pace.ts';

test('after so many writes in half a minute there is one in four seconds', () => {
  let now = 1000;
  const pace = new Pace(3, () => now);
  const waits = () => Array.from({ length: 2 }, () => pace.wait());
  assert.equal(pace.wait(), 0);
  assert.deepEqual(waits(), [0, 0]);
  assert.deepEqual(waits(), [4000, 4000], 'asking is no write');
  now += 3999;
  assert.equal(pace.wait(), 1);
  now += 1;
  assert.deepEqual(waits(), [0, 4000]);
  now += 30_000;
  assert.deepEqual(waits(), [0, 0], 'quiet since');
});
