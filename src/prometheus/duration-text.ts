/** Years and weeks only where nothing is left over: `90d` reads easier than `12w6d`. */
const UNITS = [
  ['y', 31_536_000_000, true],
  ['w', 604_800_000, true],
  ['d', 86_400_000, false],
  ['h', 3_600_000, false],
  ['m', 60_000, false],
  ['s', 1000, false],
  ['ms', 1, false],
] as const;

/** Milliseconds as Prometheus writes a duration (prometheus/common `model.Duration`): `1m30s`, `1m` for `60s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = milliseconds;
  let text = '';
  for (const [unit, size, isWhole] of UNITS) {
    if (rest < size || (isWhole && rest % size !== 0)) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}
