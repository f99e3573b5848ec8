import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { checkStatsdMapping } from '../../src/core/statsd-mapping.ts';
import { gunicorn } from '../../src/profiles/gunicorn.ts';
import { ACCEPTED, REFUSED } from '../core/statsd-mappings.ts';
import { ensureBinaries } from './binaries.ts';
import { requireCluster } from './require.ts';

/** What is written behind each key: right, and (most of it) wrong somewhere else. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  match_metric_type: ['counter', 'observer', 'gauge', 'timer', '""'],
  labels: ['{job: "$1"}', '{job: x, on: y}', '{a: b}', '{job-x: y}', '\n    job: x\n    job: y', '[job]'],
  help: ['some words', '"quoted: $1"', '|\n    more\n    lines', '5', 'null', '{a: b}', '@a', '"\\/"'],
  action: ['map', 'drop', '""', 'keep', 'Null'],
  observer_type: ['histogram', 'summary', 'null', '~', 'Histogram', '"~"'],
  summary_options: [
    '{quantiles: [{quantile: 0.5, error: 0.1}], max_age: 30s}',
    'null',
    '{age_buckets: -1}',
    'Null',
  ],
  histogram_options: [
    '{buckets: [.1, 1e3, .inf]}',
    'null',
    '{native_histogram_max_buckets: 1.5}',
    '{buckets: 1}',
  ],
  ttl: ['30s', '1h2m3.5s', '0', '1_000', '"5"', '1d', '-1m', '0b-1', '1e30', '1e15', 'yes'],
  scale: ['0.001', '1e-3', '0x10', '010', '09', '"1"', '1e999', '-.inf', 'on', '2001-01-01'],
  honor_labels: ['true', 'yes', 'Off', 'n', '1', '"true"'],
  nam: ['x', 'y'],
};
const GLOBS = ['a.b', '"*"', '*', 'a.*.c-d', 'a..b', '1.b', 'a.1', 'a.b*', '_', 'null', '"*.*"'];
const REGEXES = [
  "'a(.*)b'",
  '^a\\.(\\w+)$',
  '"(?P<n>\\\\d{1,3})"',
  "'a('",
  '(?=a)',
  "'[[:alpha:]]'",
  'a**',
  'a{1001}',
];
const NAMES = ['x', 'x_$1', '${1}_x', 'x:y', '1x', '""', '$1}', 'a b', '!!str x', 'ns_x_total'];

/** The first two of a row are right: mostly one of them, or hardly any file would be accepted. */
const pick = (values: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...values.slice(0, 2)) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );

const field = fc
  .constantFrom(...Object.keys(VALUES))
  .chain((key) => pick(VALUES[key]!).map((value) => [key, value] as const));
const rule = fc.oneof(
  pick(GLOBS).map((match) => [`match: ${match}`]),
  pick(REGEXES).map((match) => [`match: ${match}`, 'match_type: regex']),
);
const mapping = fc
  .tuple(rule, pick(NAMES), fc.uniqueArray(field, { maxLength: 3, selector: ([key]) => key }))
  .map(([lines, name, more]) =>
    [...lines, `name: ${name}`, ...more.map(([key, value]) => `${key}: ${value}`)].join('\n  '),
  );
const file = fc
  .tuple(
    fc.option(
      pick(['ttl: 5m', 'match_type: regex', 'observer_type: histogram', 'glob_disable_ordering: yes']),
    ),
    fc.array(mapping, { minLength: 1, maxLength: 3 }),
  )
  .map(([layer, mappings]) =>
    [
      ...(layer === null ? [] : [`defaults: {${layer}}`]),
      'mappings:',
      ...mappings.map((one) => `- ${one}`),
      '',
    ].join('\n'),
  );

/** A file with one fault of the hand: a character too many or too few, a line twice or not at all. */
const mutated = fc
  .tuple(
    fc.constantFrom(
      ...Object.values(ACCEPTED).filter((text) => text.startsWith('mappings:') && !text.includes('!!')),
      gunicorn.exporter!.mapping!,
    ),
    fc.nat(),
    fc.constantFrom('', '"', "'", '{', '}', '[', ']', ',', ':', ': ', '#', '!', '&', '\t', '\\', '%', '- '),
    fc.constantFrom('insert', 'replace', 'drop line', 'repeat line'),
  )
  .map(([text, place, piece, how]) => {
    if (how === 'insert' || how === 'replace') {
      const at = text.indexOf('\n') + 1 + (place % (text.length - text.indexOf('\n') - 1));
      return text.slice(0, at) + piece + text.slice(at + (how === 'replace' ? 1 : 0));
    }
    const lines = text.split('\n');
    const index = place % lines.length;
    lines.splice(index, 1, ...(how === 'drop line' ? [] : [lines[index]!, lines[index]!]));
    return lines.join('\n');
  });

const SEED = 20_240_917;

describe(
  'checkStatsdMapping beside statsd_exporter --check-config',
  await requireCluster('statsd mappings', ['statsd_exporter']),
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'podscrape-mapping-'));
    let command: string;

    before(async () => {
      ({ statsd_exporter: command } = await ensureBinaries(['statsd_exporter']));
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** Both verdicts of every text; those that differ, with what each says. */
    async function differences(texts: readonly string[]): Promise<{ refused: number; differing: unknown[] }> {
      let refused = 0;
      const differing: unknown[] = [];
      const one = async (text: string, index: number): Promise<void> => {
        const path = join(folder, `${index}.yaml`);
        writeFileSync(path, text);
        const { isAccepted, output } = await realVerdict(command, path);
        const messages = checkStatsdMapping(text);
        if (!isAccepted) refused++;
        if (isAccepted !== (messages.length === 0)) differing.push({ text, output, messages });
      };
      const queue = texts.entries();
      const worker = async (): Promise<void> => {
        for (const [index, text] of queue) await one(text, index);
      };
      await Promise.all([worker(), worker(), worker()]);
      return { refused, differing };
    }

    it('is of one mind about every mapping written by hand', async () => {
      const texts = [...Object.values(ACCEPTED), ...REFUSED.map(([text]) => text)];
      const { refused, differing } = await differences(texts);
      assert.deepEqual(differing, []);
      assert.equal(refused, REFUSED.length);
    });

    for (const [name, arbitrary] of Object.entries({
      'put together': file,
      'with a slip of the hand': mutated,
    })) {
      it(`is of one mind about mappings ${name}`, async () => {
        const texts = fc.sample(arbitrary, { seed: SEED, numRuns: 200 });
        const { refused, differing } = await differences(texts);
        assert.deepEqual(differing, []);
        assert.ok(
          refused > 40 && refused < 160,
          `${refused} of ${texts.length} refused: the test says little`,
        );
      });
    }
  },
);

function realVerdict(command: string, path: string): Promise<{ isAccepted: boolean; output: string }> {
  return new Promise((resolve) => {
    execFile(command, ['--check-config', `--statsd.mapping-config=${path}`], (error, _out, output) =>
      resolve({ isAccepted: error === null, output }),
    );
  });
}
