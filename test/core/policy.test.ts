import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { StringMap } from '../../src/core/kubernetes.ts';
import type { Conventions, Exemption, Policy, PolicyMode } from '../../src/core/policy.ts';
import {
  canDeny,
  capSeverity,
  effectiveMode,
  exemptionFor,
  policyFor,
  POLICY_MODES,
} from '../../src/core/policy.ts';
import type { Problem } from '../../src/core/problem.ts';
import { problemText, severity } from '../../src/core/problem.ts';
import { policyOf } from './policies.ts';

describe('policyFor', () => {
  const policies = [
    policyOf({ name: 'own', namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }),
    policyOf({ name: 'production', namespaceSelector: { matchLabels: { stage: 'production' } } }),
    policyOf({ name: 'all' }),
  ];
  const cases: readonly (readonly [
    name: string,
    labels: Policy['namespaceSelector']['matchLabels'],
    string,
  ])[] = [
    ['web', { stage: 'production' }, 'production'],
    ['web', { stage: 'test' }, 'all'],
    ['web', {}, 'all'],
    ['shop', {}, 'own'],
    ['shop', { stage: 'production' }, 'own'],
    ['web', { 'kubernetes.io/metadata.name': 'shop' }, 'all'],
  ];
  for (const [name, labels = {}, expected] of cases) {
    it(`${name} ${JSON.stringify(labels)}: the first that matches, ${expected}`, () =>
      assert.equal(policyFor({ name, labels }, { policies })?.name, expected));
  }

  it('is none where the labels are unknown', () =>
    assert.equal(policyFor({ name: 'shop' }, { policies }), undefined));
  it('is none where none matches', () =>
    assert.equal(policyFor({ name: 'web', labels: {} }, { policies: policies.slice(0, 2) }), undefined));
});

describe('effectiveMode', () => {
  const modeOf = (
    mode: PolicyMode | undefined,
    label: string | undefined,
    allowOverride = false,
  ): { mode: PolicyMode; problems: string[] } => {
    const problems: Problem[] = [];
    const policy = mode === undefined ? undefined : policyOf({ name: 'payments', mode, allowOverride });
    const labels = label === undefined ? {} : { 'podscrape.dev/mode': label };
    const found = effectiveMode(policy, labels, 'podscrape.dev', problems);
    for (const problem of problems) {
      assert.equal(problem.code, 'policy-label');
      assert.equal(severity(problem), 'warning');
      assert.ok(problemText(problem).length <= 120, problemText(problem));
    }
    return { mode: found, problems: problems.map(problemText) };
  };

  it('is the policy’s, without a policy inject', () => {
    for (const mode of POLICY_MODES) assert.deepEqual(modeOf(mode, undefined), { mode, problems: [] });
    assert.deepEqual(modeOf(undefined, undefined), { mode: 'inject', problems: [] });
    assert.equal(effectiveMode(undefined, undefined, 'podscrape.dev', []), 'inject');
  });

  POLICY_MODES.forEach((mode, strictness) => {
    POLICY_MODES.forEach((label, asked) => {
      it(`policy ${mode}, label ${label}: the stricter one; with allowOverride ${label}`, () => {
        const looser = asked < strictness;
        const { mode: found, problems } = modeOf(mode, label);
        assert.equal(found, looser ? mode : label);
        assert.equal(problems.length, looser ? 1 : 0);
        assert.deepEqual(modeOf(mode, label, true), { mode: label, problems: [] });
      });
    });
  });

  it('tightens without a policy too, and tells who tries to loosen', () => {
    assert.deepEqual(modeOf(undefined, 'warn'), { mode: 'warn', problems: [] });
    assert.deepEqual(modeOf(undefined, 'audit'), {
      mode: 'inject',
      problems: ['podscrape.dev/mode: namespace label ignored, audit is looser than inject, the default'],
    });
    assert.deepEqual(modeOf('enforce', 'warn').problems, [
      'podscrape.dev/mode: namespace label ignored, warn is looser than enforce, that of policy "payments"',
    ]);
  });

  it('ignores a bad label, with or without allowOverride, and says what is allowed', () => {
    for (const allowOverride of [false, true]) {
      assert.deepEqual(modeOf('warn', 'enforced', allowOverride), {
        mode: 'warn',
        problems: [
          'podscrape.dev/mode: namespace label ignored, "enforced" is not audit, inject, warn or enforce; did you mean enforce?',
        ],
      });
    }
    assert.equal(modeOf('warn', 'Enforce').mode, 'warn', 'the webhook configuration selects enforce only');
    assert.equal(modeOf('warn', '').problems.length, 1);
    assert.equal(modeOf('warn', 'x'.repeat(63)).problems.length, 1);
  });

  it('finds no label where it is inherited', () =>
    assert.equal(
      effectiveMode(undefined, Object.create({ 'p/mode': 'enforce' }) as StringMap, 'p', []),
      'inject',
    ));
});

describe('exemptionFor', () => {
  const until = Date.UTC(2027, 0, 31);
  const exemption = (app: string, more: Partial<Exemption> = {}): Exemption => ({
    selector: { matchLabels: { app } },
    until,
    reason: app,
    ...more,
  });
  const policy = policyOf({ exemptions: [exemption('a'), exemption('b', { until: 0 }), exemption('b')] });
  const found = (app: string, now: number | undefined): Exemption | undefined =>
    exemptionFor(policy, { app }, now);

  it('is found by the Pod’s labels', () => {
    assert.equal(found('a', 0), policy.exemptions[0]);
    assert.equal(found('c', 0), undefined);
    assert.equal(exemptionFor(policy, undefined, 0), undefined);
  });
  it('ends at its moment', () => {
    assert.equal(found('a', until - 1), policy.exemptions[0]);
    assert.equal(found('a', until), undefined);
  });
  it('leaves a later one to count when the first is over', () =>
    assert.equal(found('b', 1), policy.exemptions[2]));
  it('has not ended where there is no clock', () =>
    assert.equal(found('b', undefined), policy.exemptions[1]));
});

describe('capSeverity', () => {
  const cases = [
    ['audit', undefined, undefined],
    ['inject', undefined, undefined],
    ['warn', 'warn', 'warn'],
    ['enforce', 'warn', 'deny'],
  ] as const;
  for (const [mode, warn, deny] of cases) {
    it(`${mode}: warn → ${warn ?? 'nothing'}, deny → ${deny ?? 'nothing'}`, () => {
      assert.equal(capSeverity(mode, 'warn'), warn);
      assert.equal(capSeverity(mode, 'deny'), deny);
    });
  }
});

describe('canDeny', () => {
  const cases: readonly (readonly [Conventions, boolean])[] = [
    [{}, false],
    [{ requireRequest: 'warn', minInterval: { interval: '15s', severity: 'warn' } }, false],
    [{ requireRequest: 'deny' }, true],
    [{ requireRequest: 'warn', minInterval: { interval: '15s', severity: 'deny' } }, true],
  ];
  for (const [conventions, expected] of cases) {
    it(`${JSON.stringify(conventions)}: ${expected}`, () =>
      assert.equal(canDeny(policyOf({ conventions })), expected));
  }
});
