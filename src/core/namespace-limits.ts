import type { Quantities } from './kubernetes.ts';
import type { LabelRequirement } from './selector.ts';

/** The resources that limit Pods: plural names, as in RBAC and as labels of metrics. */
export const LIMIT_RESOURCES = ['limitranges', 'resourcequotas'] as const;

/** One of them. */
export type LimitResource = (typeof LIMIT_RESOURCES)[number];

/**
 * What a namespace's LimitRanges and ResourceQuotas say about cpu and memory, as last known. The rules are those of
 * Kubernetes 1.29 and later: plugin/pkg/admission/limitranger/admission.go and pkg/quota/v1/evaluator/core/pods.go.
 */
export interface NamespaceLimits {
  readonly ranges?: readonly LimitRange[];
  readonly quotas?: readonly Quota[];
}

/** A LimitRange, as far as it is about cpu and memory. */
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

/** A ResourceQuota, as far as it is about Pods, cpu and memory. */
export interface Quota {
  readonly name: string;
  /** By the quota's own words: `requests.cpu`, `cpu`, `limits.memory`, `pods`. */
  readonly hard: Quantities;
  /** What is missing is not used. */
  readonly used?: Quantities;
  /** All of them have to hold for a Pod to count. */
  readonly scopes?: readonly QuotaScope[];
}

/** Which Pods a quota is about (ScopedResourceSelectorRequirement). */
export interface QuotaScope {
  readonly scopeName: string;
  readonly operator: LabelRequirement['operator'];
  readonly values?: readonly string[];
}
