import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { toLower, toUpper } from '../../src/prometheus/case.ts';
import { isGoLetterOrDigit } from '../../src/prometheus/unicode.ts';
import { whyUnavailable } from '../cluster/binaries.ts';
import { skipOrFail } from '../cluster/require.ts';
import { fuzzRelabel } from './relabel-fuzz.ts';
import type { RelabelSummary } from './relabel-fuzz.ts';
import type { Oracle } from './relabel-oracle.ts';
import { rulesYaml, startOracle } from './relabel-oracle.ts';
import { ACCEPTED, REFUSED } from './relabel-refused.ts';
import { RELABEL_TABLE } from './relabel-table.ts';

// The same in every run, so that a run tells about the change under test; `npm run fuzz:relabel` explores.
const runs = Number(process.env['FUZZ_RUNS'] ?? 5_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 20261121);
const SUITE = "relabelling against Prometheus' own code";
const options = skipOrFail(SUITE, await whyUnavailable(['relabel-oracle']), process.env);

describe(SUITE, options, () => {
  let oracle: Oracle;
  before(async () => {
    oracle = await startOracle();
  });
  after(() => oracle.stop());

  it('says what the table says', async () => {
    const answers = await oracle.ask(
      RELABEL_TABLE.map(({ rules, labels, validation }) => ({
        rules: rulesYaml(rules),
        legacy: validation === 'legacy',
        labels: [labels],
      })),
    );
    for (const [index, { what, want }] of RELABEL_TABLE.entries())
      assert.deepEqual(answers[index]?.results ?? answers[index]?.error, [want], what);
  });

  it('refuses what is refused, and nothing else', async () => {
    const all = [...REFUSED.map(({ config, validation }) => [config, validation] as const), ...ACCEPTED];
    const answers = await oracle.ask(
      all.map(([config, validation]) => ({ rules: rulesYaml([config]), legacy: validation === 'legacy' })),
    );
    for (const [index, [config]] of all.entries())
      assert.equal(answers[index]?.error !== undefined, index < REFUSED.length, rulesYaml([config]));
  });

  it('has the same letters, digits and cases, of every code point', async () => {
    const [answer] = await oracle.ask([{ unicode: true }]);
    const table = answer?.unicode ?? {};
    assert.ok(Object.keys(table).length > 100_000);
    const differing: string[] = [];
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      const [lower, upper, kind] = table[code] ?? [code, code, 0];
      const same =
        toLower(character) === String.fromCodePoint(lower) &&
        toUpper(character) === String.fromCodePoint(upper) &&
        isGoLetterOrDigit(character) === (kind !== 0);
      if (!same) differing.push(code.toString(16));
    }
    assert.deepEqual(differing, []);
  });

  describe(`${runs} generated configurations of seed ${seed}`, () => {
    let summary: RelabelSummary;
    before(async () => {
      summary = await fuzzRelabel({ seed, from: 0, runs });
    });

    it('there is no difference', () => assert.equal(summary.differences.join('\n\n'), ''));

    it('they are worth it: many run, many are refused, many change labels', () => {
      assert.ok(summary.refused > runs * 0.1, `${summary.refused} refused`);
      assert.ok(summary.targets > runs, `${summary.targets} label sets`);
      assert.ok(summary.changed > summary.targets * 0.3, `${summary.changed} changed`);
      assert.ok(summary.dropped > summary.targets * 0.1, `${summary.dropped} dropped`);
    });
  });
});
