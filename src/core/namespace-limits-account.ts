import type { Container, Pod } from './kubernetes.ts';
import type { LimitRange } from './namespace-limits.ts';
import type { Amounts } from './namespace-limits-amounts.ts';
import { amountsOf, COMPUTE, greatest, NOTHING, sum } from './namespace-limits-amounts.ts';
import { isRecord } from './record.ts';

/** A Pod as the LimitRanger and the quotas see it, after the LimitRanger has filled in its defaults. */
export interface Account {
  readonly containers: readonly Sized[];
  /** Pod-level resources, which stand for the sum of the containers' where they name a resource. */
  readonly level?: Resources;
  readonly overhead: Amounts;
  readonly terminating: boolean;
  readonly priorityClass?: string;
}

/** What a container, or a whole Pod, requests and is limited to. */
export interface Resources {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

/** A container with what it requests and is limited to. */
export interface Sized extends Resources {
  readonly name: string;
  /** `init` runs before the others and ends; a native sidecar is `native`. */
  readonly kind: 'regular' | 'init' | 'native';
}

/** Fields that the engine reads nowhere else, and that nobody has checked. */
interface Unchecked {
  readonly overhead?: unknown;
  readonly activeDeadlineSeconds?: unknown;
  readonly priorityClassName?: unknown;
}

/** The Pod as it is, with the defaults of these LimitRanges. */
export function accountOf({ spec }: Pod, ranges: readonly LimitRange[]): Account {
  const { overhead, activeDeadlineSeconds, priorityClassName } = spec as Unchecked;
  const sized = (kind: Sized['kind'], { name, resources }: Container): Sized =>
    withDefaults({ name, kind, ...resourcesOf(resources) }, ranges);
  return {
    containers: [
      ...spec.containers.map((container) => sized('regular', container)),
      ...(spec.initContainers ?? []).map((container) =>
        sized(container.restartPolicy === 'Always' ? 'native' : 'init', container),
      ),
    ],
    ...(isRecord(spec.resources) ? { level: resourcesOf(spec.resources) } : {}),
    overhead: amountsOf(overhead),
    terminating: typeof activeDeadlineSeconds === 'number' && activeDeadlineSeconds >= 0,
    ...(typeof priorityClassName === 'string' && priorityClassName !== ''
      ? { priorityClass: priorityClassName }
      : {}),
  };
}

function resourcesOf(resources: unknown): Resources {
  if (!isRecord(resources)) return { requests: NOTHING, limits: NOTHING };
  return { requests: amountsOf(resources['requests']), limits: amountsOf(resources['limits']) };
}

/**
 * A container as it will be stored: the apiserver sets requests that are missing to the limits, and after it the
 * LimitRanger fills in what is missing still, one LimitRange after the other (in no order that one could rely on).
 */
export function withDefaults<T extends Resources>(container: T, ranges: readonly LimitRange[]): T {
  let { limits } = container;
  let requests = { ...limits, ...container.requests };
  for (const range of ranges) {
    const items = range.limits.filter(({ type }) => type === 'Container');
    for (const item of [...items].reverse()) {
      limits = { ...amountsOf(item.default), ...limits };
      requests = { ...amountsOf(item.defaultRequest), ...requests };
    }
  }
  return { ...container, limits, requests };
}

/**
 * What the whole Pod requests and is limited to (component-helpers, resource/helpers.go): all containers that run side
 * by side, or the init container that needs more together with the native sidecars before it.
 */
export function totals({ containers, level, overhead }: Account, withOverhead: boolean): Resources {
  const total = (of: 'requests' | 'limits'): Amounts => {
    let together = NOTHING;
    let natives = NOTHING;
    let peak = NOTHING;
    for (const container of containers) {
      const amounts = container[of];
      if (container.kind !== 'init') together = sum(together, amounts);
      if (container.kind === 'native') natives = sum(natives, amounts);
      if (container.kind === 'init') peak = greatest(peak, sum(natives, amounts));
    }
    return { ...greatest(together, peak), ...level?.[of] };
  };
  const [requests, limits] = [total('requests'), total('limits')];
  if (!withOverhead) return { requests, limits };
  // Only limits that there are grow by the overhead.
  const over = COMPUTE.filter((resource) => (limits[resource] ?? 0) > 0);
  const onLimits = Object.fromEntries(over.map((resource) => [resource, overhead[resource] ?? 0]));
  return { requests: sum(requests, overhead), limits: sum(limits, onLimits) };
}

/** QoS class BestEffort: nobody in the Pod asks for anything. */
export function isBestEffort({ containers, level }: Account): boolean {
  const all = level === undefined ? containers : [level];
  return all.every(({ requests, limits }) =>
    COMPUTE.every((resource) => (requests[resource] ?? 0) <= 0 && (limits[resource] ?? 0) <= 0),
  );
}

/** QoS class Guaranteed: every container limits cpu and memory and requests nothing less. */
export function isGuaranteed({ containers, level }: Account): boolean {
  const all = level === undefined ? containers : [level];
  return all.every(({ requests, limits }) =>
    COMPUTE.every((resource) => (limits[resource] ?? 0) > 0 && requests[resource] === limits[resource]),
  );
}
