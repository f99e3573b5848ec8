import { withoutControlCharacters } from '../core/text.ts';
import type { CommandIo } from './command.ts';

/**
 * Tells people what is wrong, a line each, and gives the exit code for it. What a terminal would carry out stays out:
 * the words of a file or a server may be in it.
 */
export function fail({ stderr }: Pick<CommandIo, 'stderr'>, lines: readonly string[]): number {
  for (const line of lines) stderr.write(`${withoutControlCharacters(line)}\n`);
  return 1;
}
