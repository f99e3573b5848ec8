import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examine } from './invariants.ts';
import type { Depth } from './invariants.ts';
import { Cases } from './reviews.ts';
import type { Case } from './reviews.ts';
import { shrunk } from './shrink.ts';
import { createSubject } from './subject.ts';
import type { Subject } from './subject.ts';

/** A run whose outcome is not as it must be. */
export interface Failure {
  readonly run: number;
  readonly fault: string;
  /** A file with the smallest body that still shows the fault. */
  readonly file: string;
  /** What reads well on a terminal: all of the above and how to repeat it. */
  readonly message: string;
}

/** What the runs amounted to. */
export interface Summary {
  readonly runs: number;
  /** How many runs ended in each way: outcome and reason, or status and code. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly patched: number;
  /** The first failures; `failed` counts them all. */
  readonly failures: readonly Failure[];
  readonly failed: number;
}

export interface FuzzOptions {
  readonly seed: number;
  /** The first run and how many. */
  readonly from: number;
  readonly runs: number;
  /** How many different failures are written down before the rest is only counted. */
  readonly most?: number;
  /** Called now and then with the number of runs done. */
  readonly progress?: (done: number) => void;
  /** Called at once with each failure that is written down. */
  readonly onFailure?: (failure: Failure) => void;
}

/** One run in so many is sent through HTTP too; one in so many patched objects is admitted again. */
const WIRE = 100;
const AGAIN = 3;

/** Generates requests and checks what must hold of each answer; the same seed makes the same requests. */
export async function fuzz(options: FuzzOptions): Promise<Summary> {
  const { seed, from, runs, most = 5 } = options;
  const subject = createSubject();
  const cases = new Cases(seed);
  const outcomes = new Map<string, number>();
  const failures: Failure[] = [];
  const known = new Set<string>();
  let patched = 0;
  let failed = 0;
  for (let run = from; run < from + runs; run++) {
    const given = cases.of(run);
    // A run that is repeated alone is checked for everything.
    const depth =
      runs === 1 ? { again: true, wire: true } : { again: run % AGAIN === 0, wire: run % WIRE === 0 };
    const examined = await examine(subject, given, depth);
    outcomes.set(examined.outcome, (outcomes.get(examined.outcome) ?? 0) + 1);
    if (examined.patched) patched += 1;
    if (examined.fault !== undefined) {
      failed += 1;
      const kind = kindOf(examined.fault);
      if (failures.length < most && !known.has(kind)) {
        known.add(kind);
        const failure = await failureOf(subject, given, depth, { seed, run, fault: examined.fault });
        failures.push(failure);
        options.onFailure?.(failure);
      }
    }
    if (run % 50_000 === 49_999) options.progress?.(run + 1 - from);
  }
  return { runs, outcomes, patched, failures, failed };
}

async function failureOf(
  subject: Subject,
  given: Case,
  depth: Depth,
  { seed, run, fault }: { readonly seed: number; readonly run: number; readonly fault: string },
): Promise<Failure> {
  const kind = kindOf(fault);
  const body = await shrunk(given.body, async (smaller) => {
    const examined = await examine(subject, { ...given, body: smaller }, depth);
    return examined.fault !== undefined && kindOf(examined.fault) === kind;
  });
  const file = join(tmpdir(), `podscrape-fuzz-${seed}-${run}.json`);
  writeFileSync(file, body);
  const replay = `npm run fuzz -- --seed ${seed} --only ${run}`;
  const where = `${given.path}, configuration ${given.configuration}`;
  return {
    run,
    fault,
    file,
    message: `run ${run} of seed ${seed} (${where}): ${fault}\n  body: ${file}\n  again: ${replay}`,
  };
}

/** Faults of one cause, as far as words tell: numbers and quoted values are left out. */
function kindOf(fault: string): string {
  return fault.slice(0, 300).replaceAll(/"(?:[^"\\]|\\.)*"?|\d+/g, '…');
}
