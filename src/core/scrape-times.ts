import { parseDuration } from './duration.ts';
import type { Problem } from './problem.ts';
import type { Profile } from './profile.ts';
import type { TargetRequest } from './target-list.ts';

/** How often a target is scraped where nobody says. */
export const INTERVAL = '15s';

/** When a scrape is given up where nobody says. */
export const TIMEOUT = '5s';

/** How often a target is scraped, and when one scrape is given up: Prometheus durations, or `inherit`. */
export interface ScrapeTimes {
  readonly interval: string;
  readonly timeout: string;
}

/**
 * Interval and timeout with their defaults; undefined when one is bad (reported).
 *
 * @param defaults the profile's
 */
export function scrapeTimes(
  request: TargetRequest,
  problems: Problem[],
  defaults: Pick<Profile, 'interval' | 'timeout'> = {},
): ScrapeTimes | undefined {
  if (request.bad.has('interval') || request.bad.has('timeout')) return undefined;
  const interval = request.interval ?? defaults.interval ?? INTERVAL;
  const asked = request.timeout;
  const longest = interval === 'inherit' ? Infinity : (parseDuration(interval) ?? Infinity);
  if (asked === undefined) {
    const timeout = defaults.timeout ?? TIMEOUT;
    const fits = timeout === 'inherit' || (parseDuration(timeout) ?? 0) <= longest;
    return { interval, timeout: fits ? timeout : interval };
  }
  if (asked !== 'inherit' && (parseDuration(asked) ?? 0) > longest) {
    const which =
      request.interval === undefined ? `the default interval ${interval}` : `the interval ${interval}`;
    problems.push({
      code: 'bad-value',
      path: request.place('timeout'),
      message: `${asked} is longer than ${which}`,
      hint: 'Prometheus refuses that',
    });
    return undefined;
  }
  return { interval, timeout: asked };
}
