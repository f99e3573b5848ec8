import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { compileRegex, partFault } from '../../src/prometheus/regex.ts';

describe('a regular expression within another', () => {
  for (const text of ['(.+)', 'app|team', '(a)|(b)', '(?i)a', '[)]', String.raw`a\)`, String.raw`\Qa)\E`])
    it(text, () => assert.equal(partFault(text), undefined));

  // Prometheus takes the first, which leaves the parentheses that it puts around.
  const PARTS = ['a)|(b', String.raw`\Qa`, '(', String.raw`\p{Nope}`];
  for (const text of PARTS)
    it(`not ${text}`, () => {
      assert.match(partFault(text) ?? '', /is no regular expression of RE2/);
      assert.equal('fault' in compileRegex(text), text !== 'a)|(b');
    });
});
