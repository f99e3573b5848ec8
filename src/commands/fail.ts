import type { CommandIo } from './command.ts';

/** Tells people what is wrong, a line each, and gives the exit code for it. */
export function fail({ stderr }: Pick<CommandIo, 'stderr'>, lines: readonly string[]): number {
  for (const line of lines) stderr.write(`${line}\n`);
  return 1;
}
