import type { Conventions, Exemption, Policy } from '../core/policy.ts';
import { ENTRY_DEFAULTS } from './defaults.ts';
import type { ConfigFile } from './schema.ts';
import { endOf, portRange } from './values.ts';

type PolicyEntry = NonNullable<ConfigFile['policies']>[number];

/** A checked policy with everything filled in. */
export function effectivePolicy({ conventions, exemptions, ...row }: PolicyEntry): Policy {
  return {
    ...ENTRY_DEFAULTS.policy,
    ...row,
    conventions: effectiveConventions(conventions ?? ENTRY_DEFAULTS.policy.conventions),
    exemptions: (exemptions ?? ENTRY_DEFAULTS.policy.exemptions).map(effectiveExemption),
  };
}

function effectiveConventions({
  allowedPorts,
  ...others
}: NonNullable<PolicyEntry['conventions']>): Conventions {
  if (allowedPorts === undefined) return others;
  const ranges = allowedPorts.ranges.flatMap((value) => portRange(value) ?? []);
  return { ...others, allowedPorts: { ...allowedPorts, ranges } };
}

/** What the check let through is a moment; were it none, an exemption that is over is the safe reading. */
function effectiveExemption({ until, ...row }: NonNullable<PolicyEntry['exemptions']>[number]): Exemption {
  return { ...row, until: endOf(until) ?? 0 };
}
