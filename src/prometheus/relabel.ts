import { createHash } from 'node:crypto';

import { toLower, toUpper } from './case.ts';
import { LabelBuilder } from './label-builder.ts';
import type { Labels } from './labels.ts';
import { isLabelName } from './labels.ts';
import type { CompiledRule } from './relabel-rule.ts';
import { expand } from './template.ts';
import { UnknownLabels } from './unknown-labels.ts';
import type { Unknown } from './unknown-labels.ts';

/** What one rule did. */
export interface Step {
  /** Index of the rule in `relabel_configs`. */
  readonly rule: number;
  /**
   * `kept`: a rule that may drop let it pass · `dropped`: the target ends here · `changed`: labels were written or taken
   * away · `nothing`: the rule found nothing to do · `untold`: it reads a label that is not known.
   */
  readonly effect: 'kept' | 'dropped' | 'changed' | 'nothing' | 'untold';
  /** What an `untold` rule reads. */
  readonly reads?: Unknown;
  /** The joined values of the source labels, where the rule has any. */
  readonly input?: string;
  readonly changes: readonly LabelChange[];
}

/** A label before and after; undefined is none. */
export interface LabelChange {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What {@link relabel} starts with, where that is more than the labels. */
export interface RelabelOptions {
  /** Has the labels, in an order of its own. */
  readonly builder?: LabelBuilder;
  /** Takes note of what the rules do. */
  readonly unknown?: UnknownLabels;
}

/** The labels after all rules, or undefined when a rule dropped them. */
export interface Relabelled {
  readonly labels: Labels | undefined;
  /** One for each rule that was reached, in order. */
  readonly steps: readonly Step[];
}

/**
 * Applies rules in their order, and says what each did. A rule that reads what is not known is passed over, as if it had
 * let pass what it may drop.
 */
export function relabel(
  labels: Labels,
  rules: readonly CompiledRule[],
  { builder = new LabelBuilder(labels), unknown = new UnknownLabels([]) }: RelabelOptions = {},
): Relabelled {
  const steps: Step[] = [];
  for (const [index, rule] of rules.entries()) {
    const reads = unknown.reads(rule, index);
    if (reads !== undefined) {
      steps.push({ rule: index, effect: 'untold', reads, changes: [] });
      continue;
    }
    const input = inputOf(rule, builder);
    const told = rule.sourceLabels.length === 0 ? {} : { input };
    const changes = new Changes(builder);
    const passes = apply(rule, input, builder, changes);
    unknown.after(rule, index, changes.names());
    const effect = !passes ? 'dropped' : MAY_DROP.has(rule.action) ? 'kept' : undefined;
    const list = changes.list();
    steps.push({
      rule: index,
      effect: effect ?? (list.length > 0 ? 'changed' : 'nothing'),
      ...told,
      changes: list,
    });
    if (!passes) return { labels: undefined, steps };
  }
  return { labels: builder.labels(), steps };
}

/** {@link relabel} without the steps, for many targets. */
export function relabelOnly(labels: Labels, rules: readonly CompiledRule[]): Labels | undefined {
  const builder = new LabelBuilder(labels);
  for (const rule of rules) if (!apply(rule, inputOf(rule, builder), builder, builder)) return undefined;
  return builder.labels();
}

/** Actions that keep or drop. */
export const MAY_DROP: ReadonlySet<string> = new Set(['keep', 'drop', 'keepequal', 'dropequal']);

/** Where a rule writes. */
interface Writer {
  set(name: string, value: string): void;
  delete(name: string): void;
}

/** Writes, and remembers what the labels were that it wrote. */
class Changes implements Writer {
  readonly #builder: LabelBuilder;
  readonly #before = new Map<string, string>();

  constructor(builder: LabelBuilder) {
    this.#builder = builder;
  }

  set(name: string, value: string): void {
    if (!this.#before.has(name)) this.#before.set(name, this.#builder.get(name));
    this.#builder.set(name, value);
  }

  delete(name: string): void {
    this.set(name, '');
  }

  /** Every name that was written, also with the value that it had. */
  names(): Iterable<string> {
    return this.#before.keys();
  }

  list(): readonly LabelChange[] {
    return [...this.#before].flatMap(([name, before]) => {
      const after = this.#builder.get(name);
      return before === after ? [] : [{ name, before: before || undefined, after: after || undefined }];
    });
  }
}

function inputOf(rule: CompiledRule, builder: LabelBuilder): string {
  return rule.sourceLabels.map((name) => builder.get(name)).join(rule.separator);
}

/** Whether the labels pass (prometheus/prometheus `model/relabel/relabel.go`). */
function apply(rule: CompiledRule, input: string, builder: LabelBuilder, writer: Writer): boolean {
  switch (rule.action) {
    case 'keep':
      return rule.regex.matches(input);
    case 'drop':
      return !rule.regex.matches(input);
    case 'keepequal':
      return builder.get(rule.targetLabel) === input;
    case 'dropequal':
      return builder.get(rule.targetLabel) !== input;
    case 'replace':
      replace(rule, input, writer);
      return true;
    case 'lowercase':
      writer.set(rule.targetLabel, toLower(input));
      return true;
    case 'uppercase':
      writer.set(rule.targetLabel, toUpper(input));
      return true;
    case 'hashmod':
      writer.set(rule.targetLabel, hashOf(input, rule.modulus).toString());
      return true;
    case 'labelmap':
      for (const [name, value] of builder.entries())
        if (rule.regex.matches(name)) writer.set(rule.regex.replaceAll(name, rule.replacement), value);
      return true;
    case 'labeldrop':
      for (const [name] of builder.entries()) if (rule.regex.matches(name)) writer.delete(name);
      return true;
    case 'labelkeep':
      for (const [name] of builder.entries()) if (!rule.regex.matches(name)) writer.delete(name);
      return true;
  }
}

function replace(rule: CompiledRule, input: string, writer: Writer): void {
  const match = rule.regex.find(input);
  if (match === undefined) return;
  const target = expand(rule.target, match);
  if (isLabelName(target, rule.validation)) writer.set(target, expand(rule.replacement, match));
}

/** The last 8 bytes of the MD5 hash, as Prometheus takes them. */
function hashOf(input: string, modulus: bigint): bigint {
  return createHash('md5').update(input, 'utf8').digest().readBigUInt64BE(8) % modulus;
}
