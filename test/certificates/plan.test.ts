import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { dueAt, plan, superfluous } from '../../src/certificates/plan.ts';
import type { Action, Authority, Held, Leaf, Present, Wish } from '../../src/certificates/plan.ts';

const DAY = 24 * 3600 * 1000;
const wish: Wish = { life: 90 * DAY, authorityLife: 1800 * DAY, settle: 10_000 };
/** Everything is made at 0 and looked at a day later. */
const now = DAY;

function authority(id: string, more: Partial<Authority> = {}): Authority {
  return { id, own: true, made: 0, from: -3600_000, until: 1800 * DAY, ...more };
}

function leaf(more: Partial<Leaf> = {}): Leaf {
  return { authority: 'a', made: 0, from: -3600_000, until: 90 * DAY, lacking: [], ...more };
}

function held(more: Partial<Held> = {}): Held {
  const ends = { a: 90 * DAY };
  return { authorities: [authority('a')], signing: 'a', leaf: leaf(), ends, rotate: false, ...more };
}

interface Row {
  readonly when: string;
  readonly held: Held;
  readonly wish?: Partial<Wish>;
  readonly present?: Partial<Present>;
  readonly action: Action;
  readonly reason: RegExp;
  readonly urgent?: boolean;
}

const both = [authority('b'), authority('a')];
const { leaf: some, ...leafless } = held();
const { signing, ...keyless } = held();
assert.ok(some !== undefined && signing === 'a');

