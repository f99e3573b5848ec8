/** How {@link waitFor} polls; times in milliseconds. */
export interface WaitOptions {
  /** How long to try before giving up. Default 15 000. */
  timeoutMs?: number;
  /** The pause between two tries. Default 50. */
  intervalMs?: number;
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Thrown by a {@link waitFor} condition that can no longer come true, so that waiting ends at once. */
export class Hopeless extends Error {
  override name = 'Hopeless';
}

/** What a {@link waitFor} condition may say for "not yet". */
export type NotYet = false | null | undefined | 0 | '';

/**
 * Calls `condition` until it returns something truthy, and resolves to that. A throw counts as "not yet", but for
 * {@link Hopeless}, which is passed on.
 * Errors: when the time is up, an Error that names the description and the last failure.
 */
export async function waitFor<T>(
  description: string,
  condition: () => Promise<T | NotYet> | T | NotYet,
  options: WaitOptions = {},
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (performance.now() >= deadline) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${timeoutMs / 1000} s in vain for: ${description}${why}`, { cause: last });
    }
    await sleep(options.intervalMs ?? 50);
  }
}
