import type { Regex } from './regex.ts';
import { compileRegex } from './regex.ts';
import { actionOf, checkRule, DEFAULTS } from './relabel-checks.ts';
import type { Action, RelabelConfig } from './scrape-config.ts';
import type { Template } from './template.ts';
import { parseTemplate } from './template.ts';

/** What is wrong with a part of a configuration, by the keys that lead there. */
export interface ConfigProblem {
  /** From the part that was given: `['regex']`, `['relabel_configs', '3', 'regex']`. */
  readonly path: readonly string[];
  /** What is off, what is allowed, and what was likely meant. */
  readonly message: string;
}

/** Which label names are valid (`metric_name_validation_scheme`). */
export type NameValidation = 'utf8' | 'legacy';

/** A rule that has been checked and can run. */
export interface CompiledRule {
  readonly config: RelabelConfig;
  readonly action: Action;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly regex: Regex;
  readonly modulus: bigint;
  readonly targetLabel: string;
  /** {@link targetLabel} as the action `replace` expands it. */
  readonly target: Template;
  readonly replacement: Template;
  readonly validation: NameValidation;
}

/** Checks a rule as Prometheus does when it loads its configuration; all that is wrong is told. */
export function compileRule(
  config: RelabelConfig,
  validation: NameValidation,
): { readonly rule: CompiledRule } | { readonly problems: readonly ConfigProblem[] } {
  const action = actionOf(config);
  const compiled = compileRegex(config.regex ?? DEFAULTS.regex);
  const problems = [...checkRule(config, validation)];
  if ('fault' in compiled) problems.push({ path: ['regex'], message: compiled.fault });
  if (action === undefined || 'fault' in compiled || problems.length > 0) return { problems };
  const targetLabel = config.target_label ?? '';
  const rule: CompiledRule = {
    config,
    action,
    sourceLabels: config.source_labels ?? [],
    separator: config.separator ?? DEFAULTS.separator,
    regex: compiled.regex,
    modulus: modulusOf(config.modulus ?? 0),
    targetLabel,
    target: parseTemplate(targetLabel),
    replacement: parseTemplate(config.replacement ?? DEFAULTS.replacement),
    validation,
  };
  return { rule };
}

/** As Go takes a number that is not whole. */
function modulusOf(value: number | bigint): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
}