const rows: readonly Row[] = [
  { when: 'all is good', held: held(), action: 'none', reason: /all is well/ },
  {
    when: 'nothing is there',
    held: { authorities: [], ends: {}, rotate: false },
    action: 'create',
    reason: /no certificate/,
    urgent: true,
  },
  { when: 'the leaf is damaged', held: leafless, action: 'sign', reason: /no certificate/, urgent: true },
  {
    when: 'the leaf is damaged and only the next CA has a key',
    held: { ...leafless, authorities: both, signing: 'gone', next: 'b' },
    action: 'switch',
    reason: /no certificate/,
    urgent: true,
  },
  {
    when: 'the leaf is damaged and the CA has expired',
    held: { ...leafless, authorities: [authority('a', { until: now - 1 })] },
    action: 'create',
    reason: /no certificate/,
    urgent: true,
  },
  {
    when: 'the leaf expired while nobody ran',
    held: held({ leaf: leaf({ until: now - 1 }) }),
    action: 'sign',
    reason: /expired at 1970-01-01T23:59:59.999Z/,
    urgent: true,
  },
  {
    when: 'the leaf expired, and the clients may not know the next CA: they take nothing as it is',
    held: { ...keyless, authorities: both, next: 'b', leaf: leaf({ until: now - 1 }) },
    action: 'switch',
    reason: /expired/,
    urgent: true,
  },
  {
    when: 'the clock is two days behind',
    held: held(),
    present: { now: -2 * DAY },
    action: 'none',
    reason: /not valid before 1969-12-31T23:00:00.000Z; is the clock right\?/,
  },
  {
    when: 'just before two thirds of the life',
    held: held(),
    present: { now: 60 * DAY - 1 },
    action: 'none',
    reason: /well/,
  },
  {
    when: 'at two thirds of the life',
    held: held(),
    present: { now: 60 * DAY },
    action: 'sign',
    reason: /due for renewal at 1970-03-02T00:00:00.000Z/,
  },
  {
    when: 'half of the last third is over, and no leader has renewed it',
    held: held(),
    present: { now: 75 * DAY },
    action: 'sign',
    reason: /due/,
    urgent: true,
  },
  {
    when: 'a shorter life is asked for now',
    held: held(),
    wish: { life: DAY },
    action: 'sign',
    reason: /due/,
  },
  {
    when: 'a longer life is asked for now',
    held: held(),
    wish: { life: 900 * DAY },
    action: 'none',
    reason: /well/,
  },
  {
    when: 'the names have changed',
    held: held({ leaf: leaf({ lacking: ['b.svc', 'c.svc'] }) }),
    action: 'sign',
    reason: /not for b\.svc, c\.svc/,
  },
  {
    when: 'the leaf ends with its CA: a new one would too',
    held: held({ authorities: [authority('a', { until: 90 * DAY })] }),
    wish: { authorityLife: 90 * DAY },
    present: { now: 59 * DAY },
    action: 'none',
    reason: /well/,
  },
  {
    when: 'the CA is two thirds through its life',
    held: held({ leaf: leaf({ made: 1199 * DAY, until: 1289 * DAY }) }),
    present: { now: 1200 * DAY },
    action: 'introduce',
    reason: /the authority was due for renewal/,
  },
  {
    when: 'the key of the CA is gone',
    held: keyless,
    action: 'introduce',
    reason: /key of the authority is gone/,
  },
  {
    when: 'someone asks for a new CA',
    held: held({ rotate: true }),
    action: 'introduce',
    reason: /someone asked/,
  },
  {
    when: 'the new CA is not published yet',
    held: held({ authorities: both, next: 'b' }),
    action: 'none',
    reason: /well/,
  },
  {
    when: 'the new CA has just been published',
    held: held({ authorities: both, next: 'b' }),
    present: { published: now - 9_999 },
    action: 'none',
    reason: /well/,
  },
  {
    when: 'every API server has had time to read it',
    held: held({ authorities: both, next: 'b' }),
    present: { published: now - 10_000 },
    action: 'switch',
    reason: /published/,
  },
  {
    when: 'the leaf is due while the new CA waits to be published: the old one still signs',
    held: held({ authorities: both, next: 'b' }),
    present: { now: 60 * DAY },
    action: 'sign',
    reason: /due/,
  },
  {
    when: 'the key has become that of another CA in the bundle, which may not be known yet',
    held: held({ authorities: both, signing: 'b' }),
    present: { now: 60 * DAY },
    action: 'none',
    reason: /well/,
  },
  {
    when: 'a leaf of the earlier CA may still be in use',
    held: held({
      authorities: both,
      signing: 'b',
      leaf: leaf({ authority: 'b' }),
      ends: { a: now, b: 90 * DAY },
    }),
    action: 'none',
    reason: /well/,
  },
  {
    when: 'no leaf of the earlier CA can be in use',
    held: held({
      authorities: both,
      signing: 'b',
      leaf: leaf({ authority: 'b' }),
      ends: { a: now - 1, b: 90 * DAY },
    }),
    action: 'tidy',
    reason: /an earlier authority/,
  },
];

suite('the plan', () => {
  for (const row of rows) {
    test(`${row.when}: ${row.action}`, () => {
      const step = plan(row.held, { ...wish, ...row.wish }, { now, published: undefined, ...row.present });
      assert.equal(step.action, row.action);
      assert.match(step.reason, row.reason);
      assert.equal(step.urgent, row.urgent ?? false);
    });
  }

  test('renewal counts from the making, not from an hour before', () => {
    assert.equal(dueAt(leaf(), wish.life), 60 * DAY);
    assert.equal(dueAt(leaf({ made: 3000, until: 63_000 }), 60_000), 43_000);
  });

  test('what someone else put into the bundle stays until it is over', () => {
    const theirs = [authority('x', { own: false }), authority('y', { own: false, until: now - 1 })];
    assert.deepEqual(superfluous(held({ authorities: [authority('a'), ...theirs] }), now), ['y']);
  });

  test('without a record, an earlier CA stays until its own end', () => {
    const before = held({ authorities: both, signing: 'b', leaf: leaf({ authority: 'b' }), ends: {} });
    assert.deepEqual(superfluous(before, 1799 * DAY), []);
    assert.deepEqual(superfluous(before, 1800 * DAY + 1), ['a']);
  });
});
