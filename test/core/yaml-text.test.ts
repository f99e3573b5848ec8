import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { parse } from 'yaml';

import { withEscapes, yamlText } from '../../src/core/yaml-text.ts';
import { ensurePython } from '../cluster/software/python.ts';
import { requireSoftware } from '../cluster/software/require.ts';
import { ODD_WORDS, oddTexts } from './odd-texts.ts';

const all = [...ODD_WORDS, ...fc.sample(oddTexts, { numRuns: 3000, seed: 20261121 })];
/** Each as an item, as a key, as a value, and deep inside. */
const value = all.map((text) => [text, { [text]: text, k: [{ x: { [text]: [text] } }] }]);

/** The first that were not read as they were meant. */
function wrong(read: unknown): readonly unknown[] {
  const items = read as readonly unknown[];
  return all.filter((_, index) => !isDeepStrictEqual(items[index], value[index])).slice(0, 5);
}

describe('YAML that is printed', () => {
  it('is as people write it', () => {
    assert.equal(
      yamlText({ a: ['b', 'c d'], port: '8080', on: 'no', empty: [], same: [{ x: 1 }] }),
      'a:\n  - b\n  - c d\nport: "8080"\n"on": "no"\nempty: []\nsame:\n  - x: 1\n',
    );
  });

  const rows: readonly (readonly [text: string, printed: string])[] = [
    ['=', '"="'],
    ['a\u0085b', String.raw`"a\u0085b"`],
    ['a\u2028b\u2029', String.raw`"a\u2028b\u2029"`],
    ['\u009B31m', String.raw`"\u009b31m"`],
    ['\u007F', String.raw`"\u007f"`],
    ['\uFEFFa', String.raw`"\ufeffa"`],
    ['a\tb', String.raw`"a\tb"`],
    ['\uD800', '\uFFFD'],
  ];
  for (const [text, printed] of rows)
    it(JSON.stringify(text), () => {
      assert.equal(yamlText({ k: text }), `k: ${printed}\n`);
      assert.equal(yamlText({ [text]: 1 }), `${printed}: 1\n`);
    });

  it('has no anchors', () => {
    const shared = { a: 'b' };
    assert.doesNotMatch(yamlText([shared, shared]), /[&*]/);
  });

  for (const version of ['1.1', '1.2'] as const)
    it(`YAML ${version} reads what was meant`, () => {
      assert.deepEqual(wrong(parse(yamlText(value), { version, maxAliasCount: 0 })), []);
    });
});

// The reference of YAML 1.1.
describe('YAML that is printed, in PyYAML', await requireSoftware('PyYAML', { python: true }), () => {
  it('reads what was meant', async () => {
    const { python } = await ensurePython();
    const program = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)';
    const { stdout, stderr } = spawnSync(python, ['-c', program], {
      input: yamlText(value),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.equal(stderr, '');
    assert.deepEqual(wrong(JSON.parse(stdout)), []);
  });
});

it('JSON with escapes is the same JSON', () => {
  const text = withEscapes(JSON.stringify(value));
  assert.doesNotMatch(text, /[\u007F-\u009F\u2028\u2029]/);
  assert.deepEqual(JSON.parse(text), value);
});
