import type { NameValidation } from './relabel-rule.ts';

/**
 * Labels by name. A label with an empty value is the same as none, so that no value is ever empty (prometheus/prometheus
 * `model/labels`). Made sorted by name, which is the order in which rules that look at all labels go through them.
 */
export type Labels = ReadonlyMap<string, string>;

/** Labels as they must be: sorted by name, without empty values; of two with the same name the later. */
export function makeLabels(entries: Iterable<readonly [name: string, value: string]>): Labels {
  const labels = new Map<string, string>();
  for (const [name, value] of entries) {
    if (value === '') labels.delete(name);
    else labels.set(name, value);
  }
  return sortLabels(labels);
}

/** Sorts by name; what is sorted already is handed back as it is. */
export function sortLabels(labels: Labels): Labels {
  let last: string | undefined;
  for (const name of labels.keys()) {
    if (last !== undefined && compareNames(last, name) > 0)
      return new Map([...labels].sort(([a], [b]) => compareNames(a, b)));
    last = name;
  }
  return labels;
}

/**
 * Go's order of strings, by their UTF-8 bytes, which is that of their code points. JavaScript's, by UTF-16 units, has
 * surrogates before the units from U+E000 on.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A unit's place among units when surrogates come last. */
function rank(unit: number): number {
  return (unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit;
}

/** Prometheus' rule for label names (prometheus/common `model/metric.go`, IsValidLabelName). */
export function isLabelName(name: string, validation: NameValidation): boolean {
  return validation === 'legacy' ? /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) : name !== '' && name.isWellFormed();
}
