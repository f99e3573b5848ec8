/** Tells how far the event loop is behind. */
export interface LoadMeter {
  /** Milliseconds that the last tick came late. */
  lag(): number;
  stop(): void;
}

const TICK_MS = 100;

/**
 * Measures the delay of a timer. A loop that lags by a second has more to do than it can, and its clients have given
 * up on what it works on next (the apiserver's patience is 3 s), so the server then sheds instead of working in vain.
 * Short stalls stay below any sensible bound: answering late is better than not answering.
 */
export function startLoadMeter(now: () => number): LoadMeter {
  let lag = 0;
  let expected = now() + TICK_MS;
  const timer = setInterval(() => {
    const time = now();
    lag = Math.max(0, time - expected);
    expected = time + TICK_MS;
  }, TICK_MS);
  timer.unref();
  return { lag: () => lag, stop: () => clearInterval(timer) };
}
