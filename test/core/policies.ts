import type { Policy } from '../../src/core/policy.ts';

/** A policy of every namespace that asks for nothing, but for what is given. */
export function policyOf(more: Partial<Policy> = {}): Policy {
  return {
    name: 'payments',
    namespaceSelector: {},
    mode: 'enforce',
    allowOverride: false,
    conventions: {},
    exemptions: [],
    ...more,
  };
}
