import { whyUnavailable } from './binaries.ts';
import type { BinaryName } from './binary-table.ts';
import { CONTROL_PLANE_BINARIES } from './control-plane.ts';
import { kubeletUnavailable } from './kubelet/available.ts';

/** Why the control plane cannot run here (no Go and no binaries); undefined when it can. Builds nothing. */
export function clusterUnavailable(
  more: readonly BinaryName[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  return whyUnavailable([...CONTROL_PLANE_BINARIES, ...more], env);
}

/**
 * The options of a node:test suite or test that boots a control plane:
 * `describe('admission', await requireCluster('admission'), () => …)`. Where it cannot run the suite is skipped, loudly
 * on standard error. `more` names binaries that the suite starts beside the control plane.
 * Errors: with `CI=true` it is no skip but a failure: CI that runs no test must not be green.
 */
export async function requireCluster(
  suite: string,
  more: readonly BinaryName[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ skip: false | string }> {
  return skipOrFail(suite, await clusterUnavailable(more, env), env);
}

/** {@link requireCluster} for a suite that also starts the kubelet, which needs root. */
export async function requireKubelet(
  suite: string,
  more: readonly BinaryName[] = [],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ skip: false | string }> {
  return skipOrFail(suite, kubeletUnavailable() ?? (await clusterUnavailable(more, env)), env);
}

/** The skip, told loudly, that a reason asks for. Errors: with `CI=true`, the reason. */
export function skipOrFail(
  suite: string,
  reason: string | undefined,
  env: NodeJS.ProcessEnv,
): { skip: false | string } {
  if (reason === undefined) return { skip: false };
  if (env['CI'] === 'true' || env['CI'] === '1') throw new Error(`${suite} cannot run in CI: ${reason}`);
  const rule = '!'.repeat(100);
  process.stderr.write(`${rule}\nNOT RUN: ${suite}\n${reason}\n${rule}\n`);
  return { skip: reason };
}
