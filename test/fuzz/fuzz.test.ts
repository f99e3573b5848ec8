import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fuzz } from './run.ts';
import type { Summary } from './run.ts';

// The same requests in every run, so that a run tells about the change under test; `npm run fuzz` explores.
const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 20261121);

describe(`${runs} generated requests of seed ${seed}`, () => {
  let summary: Summary;
  before(async () => {
    summary = await fuzz({ seed, from: 0, runs });
  });

  it('each is answered as it must be', () => {
    assert.equal(summary.failures.map(({ message }) => message).join('\n\n'), '');
    assert.equal(summary.failed, 0);
  });

  it('the requests are worth it: many are injected, many refused, and few are turned away at the door', () => {
    const share = (start: string): number =>
      [...summary.outcomes].reduce((sum, [key, count]) => sum + (key.startsWith(start) ? count : 0), 0) /
      runs;
    assert.ok(summary.patched / runs > 0.3, `${summary.patched} patches`);
    assert.ok(share('injected') > 0.1);
    assert.ok(share('refused') > 0.05);
    assert.ok(share('skipped malformed') > 0.02);
    assert.ok(share('4') > 0.02 && share('4') < 0.2);
  });
});
