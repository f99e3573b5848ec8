import type { Command, OptionValues } from 'commander';

/** Data goes to standard output, everything for people to standard error. */
export interface CommandIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** The process' own when left out. */
  readonly stdin?: NodeJS.ReadableStream;
}

/** What a command's file exports. */
export interface CommandModule {
  /** Declares options and help; does nothing else. */
  define(command: Command): void;
  /**
   * Does the work with the options and arguments that the parser read, and resolves with the exit code. Errors:
   * UsageError; any other exception is a bug.
   */
  run(options: OptionValues, io: CommandIo, args: readonly string[]): Promise<number>;
}

/** A row of the table of commands: one that does something, or one that others stand under. */
export type CommandRow = CommandLeaf | CommandGroup;

/** Loaded only when it is called, so that none pays for another's dependencies. */
export interface CommandLeaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandRow[];
}
