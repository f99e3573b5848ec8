/**
 * Prometheus durations, as `model.ParseDuration` of prometheus/common reads them: units in falling order, each at
 * most once, whole numbers only (`1h30m`, `15s`, `500ms`).
 */
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** The units, in the order in which they are written, with their milliseconds. */
export const UNITS = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** Go's time.Duration is an int64 of nanoseconds; Prometheus refuses what does not fit. */
const MAX_MS = 9_223_372_036_854;

/** Milliseconds, or undefined when `text` is no Prometheus duration. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '' || text.length > 64) return undefined;
  const parts = DURATION.exec(text);
  if (parts === null) return undefined;
  const total = UNITS.reduce((sum, [, size], index) => sum + size * Number(parts[index + 1] ?? 0), 0);
  return total > MAX_MS ? undefined : total;
}
