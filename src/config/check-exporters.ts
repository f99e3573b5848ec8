import { DEFAULTS } from './defaults.ts';
import { isRecord } from './data.ts';
import type { Data } from './data.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';
import { didYouMean } from '../core/problem.ts';
import { parseQuantity, sameQuantity } from '../core/quantity.ts';
import { BUILT_IN_EXPORTERS } from '../profiles/index.ts';
import type { Path } from './positions.ts';

/** Known names, and requests within their limits: a request above its limit makes the apiserver refuse every Pod. */
export function exporters(settings: unknown): Finding[] {
  if (!isRecord(settings)) return [];
  const known = BUILT_IN_EXPORTERS.map((row) => row.name);
  return Object.entries(settings).flatMap(([name, given]): Finding[] => {
    const path = ['exporters', name];
    const exporter = BUILT_IN_EXPORTERS.find((row) => row.name === name);
    if (exporter === undefined) {
      const message = `unknown exporter; known are ${known.join(', ')}`;
      return [{ path, of: 'key', message, ...didYouMean(name, known) }];
    }
    if (!isRecord(given)) return [];
    const rule = 'a request must not exceed its limit';
    return [
      ...ordered(given, path, ['cpuRequest', 'cpuLimit'], exporter.resources, rule),
      ...ordered(given, path, ['memoryRequest', 'memoryLimit'], exporter.resources, rule),
    ];
  });
}

/** Bounds with something between them. */
export function exporterBounds(bounds: unknown): Finding[] {
  if (!isRecord(bounds)) return [];
  return (['cpu', 'memory'] as const).flatMap((resource) => {
    const given = bounds[resource];
    if (!isRecord(given)) return [];
    const rule = 'nothing would be allowed';
    return ordered(
      given,
      ['exporterBounds', resource],
      ['min', 'max'],
      DEFAULTS.exporterBounds[resource],
      rule,
    );
  });
}

/** That the quantity of the first key is at most that of the second; what the file leaves out is the default. */
function ordered<K extends string>(
  given: Data,
  path: Path,
  [low, high]: readonly [K, K],
  defaults: Readonly<Record<K, string>>,
  rule: string,
): Finding[] {
  const least = given[low] ?? defaults[low];
  const most = given[high] ?? defaults[high];
  if (typeof least !== 'string' || typeof most !== 'string') return [];
  if (sameQuantity(least, most) || !((parseQuantity(least) ?? NaN) > (parseQuantity(most) ?? NaN))) return [];
  // Said of the key that the file sets; the other one may be a default.
  const blamed = low in given ? low : high;
  const of = (key: K, value: string): string => `${key} ${value}${key in given ? '' : ' (the default)'}`;
  const message = `${of(low, least)} is more than ${of(high, most)}; ${rule}`;
  return [{ path: [...path, blamed], of: 'value', message }];
}

/** Without a dot, a port or `localhost`, a registry's name is read as a user of Docker Hub. */
export function imageRegistry(registry: unknown): Finding[] {
  if (typeof registry !== 'string') return [];
  const host = registry.split('/')[0] ?? '';
  if (host === 'localhost' || /[.:]/.test(host)) return [];
  const message = `${shown(registry)} does not begin with a registry: ${shown(host)} has no dot and no port, and would be read as a user of Docker Hub`;
  return [{ path: ['imageRegistry'], of: 'value', message, hint: `write docker.io/${host} if it is one` }];
}
