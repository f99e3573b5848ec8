import type { Quantities } from './kubernetes.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * What a namespace's LimitRanges and ResourceQuotas say about cpu and memory, as last known. The rules are those of
 * Kubernetes 1.29 and later: plugin/pkg/admission/limitranger/admission.go and pkg/quota/v1/evaluator/core/pods.go.
 */
export interface NamespaceLimits {
  readonly ranges?: readonly LimitRange[];
  readonly quotas?: readonly Quota[];
}

export interface LimitRange {
  readonly name: string;
  /** Those of type Container and Pod. */
  readonly limits: readonly LimitRangeItem[];
}

/** One of a LimitRange's `limits`; the apiserver has filled in the defaults that follow from the others. */
export interface LimitRangeItem {
  readonly type: 'Container' | 'Pod';
  readonly min?: Quantities;
  readonly max?: Quantities;
  /** Of limits. */
  readonly default?: Quantities;
  readonly defaultRequest?: Quantities;
  readonly maxLimitRequestRatio?: Quantities;
}

export interface Quota {
  readonly name: string;
  /** By the quota's own words: `requests.cpu`, `cpu`, `limits.memory`, `pods`. */
  readonly hard: Quantities;
  /** What is missing is not used. */
  readonly used?: Quantities;
  /** All of them have to hold for a Pod to count. */
  readonly scopes?: readonly QuotaScope[];
}

export interface QuotaScope {
  readonly scopeName: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/**
 * The limits as they bind a pod template. Pods use a quota up, templates do not: what is used moves by itself, and a
 * template that gained or lost its exporter with it would start a rollout that nobody asked for. So each quota counts
 * as unused, and only a Pod that could never fit gets no exporter there. The price is that a Pod of such a template,
 * which comes with the exporter inside, may have to wait for room; with `workloads: hoist` it would do without.
 */
export function ofTemplates(surroundings: Surroundings): Surroundings {
  const { limits } = surroundings;
  if (limits?.quotas === undefined) return surroundings;
  const quotas = limits.quotas.map((quota) => ({ ...quota, used: {} }));
  return { ...surroundings, limits: { ...limits, quotas } };
}
