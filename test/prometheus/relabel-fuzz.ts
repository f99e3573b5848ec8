/** Generated rules and labels, through podscrape's engine and through Prometheus' own code: both must say the same. */
import { isDeepStrictEqual } from 'node:util';

import { makeLabels } from '../../src/prometheus/labels.ts';
import type { CompiledRule, ConfigProblem } from '../../src/prometheus/relabel-rule.ts';
import { compileRule } from '../../src/prometheus/relabel-rule.ts';
import { relabel, relabelOnly } from '../../src/prometheus/relabel.ts';
import { Random } from '../fuzz/random.ts';
import { rulesYaml, startOracle } from './relabel-oracle.ts';
import type { OracleAnswer } from './relabel-oracle.ts';
import { randomCase } from './relabel-random.ts';
import type { RelabelCase } from './relabel-random.ts';

export interface RelabelFuzz {
  readonly seed: number;
  readonly from: number;
  readonly runs: number;
  readonly progress?: (done: number) => void;
}

export interface RelabelSummary {
  /** Configurations that both refuse. */
  refused: number;
  /** Label sets that went through the rules, and what came of them. */
  targets: number;
  dropped: number;
  changed: number;
  readonly differences: string[];
}

const BATCH = 500;

export async function fuzzRelabel({ seed, from, runs, progress }: RelabelFuzz): Promise<RelabelSummary> {
  const summary: RelabelSummary = { refused: 0, targets: 0, dropped: 0, changed: 0, differences: [] };
  const oracle = await startOracle();
  try {
    for (let start = from; start < from + runs; start += BATCH) {
      const count = Math.min(BATCH, from + runs - start);
      const cases = Array.from({ length: count }, (_, index) => randomCase(new Random(seed, start + index)));
      const asked = oracle.ask(
        cases.map(({ rules, legacy, labels }) => ({ rules: rulesYaml(rules), legacy, labels })),
      );
      // Both at once.
      const ours = cases.map(oursOf);
      const theirs = await asked;
      for (const [index, one] of cases.entries())
        compare(start + index, one, ours[index] as Ours, theirs[index] ?? {}, summary);
      progress?.(start - from + count);
    }
  } finally {
    oracle.stop();
  }
  return summary;
}

/** What podscrape says: problems, or the labels of each target. */
interface Ours {
  readonly problems: readonly ConfigProblem[];
  readonly results: readonly (Readonly<Record<string, string>> | null)[];
}

export function oursOf({ rules, legacy, labels }: RelabelCase): Ours {
  const compiled = rules.map((rule) => compileRule(rule, legacy ? 'legacy' : 'utf8'));
  const problems = compiled.flatMap((one) => ('problems' in one ? one.problems : []));
  if (problems.length > 0) return { problems, results: [] };
  const running = compiled.flatMap((one) => ('rule' in one ? [one.rule] : []));
  return { problems, results: labels.map((target) => resultOf(target, running)) };
}

function resultOf(
  target: Readonly<Record<string, string>>,
  rules: readonly CompiledRule[],
): Record<string, string> | null {
  const labels = makeLabels(Object.entries(target));
  const traced = relabel(labels, rules).labels;
  const plain = relabelOnly(labels, rules);
  if (!isDeepStrictEqual(traced, plain)) throw new Error('with and without steps, the labels differ');
  return plain === undefined ? null : Object.fromEntries(plain);
}

function compare(
  run: number,
  asked: RelabelCase,
  ours: Ours,
  theirs: OracleAnswer,
  summary: RelabelSummary,
): void {
  const tell = (what: string): void => {
    const labels = JSON.stringify(asked.labels);
    summary.differences.push(
      `run ${run}: ${what}\n${rulesYaml(asked.rules)}\nlegacy ${asked.legacy}, ${labels}`,
    );
  };
  if (theirs.error !== undefined) {
    if (ours.problems.length === 0) tell(`Prometheus refuses it: ${theirs.error}`);
    else summary.refused++;
    return;
  }
  if (ours.problems.length > 0) {
    tell(
      `podscrape refuses it: ${ours.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    );
    return;
  }
  for (const [index, target] of asked.labels.entries()) {
    const [our, their] = [ours.results[index], theirs.results?.[index]];
    summary.targets++;
    if (their === null) summary.dropped++;
    else if (!isDeepStrictEqual(their, target)) summary.changed++;
    if (!isDeepStrictEqual(our, their))
      tell(`target ${index}\n  podscrape  ${JSON.stringify(our)}\n  Prometheus ${JSON.stringify(their)}`);
  }
}
