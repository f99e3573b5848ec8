import assert from 'node:assert/strict';

import { runOn } from '../../commands/run.ts';
import type { SaidJob } from './agree.ts';

/** One object of what `explain -o json` prints; more than this stands there. */
export interface ExplainedJson {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly scrape: {
    readonly pod: { readonly exists: boolean; readonly ip: string };
    readonly jobs: readonly SaidJob[];
  };
}

/**
 * Runs `explain` in this process. Errors: it cannot tell; that some of what was asked for is not scraped is an answer.
 *
 * @param kubeconfig for a Pod of the cluster
 */
export async function explainCli(
  args: readonly string[],
  { stdin = '', kubeconfig }: { readonly stdin?: string; readonly kubeconfig?: string } = {},
): Promise<readonly ExplainedJson[]> {
  const cluster = kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig];
  const { code, stdout, stderr } = await runOn(stdin, 'explain', ...args, ...cluster, '-o', 'json');
  assert.ok(code === 0 || code === 2, `explain ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout) as readonly ExplainedJson[];
}
