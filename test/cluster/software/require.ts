import { whyUnavailable } from '../binaries.ts';
import type { BinaryName } from '../binary-table.ts';
import { skipOrFail } from '../require.ts';
import type { DebianName } from './debian-table.ts';
import { whyNotDebian } from './debian.ts';
import { whyNotPython } from './python.ts';

/** What a suite starts. */
export interface SoftwareNeeds {
  readonly binaries?: readonly BinaryName[];
  readonly debian?: readonly DebianName[];
  readonly python?: boolean;
}

/** Why this software is not to be had here, without fetching or building any; undefined when it is. */
export async function softwareUnavailable(
  needs: SoftwareNeeds,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const reasons = [
    await whyUnavailable(needs.binaries ?? [], env),
    await whyNotDebian(needs.debian ?? [], { env }),
    needs.python === true ? await whyNotPython(env) : undefined,
  ].filter((reason) => reason !== undefined);
  return reasons.length === 0 ? undefined : reasons.join('\n');
}

/**
 * The options of a node:test suite or test that starts real software, as {@link requireCluster} gives them for the
 * control plane: where it cannot be had, the suite is skipped, loudly on standard error.
 * Errors: with `CI=true` it is no skip but a failure.
 */
export async function requireSoftware(
  suite: string,
  needs: SoftwareNeeds,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ skip: false | string }> {
  return skipOrFail(suite, await softwareUnavailable(needs, env), env);
}
