// Generated and mutated AdmissionReviews against the app, in process: `npm run fuzz -- --runs 1000000 --seed 7`.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz } from './run.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seed = number('seed', values.seed, randomInt(2 ** 31));
const only = values.only === undefined ? undefined : number('only', values.only, 0);
const runs = only === undefined ? number('runs', values.runs, 1_000_000) : 1;

console.log(`seed ${seed}, ${runs} runs`);
const started = performance.now();
const summary = await fuzz({
  seed,
  from: only ?? 0,
  runs,
  progress: (done) =>
    console.log(`${done} runs, ${((performance.now() - started) / done).toFixed(3)} ms each`),
  onFailure: ({ message }) => console.error(`${message}\n`),
});

const sorted = [...summary.outcomes].sort(([, a], [, b]) => b - a);
for (const [outcome, count] of sorted) console.log(`${String(count).padStart(9)}  ${outcome}`);
console.log(`${summary.patched} patches`);
console.log(`\n${summary.failed} failures in ${runs} runs of seed ${seed}`);
process.exitCode = summary.failed === 0 ? 0 : 1;

function number(flag: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  console.error(`--${flag} takes a whole number, not ${JSON.stringify(text)}`);
  process.exit(2);
}
