import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDuration } from '../../src/core/duration.ts';

// The cases of prometheus/common model/time_test.go's rules: units in falling order, whole numbers, int64 nanoseconds.
const cases: readonly (readonly [text: string, milliseconds: number | undefined])[] = [
  ['0', 0],
  ['0w', 0],
  ['15s', 15_000],
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1h1m1s1ms', 3_661_001],
  ['1y', 31_536_000_000],
  ['2w3d', 1_468_800_000],
  ['292y', 9_208_512_000_000],
  ['293y', undefined],
  ['', undefined],
  ['1', undefined],
  ['1.5s', undefined],
  ['-1s', undefined],
  ['+1s', undefined],
  ['1s1m', undefined],
  ['1s 1ms', undefined],
  ['1d1d', undefined],
  ['1us', undefined],
  ['１s', undefined],
];

describe('parseDuration', () => {
  for (const [text, milliseconds] of cases) {
    it(`${JSON.stringify(text)} → ${milliseconds ?? 'nothing'}`, () =>
      assert.equal(parseDuration(text), milliseconds));
  }
});
