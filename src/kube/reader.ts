import { ApiError } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { connect, LONGEST_OBJECT, textOf, within } from './connection.ts';
import { listPages } from './list-watch.ts';
import type { Depth, Listed } from './list-watch.ts';
import { readTrouble } from './read-trouble.ts';

/** Why something could not be read: the message names the fault and the remedy. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** What to read. */
export interface Place {
  /** `/api/v1/pods`. */
  readonly path: string;
  /** For messages: `pods in all namespaces`. */
  readonly what: string;
}

/** Reads a cluster, one request after the other; it never writes. */
export interface Reader {
  /**
   * Lists page by page. `begin` is called before the first page, and again where the list expired between two pages and
   * begins anew: what was taken before is of no use then. Errors: ReadError.
   */
  list(
    place: Place,
    options: { readonly depth: Depth; readonly labelSelector?: string },
    begin: () => (object: Listed) => void,
  ): Promise<void>;
  /** One object. Errors: ReadError. */
  get(place: Place): Promise<Listed>;
  close(): void;
}

/** A page of whole objects from a busy API server. */
const ANSWER_MS = 60_000;

/** A list that expires so often is never read to its end. */
const MOST_BEGINNINGS = 3;

/** Connects with the credentials of now. Errors: ReadError. */
export async function openReader(server: ApiServer): Promise<Reader> {
  const inWords = async <T>(what: string, verb: 'list' | 'get', read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      const status = error instanceof ApiError ? error.status : undefined;
      throw new ReadError(`${what}: ${reason(error, server, verb)}`, status);
    }
  };
  const connection = await inWords('the cluster', 'get', () =>
    connect(server, ANSWER_MS, new AbortController().signal),
  );
  return {
    list: ({ path, what }, { depth, labelSelector }, begin) =>
      inWords(what, 'list', async () => {
        const selected = labelSelector === undefined ? { depth } : { depth, labelSelector };
        for (let beginning = 1; ; beginning += 1) {
          try {
            await listPages(connection, path, begin(), { answerMs: ANSWER_MS, paged: true, ...selected });
            return;
          } catch (error) {
            const isExpired = error instanceof ApiError && error.status === 410;
            if (!isExpired || beginning === MOST_BEGINNINGS) throw error;
          }
        }
      }),
    get: ({ path, what }) =>
      inWords(what, 'get', async () => {
        const response = await connection.get(path, 'application/json');
        return JSON.parse(
          await within(response, ANSWER_MS, () => textOf(response, LONGEST_OBJECT)),
        ) as Listed;
      }),
    close: () => connection.close(),
  };
}

function reason(error: unknown, server: ApiServer, verb: 'list' | 'get'): string {
  return readTrouble(error, server, ({ status, message }) => {
    if (status === 403) return `${server.source} may not ${verb} it (${message})`;
    if (status === 404) return 'there is none';
    return status === 410
      ? `the list expired ${MOST_BEGINNINGS} times before its end; read one namespace at a time`
      : undefined;
  });
}
