import assert from 'node:assert/strict';

import { run } from '../processes.ts';
import type { SaidJob } from './agree.ts';
import { CLI } from '../webhook.ts';

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
 * Runs `explain` as people do. Errors: it cannot tell; that some of what was asked for is not scraped is an answer.
 *
 * @param kubeconfig for a Pod of the cluster
 */
export async function explainCli(
  args: readonly string[],
  { stdin = '', kubeconfig }: { readonly stdin?: string; readonly kubeconfig?: string } = {},
): Promise<readonly ExplainedJson[]> {
  const env = { ...process.env, ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }) };
  const command = [CLI, 'explain', ...args, '-o', 'json'];
  const { code, stdout, stderr } = await run(process.execPath, command, { stdin, env, timeoutMs: 120_000 });
  assert.ok(code === 0 || code === 2, `explain ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return JSON.parse(stdout) as readonly ExplainedJson[];
}
