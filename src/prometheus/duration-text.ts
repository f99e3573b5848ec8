import { UNITS } from '../core/duration.ts';

/** Only where nothing is left over: `90d` reads easier than `12w6d`. */
const WHOLE: readonly string[] = ['y', 'w'];

/** Milliseconds as Prometheus writes a duration (prometheus/common `model.Duration`): `1m30s`, `1m` for `60s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = milliseconds;
  let text = '';
  for (const [unit, size] of UNITS) {
    if (rest < size || (WHOLE.includes(unit) && rest % size !== 0)) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}
