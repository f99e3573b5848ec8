import { requireCluster, requireKubelet } from '../require.ts';
import { requireSoftware } from '../software/require.ts';
import type { SoftwareNeeds } from '../software/require.ts';

/** What a suite starts beside Prometheus. */
export interface PrometheusNeeds extends SoftwareNeeds {
  readonly cluster?: boolean;
  /** With it comes the control plane. */
  readonly kubelet?: boolean;
}

/** The options of a suite that starts Prometheus: where something is missing it is skipped, and fails in CI. */
export async function requirePrometheus(
  suite: string,
  needs: PrometheusNeeds = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ skip: false | string }> {
  const binaries = ['prometheus', ...(needs.binaries ?? [])] as const;
  const software = await requireSoftware(suite, { ...needs, binaries }, env);
  if (software.skip !== false) return software;
  if (needs.kubelet === true) return requireKubelet(suite, [], env);
  return needs.cluster === true ? requireCluster(suite, [], env) : software;
}
