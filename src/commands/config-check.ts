import { buffer } from 'node:stream/consumers';

import type { Command } from 'commander';

import { advice } from '../config/advice.ts';
import { configOf, decodeConfig, readConfig } from '../config/load.ts';
import type { Config, ReadResult } from '../config/load.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import { UsageError } from './usage-error.ts';

export interface ConfigCheckOptions {
  readonly config?: string;
}

export function define(command: Command): void {
  command
    .argument('[file]', 'configuration file (YAML); - reads standard input')
    .option('--config <file>', 'the same as an option')
    .addHelpText('after', '\nExample: podscrape config check podscrape.yaml');
}

/** Says whether a file would be taken: a summary on standard output, or every problem on standard error. */
export async function run(
  options: ConfigCheckOptions,
  io: CommandIo,
  args: readonly string[],
): Promise<number> {
  const file = fileOf(options, args);
  const name = file === '-' ? 'standard input' : file;
  const loaded = configOf(file === '-' ? await readStdin(io) : await readConfig(file), name);
  if (!loaded.ok) return fail(io, loaded.problems);
  for (const line of advice(loaded.config, Date.now())) io.stderr.write(`warning: ${name}: ${line}\n`);
  io.stdout.write(summary(name, loaded.config));
  return 0;
}

function fileOf({ config }: ConfigCheckOptions, [file]: readonly string[]): string {
  if (config !== undefined && file !== undefined)
    throw new UsageError('the file is given twice: as --config and as an argument');
  const given = config ?? file;
  if (given === undefined) throw new UsageError('which file? Give FILE, or - for standard input');
  return given;
}

async function readStdin({ stdin = process.stdin }: CommandIo): Promise<ReadResult> {
  return decodeConfig(await buffer(stdin));
}

function summary(name: string, { engine }: Config): string {
  const count = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  const parts = [
    `hash ${engine.hash}`,
    count(engine.policies.length, 'policy', 'policies'),
    count(engine.profiles.size, 'profile', 'profiles'),
    count(engine.exporters.size, 'exporter', 'exporters'),
  ];
  return `${name}: valid\n${parts.join(', ')}\n`;
}
