import { Command, CommanderError } from 'commander';

import { VERSION } from '../version.ts';
import type { CommandIo, CommandRow } from './command.ts';
import { fail } from './fail.ts';
import { COMMANDS } from './table.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes of every command. Those above 128 tell of a signal, as shells count. */
const EXIT = { ok: 0, problem: 1, usage: 2 } as const;

const EXIT_CODES = `
Exit codes:
  0  done
  1  something is wrong with the input, the configuration or the surroundings
  2  the command line is wrong`;

/** Runs one command line (without `node` and the script's name) and resolves with the exit code. */
export async function main(
  args: readonly string[],
  io: CommandIo,
  rows: readonly CommandRow[] = COMMANDS,
): Promise<number> {
  const outcome: { code: number } = { code: EXIT.ok };
  const program = new Command('podscrape')
    .description('Makes Pods scrapeable by Prometheus: a Kubernetes mutating admission webhook.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('afterAll', EXIT_CODES)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
  for (const row of rows) await add(program, row, args, io, outcome);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    // Help and the version end here as well, with exit code 0; everything else that commander finds is about usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
  return outcome.code;
}

/** A command's file is loaded only when its name is among the arguments. */
async function add(
  parent: Command,
  row: CommandRow,
  args: readonly string[],
  io: CommandIo,
  outcome: { code: number },
): Promise<void> {
  const command = parent.command(row.name).summary(row.summary).description(sentence(row.summary));
  if ('commands' in row) {
    for (const inner of row.commands) await add(command, inner, args, io, outcome);
    return;
  }
  if (!args.includes(row.name)) return;
  const loaded = await row.load();
  loaded.define(command);
  command.action(async () => {
    try {
      outcome.code = await loaded.run(command.opts(), io, command.args);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      fail(io, [`error: ${error.message}`]);
      outcome.code = EXIT.usage;
    }
  });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
