import type { EngineConfig } from './engine-config.ts';
import type { Problem } from './problem.ts';
import type { ExporterResources } from './profile.ts';
import { parseQuantity, sameQuantity } from './quantity.ts';
import { quoted } from './text.ts';

/** The keys for an exporter's resources, and what each of them sets. */
export const RESOURCES = [
  { key: 'exporter-cpu-request', field: 'cpuRequest', of: 'cpu', limit: 'cpuLimit' },
  { key: 'exporter-cpu-limit', field: 'cpuLimit', of: 'cpu', limit: undefined },
  { key: 'exporter-memory-request', field: 'memoryRequest', of: 'memory', limit: 'memoryLimit' },
  { key: 'exporter-memory-limit', field: 'memoryLimit', of: 'memory', limit: undefined },
] as const;

/**
 * What the exporter's container gets: the owner's words over the administrator's, within the administrator's bounds.
 * `none` leaves one out. A default request gives way to a lower limit; a request that is asked for does not.
 */
export function exporterResources(
  defaults: ExporterResources,
  asked: Readonly<Partial<ExporterResources>>,
  { annotationPrefix, exporterBounds }: EngineConfig,
  problems: Problem[],
): Readonly<Partial<ExporterResources>> {
  const chosen: Partial<Record<keyof ExporterResources, string>> = {};
  for (const { field } of RESOURCES) {
    const value = asked[field] ?? defaults[field];
    if (value !== 'none') chosen[field] = value;
  }
  for (const { key, field, of, limit } of RESOURCES) {
    const value = asked[field];
    const path = `${annotationPrefix}/${key}`;
    if (value !== undefined && value !== 'none' && !isWithin(value, exporterBounds[of])) {
      const { min, max } = exporterBounds[of];
      const message = `${quoted(value)} is outside ${min} to ${max}`;
      problems.push({ code: 'bad-value', path, message, hint: 'the administrator sets these bounds' });
    }
    const most = limit === undefined ? undefined : chosen[limit];
    if (most === undefined || !exceeds(chosen[field], most)) continue;
    if (value === undefined) {
      chosen[field] = most;
    } else {
      const message = `${quoted(value)} is more than the limit ${most}`;
      problems.push({
        code: 'bad-value',
        path,
        message,
        hint: `raise ${key.replace('request', 'limit')} too`,
      });
    }
  }
  return chosen;
}

/** The same for a Pod of QoS class Guaranteed, which a container without a limit would take out of its class. */
export function guaranteedResources(
  defaults: ExporterResources,
  chosen: Readonly<Partial<ExporterResources>>,
  { annotationPrefix }: Pick<EngineConfig, 'annotationPrefix'>,
  problems: Problem[],
): Readonly<Partial<ExporterResources>> {
  const limits = RESOURCES.filter(({ field, limit }) => limit === undefined && chosen[field] === undefined);
  const kept = limits.filter(({ field }) => defaults[field] !== 'none');
  for (const { key, field } of kept) {
    const message = `using ${defaults[field]}: without a limit the Pod would lose its QoS class Guaranteed`;
    problems.push({ code: 'ignored-key', path: `${annotationPrefix}/${key}`, message });
  }
  return { ...chosen, ...Object.fromEntries(kept.map(({ field }) => [field, defaults[field]])) };
}

function isWithin(value: string, { min, max }: { readonly min: string; readonly max: string }): boolean {
  return !exceeds(value, max) && !exceeds(min, value);
}

function exceeds(value: string | undefined, most: string): boolean {
  if (value === undefined || sameQuantity(value, most)) return false;
  return (parseQuantity(value) ?? 0) > (parseQuantity(most) ?? Infinity);
}
