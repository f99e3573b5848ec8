import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** One alert of the file. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly AlertRule[];
}

/** The alerts that the chart brings. */
export const RULES_FILE = join(import.meta.dirname, '../../../charts/podscrape/files/rules.yaml');

export function ruleGroups(): readonly RuleGroup[] {
  return (parse(readFileSync(RULES_FILE, 'utf8')) as { readonly groups: readonly RuleGroup[] }).groups;
}

export function alertRules(): readonly AlertRule[] {
  return ruleGroups().flatMap(({ rules }) => rules);
}
