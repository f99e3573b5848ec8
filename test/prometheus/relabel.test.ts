import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { compareNames, makeLabels } from '../../src/prometheus/labels.ts';
import type { CompiledRule, NameValidation } from '../../src/prometheus/relabel-rule.ts';
import { compileRule } from '../../src/prometheus/relabel-rule.ts';
import { relabel, relabelOnly } from '../../src/prometheus/relabel.ts';
import type { RelabelConfig } from '../../src/prometheus/scrape-config.ts';
import { Random } from '../fuzz/random.ts';
import { ACCEPTED, REFUSED } from './relabel-refused.ts';
import { randomCase } from './relabel-random.ts';
import { RELABEL_TABLE } from './relabel-table.ts';

function rulesOf(configs: readonly RelabelConfig[], validation: NameValidation = 'utf8'): CompiledRule[] {
  return configs.map((config) => {
    const compiled = compileRule(config, validation);
    assert.ok('rule' in compiled, 'problems' in compiled ? compiled.problems[0]?.message : '');
    return compiled.rule;
  });
}

describe('what rules make of labels', () => {
  for (const { what, rules, labels, want, validation } of RELABEL_TABLE)
    it(what, () => {
      const base = makeLabels(Object.entries(labels));
      const { labels: result } = relabel(base, rulesOf(rules, validation));
      assert.deepEqual(result && Object.fromEntries(result), want ?? undefined);
      assert.deepEqual(relabelOnly(base, rulesOf(rules, validation)), result);
      assert.deepEqual(Object.fromEntries(base), labels);
    });
});

describe('what is refused', () => {
  for (const { config, validation = 'utf8', problems } of REFUSED)
    it(`${validation} ${JSON.stringify(config, bigints).slice(0, 90)}`, () => {
      const compiled = compileRule(config, validation);
      const found = 'problems' in compiled ? compiled.problems : [];
      assert.deepEqual(
        found.map(({ path }) => path.join('.')),
        problems.map(([path]) => path),
      );
      for (const [index, [, message]] of problems.entries())
        assert.match(found[index]?.message ?? '', message);
    });

  for (const [config, validation] of ACCEPTED)
    it(`not ${validation} ${JSON.stringify(config, bigints)}`, () => void rulesOf([config], validation));
});

describe('steps', () => {
  it('tell what each rule did, up to the one that drops', () => {
    const rules = rulesOf([
      { source_labels: ['a', 'b'], regex: '(.*);(.*)', target_label: 't', replacement: '$2' },
      { action: 'keep', source_labels: ['t'], regex: 'y' },
      { source_labels: ['a'], target_label: 'a' },
      { source_labels: ['a'], regex: 'other', target_label: 'z' },
      { action: 'labelmap', regex: '([at])', replacement: '${1}2' },
      { target_label: 't', replacement: 'w' },
      { action: 'labeldrop', regex: 'a.*' },
      { action: 'drop', source_labels: ['t'], regex: 'w' },
      { target_label: 'never', replacement: 'reached' },
    ]);
    const { labels, steps } = relabel(makeLabels(Object.entries({ b: 'y', a: 'x' })), rules);
    assert.equal(labels, undefined);
    const none = undefined;
    assert.deepEqual(steps, [
      { rule: 0, effect: 'changed', input: 'x;y', changes: [{ name: 't', before: none, after: 'y' }] },
      { rule: 1, effect: 'kept', input: 'y', changes: [] },
      { rule: 2, effect: 'nothing', input: 'x', changes: [] },
      { rule: 3, effect: 'nothing', input: 'x', changes: [] },
      {
        rule: 4,
        effect: 'changed',
        changes: [
          // What a rule has set, if only to what it was, comes in the order of being set.
          { name: 't2', before: none, after: 'y' },
          { name: 'a2', before: none, after: 'x' },
        ],
      },
      { rule: 5, effect: 'changed', changes: [{ name: 't', before: 'y', after: 'w' }] },
      {
        rule: 6,
        effect: 'changed',
        changes: [
          { name: 'a', before: 'x', after: none },
          { name: 'a2', before: 'x', after: none },
        ],
      },
      { rule: 7, effect: 'dropped', input: 'w', changes: [] },
    ]);
  });
});

describe('whatever the rules', () => {
  const cases = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((run) => randomCase(new Random(1, run)));

  it('the changes of the steps lead from the labels to the result', () => {
    let followed = 0;
    fc.assert(
      fc.property(cases, ({ rules, legacy, labels }) => {
        const compiled = rules.map((rule) => compileRule(rule, legacy ? 'legacy' : 'utf8'));
        const running = compiled.flatMap((one) => ('rule' in one ? [one.rule] : []));
        for (const target of labels) {
          const base = makeLabels(Object.entries(target));
          const { labels: result, steps } = relabel(base, running);
          const replayed = new Map(base);
          for (const { changes } of steps)
            for (const { name, before, after } of changes) {
              assert.equal(replayed.get(name), before);
              if (after === undefined) replayed.delete(name);
              else replayed.set(name, after);
              followed++;
            }
          if (result === undefined) assert.equal(steps.at(-1)?.effect, 'dropped');
          else assert.deepEqual([...result], [...makeLabels(replayed)]);
        }
      }),
      { numRuns: 500, seed: 7 },
    );
    assert.ok(followed > 200, `${followed} changes`);
  });

  it('labels are sorted as Go sorts them, and none is empty', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string())), (entries) => {
        const names = [...makeLabels(entries).keys()];
        const bytes = names.map((name) => Buffer.from(name));
        assert.deepEqual(
          bytes,
          bytes.toSorted((a, b) => Buffer.compare(a, b)),
        );
        assert.ok(![...makeLabels(entries).values()].includes(''));
      }),
      { seed: 7 },
    );
    assert.ok(compareNames('\uffee', '😀') < 0);
  });
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
