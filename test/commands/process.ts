import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

import type { Ran } from './run.ts';

const CLI = new URL('../../src/cli.ts', import.meta.url).pathname;

/** Runs a command line as a process of its own, with this on its standard input. */
export async function runProcess(args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: 'pipe' });
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, stdout, stderr };
}
