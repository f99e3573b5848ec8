import type { EngineConfig } from './engine-config.ts';
import type { Pod, ResourceRequirements } from './kubernetes.ts';
import { own } from './pod.ts';
import type { Problem } from './problem.ts';
import type { ExporterResources } from './profile.ts';
import { parseQuantity, sameQuantity } from './quantity.ts';
import { quoted } from './text.ts';

/** The keys for an exporter's resources, and what each of them sets: of a request also the limit that bounds it. */
export const RESOURCES = [
  { key: 'exporter-cpu-request', field: 'cpuRequest', of: 'requests', resource: 'cpu', limit: 'cpuLimit' },
  { key: 'exporter-cpu-limit', field: 'cpuLimit', of: 'limits', resource: 'cpu', limit: undefined },
  {
    key: 'exporter-memory-request',
    field: 'memoryRequest',
    of: 'requests',
    resource: 'memory',
    limit: 'memoryLimit',
  },
  { key: 'exporter-memory-limit', field: 'memoryLimit', of: 'limits', resource: 'memory', limit: undefined },
] as const satisfies readonly {
  readonly key: string;
  readonly field: keyof ExporterResources;
  readonly of: 'requests' | 'limits';
  readonly resource: 'cpu' | 'memory';
  readonly limit: keyof ExporterResources | undefined;
}[];

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
  for (const { key, field, resource, limit } of RESOURCES) {
    const value = asked[field];
    const path = `${annotationPrefix}/${key}`;
    if (value !== undefined && value !== 'none' && !isWithin(value, exporterBounds[resource])) {
      const { min, max } = exporterBounds[resource];
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
  asked: Readonly<Partial<ExporterResources>>,
  { annotationPrefix }: Pick<EngineConfig, 'annotationPrefix'>,
  problems: Problem[],
): Readonly<Partial<ExporterResources>> {
  const limits = RESOURCES.filter(({ field, of }) => of === 'limits' && chosen[field] === undefined);
  const kept = limits.filter(({ field }) => defaults[field] !== 'none');
  for (const { key, field } of kept) {
    const message = `using ${defaults[field]}: without a limit the Pod would lose its QoS class Guaranteed`;
    problems.push({ code: 'ignored-key', path: `${annotationPrefix}/${key}`, message });
  }
  const result = { ...chosen, ...Object.fromEntries(kept.map(({ field }) => [field, defaults[field]])) };
  for (const { key, field, limit } of RESOURCES) {
    const value = asked[field];
    const most = limit === undefined ? undefined : result[limit];
    if (value === undefined || most === undefined || sameQuantity(value, most)) continue;
    const message = 'ignored: requests are the limits in a Guaranteed Pod';
    problems.push({ code: 'ignored-key', path: `${annotationPrefix}/${key}`, message, hint: 'remove it' });
  }
  return result;
}

/** Whether the Pod has resources as a whole, beside which an exporter gets none of its own. */
export function hasPodResources({ spec: { resources } }: Pod): boolean {
  return resources !== undefined && resources !== null;
}

function isWithin(value: string, { min, max }: { readonly min: string; readonly max: string }): boolean {
  return !exceeds(value, max) && !exceeds(min, value);
}

function exceeds(value: string | undefined, most: string): boolean {
  if (value === undefined || sameQuantity(value, most)) return false;
  return (parseQuantity(value) ?? 0) > (parseQuantity(most) ?? Infinity);
}

/**
 * Requests and limits; the limits twice in a Pod of QoS class Guaranteed, so that it stays one. None at all beside
 * Pod-level resources: exact ones plus ours would exceed them, which the apiserver answers with 422.
 */
export function containerResources(
  pod: Pod,
  { cpuRequest, cpuLimit, memoryRequest, memoryLimit }: Readonly<Partial<ExporterResources>>,
): ResourceRequirements | undefined {
  if (hasPodResources(pod)) return undefined;
  const limits = quantities(cpuLimit, memoryLimit);
  const requests = isGuaranteed(pod) ? limits : quantities(cpuRequest, memoryRequest);
  if (limits === undefined && requests === undefined) return undefined;
  return { ...(requests === undefined ? {} : { requests }), ...(limits === undefined ? {} : { limits }) };
}

function quantities(
  cpu: string | undefined,
  memory: string | undefined,
): Readonly<Record<string, string>> | undefined {
  if (cpu === undefined && memory === undefined) return undefined;
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

/** QoS class Guaranteed: every container limits cpu and memory and requests nothing less. */
export function isGuaranteed(pod: Pod): boolean {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = own(resources?.limits, name);
      const request = own(resources?.requests, name) ?? limit;
      return limit !== undefined && request !== undefined && sameQuantity(String(request), String(limit));
    }),
  );
}
