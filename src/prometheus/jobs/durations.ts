import { parseDuration, UNITS } from '../../core/duration.ts';

/** A Prometheus duration as people write it, or `inherit`; what is neither is refused before it reaches a Pod. */
export const DURATION_OR_INHERIT = String.raw`\s*((?:[0-9]+(?:ms|[ywdhms]))+|inherit)\s*`;

/**
 * Durations that one of their parts makes at least as long as `duration`. Rules cannot compare numbers; `4s1500ms` is
 * not found to be longer than `5s`, everything with one unit is told exactly. It reaches over no `;`.
 */
export function atLeast(duration: string): string {
  const wanted = parseDuration(duration) ?? 0;
  const units = new Map<string, string[]>();
  for (const [unit, milliseconds] of UNITS) {
    const count = wholeNumbersFrom(Math.max(1, Math.ceil(wanted / milliseconds)));
    units.set(count, [...(units.get(count) ?? []), unit]);
  }
  const parts = [...units].map(
    ([count, names]) => `${count}${names.length === 1 ? names.join('') : `(?:${names.join('|')})`}`,
  );
  // `5m` is not found in `5ms`, because a part is followed by a digit or by nothing.
  return `[^;]*?(?:${parts.join('|')})(?:[0-9][^;]*)?`;
}

/** The numbers from `least` on, as a regular expression; digits may stand before it. */
function wholeNumbersFrom(least: number): string {
  const digits = Array.from(String(least), Number);
  const last = digits.findLastIndex((digit) => digit > 0);
  const sameLength = digits.slice(0, last + 1).flatMap((digit, index) => {
    const from = index === last ? digit : digit + 1;
    if (from > 9) return [];
    const any = digits.length - index - 1;
    return [
      `${digits.slice(0, index).join('')}${range(from)}${'[0-9]'.repeat(Math.min(any, 1))}${any > 1 ? `{${any}}` : ''}`,
    ];
  });
  return `(?:${[`[1-9][0-9]${digits.length === 1 ? '+' : `{${digits.length},}`}`, ...sameLength].join('|')})`;
}

function range(from: number): string {
  return from === 9 ? '9' : `[${from}-9]`;
}
