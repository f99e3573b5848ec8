const QUIET_MS = 30_000;
const PAUSE_MS = 4_000;

/**
 * Keeps two who write by turns from driving each other: after so many writes within half a minute there is one in four
 * seconds, which is well below the ten seconds of a repair.
 */
export class Pace {
  readonly #most: number;
  readonly #now: () => number;
  #writes: number[] = [];

  /** `now`: milliseconds from any fixed point, never set back. */
  constructor(most: number, now = () => performance.now()) {
    this.#most = most;
    this.#now = now;
  }

  /** Milliseconds until the next write may be; 0: it may be now, and counts. */
  wait(): number {
    const now = this.#now();
    this.#writes = this.#writes.filter((at) => now - at < QUIET_MS);
    const wait = this.#writes.length < this.#most ? 0 : (this.#writes.at(-1) ?? 0) + PAUSE_MS - now;
    if (wait > 0) return wait;
    this.#writes.push(now);
    return 0;
  }
}
