// Rules and labels against Prometheus' own code: `npm run fuzz:relabel -- --runs 100000 --seed 7`.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

import { fuzzRelabel } from './relabel-fuzz.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = number('seed', values.seed, randomInt(2 ** 31));
const only = values.only === undefined ? undefined : number('only', values.only, 0);
const runs = only === undefined ? number('runs', values.runs, 100_000) : 1;

console.log(`seed ${seed}, ${runs} configurations`);
const { differences, ...counts } = await fuzzRelabel({
  seed,
  from: only ?? 0,
  runs,
  progress: (done) => {
    if (done % 10_000 === 0) console.log(`${done} done`);
  },
});
for (const difference of differences.slice(0, 25)) console.error(`${difference}\n`);
const { refused, targets, dropped, changed } = counts;
console.log(
  `${refused} refused by both; ${targets} label sets, of which ${dropped} dropped and ${changed} changed`,
);
console.log(`${differences.length} differences in ${runs} configurations of seed ${seed}`);
process.exitCode = differences.length === 0 ? 0 : 1;

function number(flag: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${flag} takes a whole number, not ${JSON.stringify(text)}`);
  process.exit(2);
}
