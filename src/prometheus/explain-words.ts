import { clip, withoutControlCharacters } from '../core/text.ts';
import type { Job } from './job.ts';
import { makeLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import type { LabelChange, Step } from './relabel.ts';
import type { RelabelConfig } from './scrape-config.ts';
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
  const labels = labelsBefore(found, step);
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

/** The labels as they were when the step's turn came. */
function labelsBefore({ discovered, steps }: FoundTarget, step: Step): Labels {
  const labels = new Map(discovered);
  for (const earlier of steps) {
    if (earlier === step) break;
    for (const { name, after } of earlier.changes) {
      if (after === undefined) labels.delete(name);
      else labels.set(name, after);
    }
  }
  return makeLabels([...labels]);
}
