import type { ApiServer } from './api-server.ts';
import { connect, LONGEST_OBJECT, textOf, within } from './connection.ts';
import type { Body, Connection } from './connection.ts';

/** An object as it is read and written back: what is not looked at goes back as it came. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Reads and writes single objects, by path. Errors of all: ApiError; no connection, no answer in time. */
export interface Objects {
  get<T extends KubeObject>(path: string): Promise<T>;
  /** The clock of the API server, as its answer to a GET has it; undefined where something in between leaves it out. */
  time(path: string): Promise<Date | undefined>;
  /** `path` is that of the collection. An object that is there already: ApiError of status 409. */
  create<T extends KubeObject>(path: string, object: T): Promise<T>;
  /** Replaces it. With a resourceVersion that is not the current one any more: ApiError of status 409. */
  update<T extends KubeObject>(path: string, object: T): Promise<T>;
  /** JSON patch. One that sets a resourceVersion that is not the current one any more: ApiError of status 409. */
  patch(path: string, operations: readonly PatchOperation[], fieldManager: string): Promise<void>;
}

/** As in RFC 6902. */
export interface PatchOperation {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}

/** An answer to one of these comes at once, or something is wrong. */
const ANSWER_MS = 10_000;

/**
 * Plain requests, and not client-node's typed clients: those cost 370 ms and 85 MB to load, and in a Pod nothing else
 * needs them. A connection each, because credentials change and the requests are few.
 */
export function objectsOf(server: ApiServer, signal: AbortSignal): Objects {
  const ask = async <T>(send: (connection: Connection) => ReturnType<Connection['get']>): Promise<T> => {
    const connection = await connect(server, ANSWER_MS, signal);
    try {
      const response = await send(connection);
      return JSON.parse(await within(response, ANSWER_MS, () => textOf(response, LONGEST_OBJECT))) as T;
    } finally {
      connection.close();
    }
  };
  const json = (object: KubeObject): Body => ({
    contentType: 'application/json',
    text: JSON.stringify(object),
  });
  return {
    get: (path) => ask((connection) => connection.get(path, 'application/json')),
    async time(path) {
      const connection = await connect(server, ANSWER_MS, signal);
      try {
        const response = await connection.get(path, 'application/json');
        response.destroy();
        const time = Date.parse(response.headers.date ?? '');
        return Number.isNaN(time) ? undefined : new Date(time);
      } finally {
        connection.close();
      }
    },
    create: (path, object) => ask((connection) => connection.send('POST', path, json(object))),
    update: (path, object) => ask((connection) => connection.send('PUT', path, json(object))),
    async patch(path, operations, fieldManager) {
      const query = new URLSearchParams({ fieldManager });
      const body = { contentType: 'application/json-patch+json', text: JSON.stringify(operations) };
      await ask((connection) => connection.send('PATCH', `${path}?${query.toString()}`, body));
    },
  };
}
