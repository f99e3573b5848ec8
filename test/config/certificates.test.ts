import assert from 'node:assert/strict';
import { test } from 'node:test';

import { configOf } from '../../src/config/load.ts';

function lives(text: string) {
  const loaded = configOf({ text }, 'podscrape.yaml');
  return loaded.ok ? loaded.config.certificates : loaded.problems;
}

test('lives: the defaults, and what the file says', () => {
  assert.deepEqual(lives(''), { life: '90d', authorityLife: '1825d' });
  assert.deepEqual(lives('certificates: {life: 12h}'), { life: '12h', authorityLife: '1825d' });
  assert.deepEqual(lives('certificates: {life: 5s, authorityLife: 5s}'), { life: '5s', authorityLife: '5s' });
});

for (const [text, problem] of [
  ['{life: 4s}', 'certificates.life: "4s" is no duration of at least 5s; write it like 90d, 12h or 30m'],
  ['{authorityLife: soon}', 'certificates.authorityLife: "soon" is no duration of at least 5s; write it'],
  ['{life: 90}', 'certificates.life: is 90; a string is wanted'],
  ['{life: 2000d}', 'certificates.life: a certificate cannot live longer (2000d) than its authority (1825d)'],
  [
    '{authorityLife: 30d}',
    'certificates.authorityLife: a certificate cannot live longer (90d) than its authority (30d)',
  ],
  ['{lifetime: 90d}', 'certificates.lifetime: '],
] as const) {
  test(`certificates: ${text} is refused`, () => {
    const found = lives(`certificates: ${text}`);
    assert.ok(Array.isArray(found), JSON.stringify(found));
    assert.ok(String(found[0]).includes(problem), String(found[0]));
  });
}
