import type { CompiledRule } from './relabel-rule.ts';
import { hasVariable } from './template.ts';

/** A label that a target may have and whose value nobody here knows. */
export interface UnknownName {
  readonly name: string;
  /** Every label whose name begins so, with a letter or digit behind it. */
  readonly isPrefix: boolean;
  /** Whose metadata it is. */
  readonly of: 'namespace' | 'node' | 'Deployment' | 'CronJob';
}

/** Why a label is not known: what it was made of, and by which rule. */
export interface Unknown {
  /** As it was discovered: `__meta_kubernetes_namespace_label_team`. */
  readonly label: string;
  readonly of: UnknownName['of'];
  /** That made this label of it; none for what is as it was discovered. */
  readonly rule?: number;
}

interface Family {
  readonly prefix: string;
  /** Whether a letter or digit stands behind the prefix. */
  readonly isPlain: boolean;
  readonly unknown: Unknown;
}

/** Which labels are not known while rules run. Where it is not sure that one is known, it is not. */
export class UnknownLabels {
  readonly #single = new Map<string, Unknown>();
  readonly #families: Family[] = [];
  /** What is known, and what rules have written since. */
  readonly #written: Set<string>;

  /** `known`: labels that are there, and that a name which is a prefix may cover. */
  constructor(names: readonly UnknownName[], known: Iterable<string> = []) {
    this.#written = new Set(known);
    for (const { name, isPrefix, of } of names) {
      if (isPrefix) this.#families.push({ prefix: name, isPlain: true, unknown: { label: `${name}…`, of } });
      else this.#single.set(name, { label: name, of });
    }
  }

  get isEmpty(): boolean {
    return this.#single.size === 0 && this.#families.length === 0;
  }

  /** Why a label is not known; undefined for one that is. */
  find(name: string): Unknown | undefined {
    const single = this.#single.get(name);
    if (single !== undefined || this.#written.has(name)) return single;
    const family = this.#families.find((one) => covers(one, name));
    if (family === undefined) return undefined;
    return family.unknown.rule === undefined ? { ...family.unknown, label: name } : family.unknown;
  }

  /** Whether a label whose name begins so may be one of them, and why. */
  findBelow(prefix: string): Unknown | undefined {
    const single = [...this.#single].find(([name]) => name.startsWith(prefix))?.[1];
    return single ?? this.#families.find((family) => mayCover(family, prefix))?.unknown;
  }

  /** Why a target may have a label that people see and that is not known. */
  findPublic(): Unknown | undefined {
    const single = [...this.#single].find(([name]) => !name.startsWith('__'))?.[1];
    return single ?? this.#families.find(({ prefix }) => !prefix.startsWith('__'))?.unknown;
  }

  /** What a rule reads that is not known, so that it cannot be told what it does; what it may write is unknown then. */
  reads(rule: CompiledRule, index: number): Unknown | undefined {
    const isLabelRule = ['labelmap', 'labeldrop', 'labelkeep'].includes(rule.action);
    if (isLabelRule || this.isEmpty) return undefined;
    const isComparing = rule.action === 'keepequal' || rule.action === 'dropequal';
    const sources = [...rule.sourceLabels, ...(isComparing ? [rule.targetLabel] : [])];
    const unknown = sources.map((name) => this.find(name)).find((found) => found !== undefined);
    if (unknown === undefined || isComparing || rule.action === 'keep' || rule.action === 'drop')
      return unknown;
    const made = { ...unknown, rule: index };
    if (rule.action === 'replace' && hasVariable(rule.targetLabel)) this.#spread('', false, made);
    else this.#add(rule.targetLabel, made);
    return unknown;
  }

  /** Takes note of what a rule that could be told has done. */
  after(rule: CompiledRule, index: number, written: Iterable<string>): void {
    if (this.isEmpty) return;
    const before = [...this.#single];
    const families = [...this.#families];
    for (const name of written) {
      this.#single.delete(name);
      this.#written.add(name);
    }
    if (rule.action === 'labelmap') this.#map(rule, index, before, families);
    if (rule.action === 'labeldrop' || rule.action === 'labelkeep') {
      const isGone = (name: string): boolean => rule.regex.matches(name) === (rule.action === 'labeldrop');
      for (const [name] of before) if (isGone(name)) this.#single.delete(name);
    }
  }

  /** What labelmap makes of labels that are not known is not known either. */
  #map(
    rule: CompiledRule,
    index: number,
    singles: readonly (readonly [string, Unknown])[],
    families: readonly Family[],
  ): void {
    for (const [name, unknown] of singles) {
      if (!rule.regex.matches(name)) continue;
      this.#add(rule.regex.replaceAll(name, rule.replacement), { ...unknown, rule: index });
    }
    const { regex: text = '(.*)', replacement = '$1' } = rule.config;
    const literal = literalPrefix(text);
    const begin = /^[^$]*/.exec(replacement)?.[0] ?? '';
    for (const family of families) {
      if (!mayCover(family, literal)) continue;
      const isRest =
        family.isPlain &&
        literal === family.prefix &&
        /^\((?!\?)/.test(text.slice(literal.length)) &&
        /^\$(?:1(?!\w)|\{1\})/.test(replacement.slice(begin.length));
      this.#spread(begin, isRest, { ...family.unknown, rule: index });
    }
  }

  #add(name: string, unknown: Unknown): void {
    this.#written.delete(name);
    this.#single.set(name, unknown);
  }

  #spread(prefix: string, isPlain: boolean, unknown: Unknown): void {
    const family = { prefix, isPlain, unknown };
    this.#families.push(family);
    for (const name of this.#written) if (covers(family, name)) this.#written.delete(name);
  }
}

function covers({ prefix, isPlain }: Family, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  return !isPlain || /^[A-Za-z0-9]/.test(name.slice(prefix.length));
}

/** Whether a name that begins with a text can be of a family. */
function mayCover(family: Family, text: string): boolean {
  return family.prefix.startsWith(text) || covers(family, text);
}

/** What every name that a regular expression matches begins with, as far as it is plain to see. */
function literalPrefix(regex: string): string {
  if (hasOuterAlternative(regex)) return '';
  const plain = /^\w*/.exec(regex)?.[0] ?? '';
  return /^[*?{]/.test(regex.slice(plain.length)) ? plain.slice(0, -1) : plain;
}

/** Whether there is a `|` that stands in no group; one that is escaped or in a class counts as one. */
function hasOuterAlternative(regex: string): boolean {
  let depth = 0;
  for (const character of regex.replace(/\\[()]/g, '')) {
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '|' && depth <= 0) return true;
  }
  return /\[[^\]]*[()]/.test(regex);
}
