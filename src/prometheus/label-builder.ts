import type { Labels } from './labels.ts';
import { sortLabels } from './labels.ts';

/**
 * Labels while rules change them (prometheus/prometheus `model/labels`, Builder). The base stays as it is; what is set
 * comes after what the base still has, in the order of being set first, also where the base had the name.
 */
export class LabelBuilder {
  readonly #base: Labels;
  readonly #added = new Map<string, string>();
  readonly #deleted = new Set<string>();

  constructor(base: Labels) {
    this.#base = base;
  }

  /** The value; empty where there is none. */
  get(name: string): string {
    return this.#added.get(name) ?? (this.#deleted.has(name) ? '' : (this.#base.get(name) ?? ''));
  }

  /** An empty value takes the label away. */
  set(name: string, value: string): void {
    if (value === '') this.delete(name);
    else this.#added.set(name, value);
  }

  delete(name: string): void {
    this.#added.delete(name);
    this.#deleted.add(name);
  }

  /** All labels as they are now, for rules that go through them while they change some. */
  entries(): readonly (readonly [name: string, value: string])[] {
    const kept = [...sortLabels(this.#base)].filter(
      ([name]) => !this.#deleted.has(name) && !this.#added.has(name),
    );
    return [...kept, ...this.#added];
  }

  /** The labels, sorted; the base itself where nothing has changed it. */
  labels(): Labels {
    if (this.#added.size === 0 && this.#deleted.size === 0) return sortLabels(this.#base);
    return sortLabels(new Map(this.entries()));
  }
}
