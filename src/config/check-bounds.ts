import type { ExporterResources } from '../core/profile.ts';
import { parseQuantity, sameQuantity } from '../core/quantity.ts';
import { isRecord } from './data.ts';
import type { Data } from './data.ts';
import { DEFAULTS } from './defaults.ts';
import type { Finding } from './finding.ts';
import { shown, wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

/** Requests within their limits: a request above its limit makes the apiserver refuse every Pod. */
export function resources(given: Data, path: Path, defaults: ExporterResources): Finding[] {
  const rule = 'a request must not exceed its limit';
  return [
    ...bytes(given, path, ['memoryRequest', 'memoryLimit']),
    ...ordered(given, path, ['cpuRequest', 'cpuLimit'], defaults, rule),
    ...ordered(given, path, ['memoryRequest', 'memoryLimit'], defaults, rule),
  ];
}

/** Bounds with something between them. */
export function exporterBounds(bounds: unknown): Finding[] {
  if (!isRecord(bounds)) return [];
  return (['cpu', 'memory'] as const).flatMap((resource) => {
    const given = bounds[resource];
    if (!isRecord(given)) return [];
    const rule = 'nothing would be allowed';
    const path = ['exporterBounds', resource];
    return [
      ...(resource === 'memory' ? bytes(given, path, ['min', 'max']) : []),
      ...ordered(given, path, ['min', 'max'], DEFAULTS.exporterBounds[resource], rule),
    ];
  });
}

/** Memory that a program could live in: less than 1Mi is a unit left out, and half a byte is refused by nobody in time. */
function bytes(given: Data, path: Path, keys: readonly string[]): Finding[] {
  return keys.flatMap((key): Finding[] => {
    const text = given[key];
    const amount = typeof text === 'string' ? parseQuantity(text) : undefined;
    if (typeof text !== 'string' || amount === undefined) return [];
    const place = [...path, key];
    if (amount < 2 ** 20) {
      const hint =
        /^[1-9][0-9]*$/.test(text) && amount < 2 ** 16 ? `did you mean ${text}Mi?` : 'write it like 64Mi';
      return [wrongValue(place, `${shown(text)} is less than 1Mi of memory`, hint)];
    }
    return Number.isInteger(amount)
      ? []
      : [wrongValue(place, `${shown(text)} is no whole number of bytes`, 'write it like 64Mi')];
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
  return [wrongValue([...path, blamed], `${of(low, least)} is more than ${of(high, most)}; ${rule}`)];
}
