import type { Command, OptionValues } from 'commander';

/** Data goes to standard output, everything for people to standard error. */
export interface CommandIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** What a command's file exports. */
export interface CommandModule {
  /** Declares options and help; does nothing else. */
  define(command: Command): void;
  /**
   * Does the work with the options that the parser read, and resolves with the exit code. Errors: UsageError; any other
   * exception is a bug.
   */
  run(options: OptionValues, io: CommandIo): Promise<number>;
}

/** A row of the table of commands: loaded only when it is called, so that none pays for another's dependencies. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}
