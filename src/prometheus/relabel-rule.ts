import type { RelabelConfig } from './scrape-config.ts';

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
}

/** Checks a rule as Prometheus does when it loads its configuration. */
export function compileRule(
  config: RelabelConfig,
  validation: NameValidation,
): { readonly rule: CompiledRule } | { readonly problems: readonly ConfigProblem[] } {
  void validation;
  return { rule: { config } };
}
