import type { IncomingMessage } from 'node:http';

import { ApiError } from './api-server.ts';
import { LONGEST_OBJECT, textOf, within } from './connection.ts';
import type { Connection } from './connection.ts';

/** As much of an object's metadata as is read here. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How much of each object the API server sends. */
export type Depth = 'metadata' | 'whole';

/** `metadata` leaves out spec and status (kube-apiserver, `meta.k8s.io/v1`); plain JSON where that is not known. */
function accept(depth: Depth, kind: string): string {
  return depth === 'whole'
    ? 'application/json'
    : `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
}

/** An object as it came, checked for nothing but its metadata. */
export interface Listed {
  readonly metadata: ObjectMeta;
}

/** Which objects, and what of them. */
export interface Selection {
  readonly depth: Depth;
  /** `metadata.name=NAME` for one object alone, which is what RBAC's resourceNames can allow. Default: all. */
  readonly fieldSelector?: string | undefined;
}

/** Objects a page: with managedFields about a megabyte of JSON at a time. */
const PAGE = 500;

interface ListAnswer {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly Partial<Listed>[] | null;
}

/**
 * Lists page by page and hands each object to `take`; resolves with the list's resourceVersion, from which a watch may
 * begin. Errors: ApiError, of status 410 when etcd was compacted between two pages (then what was taken is of no use);
 * no connection; a page that takes over `answerMs`.
 */
export async function listPages(
  connection: Connection,
  path: string,
  take: (object: Listed) => void,
  options: {
    readonly answerMs: number;
    readonly paged: boolean;
    readonly labelSelector?: string;
  } & Selection,
): Promise<string> {
  let token = '';
  do {
    const query = options.paged ? new URLSearchParams({ limit: String(PAGE) }) : new URLSearchParams();
    if (token !== '') query.set('continue', token);
    if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
    if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
    const target = query.size === 0 ? path : `${path}?${query.toString()}`;
    const response = await connection.get(target, accept(options.depth, 'PartialObjectMetadataList'));
    const text = await within(response, options.answerMs, () => textOf(response));
    const { metadata, items } = JSON.parse(text) as ListAnswer;
    for (const object of items ?? []) if (isListed(object)) take(object);
    token = metadata?.continue ?? '';
    if (token === '') {
      // Without one there is nothing to watch from; a real list always has it.
      if (!metadata?.resourceVersion) throw new Error('the answer is no list');
      return metadata.resourceVersion;
    }
  } while (true);
}

function isListed(object: Partial<Listed>): object is Listed {
  return object.metadata !== undefined;
}

/** What a watch tells. A BOOKMARK's object has a resourceVersion and nothing else. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: Listed;
}

interface RawEvent {
  readonly type?: WatchEvent['type'] | 'ERROR';
  /** Of an ERROR a Status, else an object. */
  readonly object?: Partial<Listed> & { readonly code?: number; readonly message?: string };
}

/**
 * Watches from a resourceVersion; resolves when the API server has accepted. The events end when the API server ends
 * the watch, which it does after `seconds`; `graceMs` later the connection counts as dead.
 * Errors: ApiError, no connection. Of the events: ApiError for an ERROR event, of status 410 when the resourceVersion is
 * too old; a cut connection; a line that is no event; an end that does not come.
 */
export async function openWatch(
  connection: Connection,
  path: string,
  options: {
    readonly resourceVersion: string;
    readonly seconds: number;
    readonly graceMs: number;
  } & Selection,
): Promise<AsyncGenerator<WatchEvent>> {
  const query = new URLSearchParams({
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: options.resourceVersion,
    timeoutSeconds: String(options.seconds),
  });
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  const target = `${path}?${query.toString()}`;
  const response = await connection.get(target, accept(options.depth, 'PartialObjectMetadata'));
  return readEvents(response, options.seconds * 1000 + options.graceMs);
}

async function* readEvents(response: IncomingMessage, deadlineMs: number): AsyncGenerator<WatchEvent> {
  const dead = (): void =>
    void response.destroy(new Error('no end of the watch in time, the connection is dead'));
  const deadline = setTimeout(dead, deadlineMs);
  try {
    response.setEncoding('utf8');
    for await (const line of lines(response as AsyncIterable<string>)) yield parseEvent(line);
  } finally {
    clearTimeout(deadline);
  }
}

async function* lines(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST_OBJECT) throw new Error('an event is over 8 MiB');
    yield* parts;
  }
  if (rest !== '') throw new Error('the watch ended in the middle of an event');
}

function parseEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as RawEvent;
  if (type === 'ERROR') throw new ApiError(object?.code ?? 500, object?.message ?? 'an ERROR event');
  if (type === undefined || object === undefined || !isListed(object))
    throw new Error('an event without an object');
  return { type, object };
}
