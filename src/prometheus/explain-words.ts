import { clip, withoutControlCharacters } from '../core/text.ts';
import type { Job } from './job.ts';
import { makeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import type { LabelChange, Step } from './relabel.ts';
import type { RelabelConfig } from './scrape-config.ts';
import { unknownWords } from './target.ts';
import type { FoundTarget } from './target.ts';

/** A value as a person reads it: quoted, cut behind so many characters. */
function shown(text: string | undefined, length: number): string {
  return text === undefined ? 'not set' : `"${clip(withoutControlCharacters(text), length)}"`;
}

/** `rule 3 (keep)`; rules are counted from 1, as people count. */
export function ruleName(step: Step, job: Job): string {
  return `rule ${step.rule + 1} (${configOf(step, job).action ?? 'replace'})`;
}

/**
 * What a step did and why, with the rule's source labels, their value and the regex.
 *
 * @param length how much of a value is shown, in characters
 */
export function stepWords(found: FoundTarget, step: Step, job: Job, length = Infinity): string {
  if (step.reads !== undefined) return `cannot be told: reads ${unknownWords(step.reads)}`;
  const config = configOf(step, job);
  const reason = ruleWords(found, step, config, length);
  if (step.effect === 'dropped' || step.effect === 'kept') return `${step.effect}: ${reason}`;
  if (step.effect === 'nothing') return `nothing: ${reason}`;
  return step.changes.map((change) => changeWords(change, length)).join('; ');
}

/** Why a target was dropped, for a sentence: `keep wants __meta_… to match "true", and it is not set`. */
export function dropWords(found: FoundTarget, job: Job, length = Infinity): string {
  const step = found.steps.at(-1);
  if (step === undefined) return 'no rule';
  return `${ruleName(step, job)}: ${ruleWords(found, step, configOf(step, job), length)}`;
}

function changeWords({ name, before, after }: LabelChange, length: number): string {
  if (after === undefined) return `${name} taken away, was ${shown(before, length)}`;
  return before === undefined
    ? `${name} = ${shown(after, length)}`
    : `${name} = ${shown(after, length)}, was ${shown(before, length)}`;
}

function configOf(step: Step, job: Job): RelabelConfig {
  return job.rules[step.rule]?.config ?? {};
}

function ruleWords(found: FoundTarget, step: Step, config: RelabelConfig, length: number): string {
  const {
    source_labels = [],
    regex = '(.*)',
    action = 'replace',
    target_label = '',
    separator = ';',
  } = config;
  const labels = labelsBefore(found).get(step) ?? found.discovered;
  const sources = source_labels.join(separator);
  const input = step.input ?? source_labels.map((name) => labels.get(name) ?? '').join(separator);
  const isUnset = source_labels.length === 1 && input === '';
  const value = isUnset ? 'is not set' : `is ${shown(input, length)}`;
  switch (action) {
    case 'keepequal':
    case 'dropequal': {
      const isSame = (step.effect === 'dropped') === (action === 'dropequal');
      const other = labels.get(target_label);
      const said = other === undefined ? 'which is not set' : shown(other, length);
      return `${sources} ${value}, ${isSame ? 'the same as' : 'not the same as'} ${target_label}, ${said}`;
    }
    case 'labelmap':
    case 'labeldrop':
    case 'labelkeep':
      return `no label changes by ${clip(regex, length)}`;
    default: {
      const matched = action === 'drop' ? step.effect === 'dropped' : step.effect !== 'dropped';
      const verb =
        step.effect === 'nothing' && action === 'replace' ? 'changes nothing with' : matchWord(matched);
      return `${sources === '' ? 'no source label' : `${sources} ${value}`}, which ${verb} ${clip(regex, length)}`;
    }
  }
}

function matchWord(matched: boolean): string {
  return matched ? 'matches' : 'does not match';
}

/** By target: every step of it is told, most of them after each other. */
const known = new WeakMap<FoundTarget, ReadonlyMap<Step, Labels>>();

/** The labels as they were when each step's turn came. */
export function labelsBefore(found: FoundTarget): ReadonlyMap<Step, Labels> {
  const made = known.get(found) ?? everyLabelsBefore(found);
  known.set(found, made);
  return made;
}

function everyLabelsBefore({ discovered, steps }: FoundTarget): ReadonlyMap<Step, Labels> {
  const before = new Map<Step, Labels>();
  let labels = discovered;
  for (const step of steps) {
    before.set(step, labels);
    if (step.changes.length === 0) continue;
    // What is taken away is the same as empty.
    labels = makeLabels([...labels, ...step.changes.map(({ name, after = '' }) => [name, after] as const)]);
  }
  return before;
}
