import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What the rest of podscrape may do with a log: one JSON object a line. Handed in, never global. */
export type Log = Pick<Logger, LogLevel>;

/** A log whose lowest level can be set anew. */
export type AdjustableLog = Log & Pick<Logger, 'level'>;

export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  /** Where the lines go; standard output when left out. */
  readonly destination?: DestinationStream;
}

/** 4 MiB of lines that standard output has not taken yet; what comes on top is dropped. */
const LARGEST_BACKLOG = 4 * 1024 * 1024;

/** A JSON log with ISO timestamps and levels as words. */
export function createLog(options: LogOptions): AdjustableLog {
  return pino(
    {
      level: options.level,
      // The kubelet knows host and process; repeating them on every line only costs storage.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    options.destination ?? standardOutput(),
  );
}

/**
 * Standard output written by another thread: when nobody reads the pipe, an admission must not wait for its own
 * log line, and memory must not grow. Pino writes what is left when the process exits.
 */
function standardOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: 0, maxLength: LARGEST_BACKLOG });
}
