import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { causeOf } from '../../src/prometheus/health.ts';
import { PRESETS } from '../../src/prometheus/presets/index.ts';
import { checkSessions, pageText } from './sessions.ts';

describe('docs/how-prometheus-finds-your-pod.md', () => {
  const page = pageText('docs/how-prometheus-finds-your-pod.md');
  checkSessions(page, 10);

  it('names every preset but our own', () => {
    for (const { name } of PRESETS) if (name !== 'podscrape') assert.ok(page.includes(`\`${name}\``), name);
  });

  it('lists errors that explain has a cause for', () => {
    const errors = [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, error = '']) => error);
    assert.equal(errors.length, 7);
    for (const error of errors) assert.notEqual(causeOf(error).code, 'other', error);
  });
});
