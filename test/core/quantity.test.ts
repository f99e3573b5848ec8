import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseQuantity, sameQuantity } from '../../src/core/quantity.ts';

describe('parseQuantity', () => {
  const cases: readonly (readonly [text: string, number: number | undefined])[] = [
    ['128Mi', 134_217_728],
    ['1Gi', 1_073_741_824],
    ['1G', 1_000_000_000],
    ['0.5', 0.5],
    ['.5', 0.5],
    ['1.', 1],
    ['1e3', 1000],
    ['12E-1', 1.2],
    ['2E', 2e18],
    ['1k', 1000],
    ['', undefined],
    ['1KiB', undefined],
    ['Mi', undefined],
    ['1 Gi', undefined],
  ];
  for (const [text, number] of cases) {
    it(`${JSON.stringify(text)} → ${number ?? 'nothing'}`, () => assert.equal(parseQuantity(text), number));
  }
  it('10m → 0.01', () => assert.ok(Math.abs((parseQuantity('10m') ?? 0) - 0.01) < 1e-12));
});

describe('sameQuantity', () => {
  it('sees through the spelling', () => {
    assert.ok(sameQuantity('1', '1000m'));
    assert.ok(sameQuantity('1024Mi', '1Gi'));
    assert.ok(sameQuantity('odd', 'odd'));
  });
  it('tells amounts apart', () => {
    assert.ok(!sameQuantity('1', '999m'));
    assert.ok(!sameQuantity('1G', '1Gi'));
    assert.ok(!sameQuantity('odd', 'strange'));
  });
});
