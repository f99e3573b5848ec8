import { clip, withoutControlCharacters } from '../core/text.ts';
import { ApiError } from './api-server.ts';

/** What podscrape's watches write; a pino logger does. */
export interface WatchLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** What failed: the list, the watch (refused, cut or dead), or the watch's resourceVersion, which had become too old. */
export type RestartReason = 'list' | 'watch' | 'expired';

/** Times of the pauses between attempts, in milliseconds. */
export interface BackoffTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The pause after the `failures`th failure in a row, doubling; `random`, 0 to 1, takes up to half of it off. */
export function pauseMs(failures: number, times: BackoffTimes, random: number): number {
  const full = Math.min(times.longestMs, times.firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (1 - random / 2));
}

/** What {@link Outage} needs to know of its watch. */
export interface OutageOptions {
  /** Plural, as in RBAC: `namespaces`. */
  readonly resource: string;
  /** Whose credentials are used. */
  readonly source: string;
  /** What is to be allowed. Default: a ClusterRole that allows list and watch on the resource. */
  readonly right?: string;
  readonly log: WatchLog;
  readonly backoff: BackoffTimes;
  /** Like Math.random. */
  readonly random: () => number;
}

/**
 * Counts the failures in a row and tells of them: one warning when a watch breaks or breaks in another way, one line
 * when it is back, and nothing for every single attempt of a night without API server.
 */
export class Outage {
  readonly #options: OutageOptions;
  #failures = 0;
  #told: string | undefined;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** Records a failure, before or after the first full list; returns the pause to make, in milliseconds. */
  failed(step: 'list' | 'watch' | 'write', error: unknown, synced: boolean): number {
    const { resource, log, backoff, random } = this.#options;
    this.#failures++;
    const pause = pauseMs(this.#failures, backoff, random());
    const fields = { resource, step, ...this.#explain(error), retryInSeconds: pause / 1000 };
    const kind = `${step} ${kindOf(error)}`;
    const message =
      step === 'write'
        ? 'a request failed, it will be tried again'
        : synced
          ? 'watch interrupted, the last known state is in use'
          : 'nothing listed yet';
    log[kind === this.#told ? 'debug' : 'warn'](fields, message);
    this.#told = kind;
    return pause;
  }

  /** The watch works. */
  over(): void {
    const { resource, log } = this.#options;
    const message = this.#told?.startsWith('write') === true ? 'requests work again' : 'watch is back';
    if (this.#failures > 0) log.info({ resource, failures: this.#failures }, message);
    this.#failures = 0;
    this.#told = undefined;
  }

  #explain(error: unknown): { reason: string; hint?: string } {
    const { resource, source } = this.#options;
    const right = this.#options.right ?? `a ClusterRole that allows list and watch on ${resource}`;
    const status = error instanceof ApiError ? error.status : undefined;
    const text = error instanceof Error ? messageOf(error) : String(error);
    const reason = clip(
      withoutControlCharacters(status === undefined ? text : `status ${status}: ${text}`),
      300,
    );
    if (status === 401) return { reason, hint: `the API server does not know the credentials of ${source}` };
    if (status === 403) return { reason, hint: `bind ${right} to that user` };
    return { reason };
  }
}

/** Node tries each address of a name and puts the failures into one error without words. */
function messageOf(error: Error): string {
  const { errors } = error as Partial<AggregateError>;
  return error.message !== '' || errors === undefined ? error.message : errors.map(String).join('; ');
}

function kindOf(error: unknown): string {
  if (error instanceof ApiError) return String(error.status);
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
