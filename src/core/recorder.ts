import type { Added, Changed } from './decision.ts';
import { NOTHING_ADDED } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import { leftBehind } from './left-behind.ts';
import { changedStillThere, recorded, stillThere } from './status.ts';

/**
 * Collects what was added. What stands there already counts as ours only if an earlier record says so; and only for
 * things that this decision wants, so that a forged record cannot claim the owner's.
 */
export class Recorder {
  readonly #earlier: Partial<Added>;
  readonly #changed: Changed;
  readonly #config: EngineConfig;
  readonly #lists: Record<keyof Added, string[]>;

  constructor(pod: Pod, config: EngineConfig) {
    const { added, changed } = recorded(pod, config);
    this.#earlier = added;
    this.#changed = changed;
    this.#config = config;
    const empty = Object.keys(NOTHING_ADDED).map((list) => [list, []] as const);
    this.#lists = Object.fromEntries(empty) as unknown as Record<keyof Added, string[]>;
  }

  note(list: keyof Added, added: readonly string[], present: readonly string[] = []): void {
    const earlier = this.#earlier[list] ?? [];
    const ours = [...added, ...present.filter((name) => earlier.includes(name))];
    this.#lists[list] = [...new Set([...this.#lists[list], ...ours])];
  }

  /** Keeps what is recorded of an injection that another configuration made, as far as it can be true. */
  keep(pod: Pod): void {
    for (const lists of [stillThere(pod, this.#config).added, leftBehind(pod, this.#earlier, this.#config)]) {
      for (const [list, names] of Object.entries(lists)) this.note(list as keyof Added, names);
    }
  }

  /** Whether the entry, `container/VARIABLE`, was set or extended by this pass or an earlier one. */
  hasEnv(entry: string): boolean {
    return this.#lists.env.includes(entry) || this.#lists.extended.includes(entry);
  }

  /** Sorted, so that a later pass that finds what this one added writes the same record. */
  added(): Added {
    const sorted = Object.entries(this.#lists).map(([list, names]) => [list, [...names].sort()]);
    return { ...NOTHING_ADDED, ...(Object.fromEntries(sorted) as Partial<Added>) };
  }

  /** What was changed now, and before as far as it still is so. */
  changed(pod: Pod, now: Changed): Changed {
    const all = { ...changedStillThere(pod, this.#changed, this.#config), ...now };
    return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
