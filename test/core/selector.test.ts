import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { StringMap } from '../../src/core/kubernetes.ts';
import type { LabelRequirement, LabelSelector } from '../../src/core/selector.ts';
import { matches, selectorText } from '../../src/core/selector.ts';

const one = (key: string, operator: LabelRequirement['operator'], ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
});

const WEB = { app: 'web', tier: 'front' };

// Kubernetes, apimachinery/pkg/labels/selector.go: what each operator says of a present and of an absent key.
const cases: readonly (readonly [selector: LabelSelector, labels: StringMap | undefined | null, boolean])[] =
  [
    [{}, WEB, true],
    [{}, undefined, true],
    [{}, null, true],
    [{ matchLabels: {} }, {}, true],
    [{ matchLabels: { app: 'web' } }, WEB, true],
    [{ matchLabels: { app: 'web', tier: 'front' } }, WEB, true],
    [{ matchLabels: { app: 'web', tier: 'back' } }, WEB, false],
    [{ matchLabels: { app: 'web' } }, {}, false],
    [{ matchLabels: { app: '' } }, {}, false],
    [{ matchLabels: { app: '' } }, { app: '' }, true],
    [one('app', 'In', 'api', 'web'), WEB, true],
    [one('app', 'In', 'api'), WEB, false],
    [one('app', 'In', 'web'), undefined, false],
    [one('app', 'In'), WEB, false],
    [one('app', 'NotIn', 'web'), WEB, false],
    [one('app', 'NotIn', 'api'), WEB, true],
    [one('app', 'NotIn', 'api'), {}, true],
    [one('app', 'Exists'), WEB, true],
    [one('app', 'Exists'), { app: '' }, true],
    [one('app', 'Exists'), {}, false],
    [one('app', 'DoesNotExist'), WEB, false],
    [one('app', 'DoesNotExist'), {}, true],
    [{ matchLabels: { app: 'web' }, ...one('tier', 'Exists') }, WEB, true],
    [{ matchLabels: { app: 'web' }, ...one('tier', 'DoesNotExist') }, WEB, false],
    [{ matchLabels: { app: 'api' }, ...one('tier', 'Exists') }, WEB, false],
    [one('constructor', 'Exists'), {}, false],
    [one('__proto__', 'Exists'), {}, false],
    [one('__proto__', 'DoesNotExist'), JSON.parse('{"__proto__": "x"}') as StringMap, false],
    [one('__proto__', 'In', 'x'), JSON.parse('{"__proto__": "x"}') as StringMap, true],
    [JSON.parse('{"matchLabels": {"__proto__": "x"}}') as LabelSelector, {}, false],
  ];

describe('matches', () => {
  for (const [selector, labels, expected] of cases) {
    it(`${JSON.stringify(selector)} on ${JSON.stringify(labels)}: ${expected}`, () =>
      assert.equal(matches(selector, labels), expected));
  }
});

describe('selectorText', () => {
  const texts: readonly (readonly [LabelSelector, string])[] = [
    [{}, ''],
    [{ matchLabels: { app: 'web', tier: 'a' } }, 'app=web,tier=a'],
    [{ matchLabels: { app: 'web' }, ...one('tier', 'In', 'a', 'b') }, 'app=web,tier in (a,b)'],
    [one('tier', 'In', 'a'), 'tier=a'],
    [one('tier', 'NotIn', 'a'), 'tier!=a'],
    [one('tier', 'NotIn', 'a', 'b'), 'tier notin (a,b)'],
    [one('tier', 'Exists'), 'tier'],
    [one('tier', 'DoesNotExist'), '!tier'],
  ];
  for (const [selector, text] of texts) it(text, () => assert.equal(selectorText(selector), text));
});
