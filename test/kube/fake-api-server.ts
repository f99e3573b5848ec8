import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

import type { ApiServer } from '../../src/kube/api-server.ts';

interface FakeNamespace {
  metadata: {
    name: string;
    resourceVersion: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
  };
}

interface RecordedRequest {
  readonly kind: 'list' | 'watch';
  readonly query: Readonly<Record<string, string>>;
  readonly accept: string;
}

/** Answers one request in place of the fake. */
export type Answer = (response: ServerResponse) => void;

/** A Status, as API servers answer errors. */
export function status(code: number, message = `status ${code}`): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, message }));
  };
}

/** A watch that the API server accepts, and then the lines. */
export function stream(...lines: string[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const line of lines) response.write(line);
  };
}

/** Resets the connection. */
export const reset: Answer = (response) => {
  response.socket?.resetAndDestroy();
};

/**
 * The list and watch protocol of namespaces with a real history, over HTTP on the loopback: a watch from a
 * resourceVersion gets what came after it, so that a watch that resumes at the wrong place misses or repeats events.
 */
export class FakeApiServer {
  readonly requests: RecordedRequest[] = [];
  /** Answers in place of the next lists and watches, in order. */
  readonly lists: Answer[] = [];
  readonly watches: Answer[] = [];
  /** Namespaces a page, where the client's limit is not smaller. */
  pageSize = 500;
  /** Watches from an older version are expired. */
  compacted = 0;
  readonly #server: Server;
  readonly #namespaces = new Map<string, FakeNamespace>();
  readonly #history: { version: number; line: string }[] = [];
  readonly #watchers = new Set<ServerResponse>();
  #version = 100;

  private constructor() {
    this.#server = createServer((request, response) => this.#serve(request, response));
  }

  /** Listens on a free port; ends with the test. */
  static async start(t: Pick<TestContext, 'after'>): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve));
    t.after(() => fake.stop());
    return fake;
  }

  get api(): ApiServer {
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, source: 'the test', credentials: async () => ({}) };
  }

  /** The watches that are open. */
  get open(): number {
    return this.#watchers.size;
  }

  get version(): string {
    return String(this.#version);
  }

  /** How many requests there were of each kind, in order: `list watch watch`. */
  get kinds(): string {
    return this.requests.map(({ kind }) => kind).join(' ');
  }

  set(name: string, labels: Record<string, string> = {}, annotations: Record<string, string> = {}): void {
    const type = this.#namespaces.has(name) ? 'MODIFIED' : 'ADDED';
    const namespace = {
      metadata: { name, resourceVersion: String(++this.#version), labels, annotations },
    };
    this.#namespaces.set(name, namespace);
    this.#tell(type, namespace);
  }

  delete(name: string): void {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) throw new Error(`no namespace ${name}`);
    this.#namespaces.delete(name);
    this.#tell('DELETED', { metadata: { ...namespace.metadata, resourceVersion: String(++this.#version) } });
  }

  /** Another resource changed: the version moves on, and a bookmark says so. */
  bookmark(): void {
    this.#tell('BOOKMARK', { metadata: { resourceVersion: String(++this.#version) } });
  }

  /** Writes to every open watch. */
  write(text: string | Buffer): void {
    for (const watcher of this.#watchers) watcher.write(text);
  }

  /** Ends every open watch, as an API server does at its time. */
  end(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  /** Resets the connection of every open watch. */
  cut(): void {
    for (const watcher of this.#watchers) reset(watcher);
    this.#watchers.clear();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #tell(type: string, object: unknown): void {
    const line = `${JSON.stringify({ type, object })}\n`;
    this.#history.push({ version: this.#version, line });
    this.write(line);
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const query = Object.fromEntries(new URL(request.url ?? '', 'http://fake').searchParams);
    const kind = query['watch'] === 'true' ? 'watch' : 'list';
    this.requests.push({ kind, query, accept: request.headers.accept ?? '' });
    const instead = (kind === 'list' ? this.lists : this.watches).shift();
    if (instead) instead(response);
    else if (kind === 'list') this.#list(query, response);
    else this.#watch(Number(query['resourceVersion']), response);
  }

  #list(query: Record<string, string | undefined>, response: ServerResponse): void {
    const from = Number(query['continue'] ?? 0);
    const size = query['limit'] === undefined ? Infinity : Math.min(Number(query['limit']), this.pageSize);
    const all = [...this.#namespaces.values()];
    const next = from + size < all.length ? { continue: String(from + size) } : {};
    response.writeHead(200, { 'content-type': 'application/json' });
    const metadata = { resourceVersion: this.version, ...next };
    response.end(JSON.stringify({ metadata, items: all.slice(from, from + size) }));
  }

  #watch(from: number, response: ServerResponse): void {
    const expired = {
      type: 'ERROR',
      object: { kind: 'Status', code: 410, message: 'too old resource version' },
    };
    if (from < this.compacted) {
      stream(`${JSON.stringify(expired)}\n`)(response);
      return void response.end();
    }
    const missed = this.#history.filter(({ version }) => version > from).map(({ line }) => line);
    stream(...missed)(response);
    this.#watchers.add(response);
    response.on('close', () => this.#watchers.delete(response));
  }
}
