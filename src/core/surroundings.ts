import type { StringMap } from './kubernetes.ts';
import type { NamespaceLimits } from './namespace-limits.ts';

/** What the engine is told about the place an object goes to; nothing of it is looked up by the engine. */
export interface Surroundings {
  /** From the admission request, never from the object (whose namespace may be empty). */
  readonly namespace: string;
  /**
   * How the object came to be asked about: the webhook entry for opted-in namespaces, the entry for objects that
   * carry a key of ours, or neither is known (`unknown`: the offline commands, a hand-written configuration).
   */
  readonly trigger: 'namespace' | 'object' | 'unknown';
  /** The namespace's own labels and annotations, from a watch; undefined where nobody watches. */
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  /** The namespace's LimitRanges and ResourceQuotas, best effort: undefined where nothing is known of them. */
  readonly limits?: NamespaceLimits;
  /** Milliseconds since 1970, for exemptions that end; undefined counts as the beginning of time. */
  readonly now?: number;
}

/**
 * The surroundings of a pod template. Pods use a quota up, templates do not: what is used moves by itself, and a template
 * that gained or lost its exporter with it would start a rollout that nobody asked for. So each quota counts
 * as unused, and only a Pod that could never fit gets no exporter there. The price is that a Pod of such a template,
 * which comes with the exporter inside, may have to wait for room; with `workloads: hoist` it would do without.
 */
export function ofTemplates(surroundings: Surroundings): Surroundings {
  const { limits } = surroundings;
  if (limits?.quotas === undefined) return surroundings;
  const quotas = limits.quotas.map((quota) => ({ ...quota, used: {} }));
  return { ...surroundings, limits: { ...limits, quotas } };
}
