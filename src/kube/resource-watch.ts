import { setTimeout as sleep } from 'node:timers/promises';

import { ApiError } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { connect } from './connection.ts';
import type { Connection } from './connection.ts';
import { listPages, openWatch } from './list-watch.ts';
import type { Depth, Listed, WatchEvent } from './list-watch.ts';
import { Outage } from './outage.ts';
import type { BackoffTimes, RestartReason, WatchLog } from './outage.ts';

/** How long a watch waits, in milliseconds but for `watchSeconds`. */
export interface WatchTimes extends BackoffTimes {
  /** For the headers of an answer, and for the end of a page. */
  readonly answerMs: number;
  /** A watch that lived so long worked: whatever ended it, the next one goes on where it was. */
  readonly settledMs: number;
  /** The API server ends a watch after so many seconds at most, and a new one is begun. */
  readonly watchSeconds: number;
  /** A watch that has not ended so long after its time is on a dead connection. */
  readonly graceMs: number;
}

/** The first attempts follow quickly and none is far away: a restarted API server is caught up with in seconds. */
export const WATCH_TIMES: WatchTimes = {
  firstMs: 500,
  longestMs: 10_000,
  answerMs: 30_000,
  settledMs: 5_000,
  watchSeconds: 300,
  graceMs: 15_000,
};

/** What is watched, what of it is kept, and whom the watch tells. */
export interface ResourceWatchOptions<T> {
  readonly server: ApiServer;
  /** `/api/v1/namespaces`, and its plural name in messages. */
  readonly path: string;
  readonly resource: string;
  /** Default: metadata. */
  readonly depth?: Depth;
  /** `metadata.name=NAME` for one object alone. Default: all. */
  readonly fieldSelector?: string;
  /** The right that the watch needs, for the hint where it is lacking. Default: a ClusterRole for the resource. */
  readonly right?: string;
  /** What is kept of an object; nothing where it does not matter. */
  readonly keep: (object: Listed) => T | undefined;
  readonly log: WatchLog;
  /** After each failure and each list that had become too old; not when a watch ends in its time. */
  readonly onRestart?: (reason: RestartReason, error: unknown) => void;
  /** After each full list, with the number of objects. */
  readonly onSync?: (objects: number) => void;
  /** After each full list and each event. */
  readonly onChange?: () => void;
  readonly times?: Partial<WatchTimes>;
  readonly random?: () => number;
}

/** How one list and watch ended, and whether the watch had lived long enough to have worked. */
interface End {
  readonly step: 'list' | 'watch';
  /** Undefined when the watch ended in its time. */
  readonly error?: unknown;
  readonly settled: boolean;
}

/**
 * The objects of one resource by namespace and name, kept by list and watch as Kubernetes describes it ("API concepts,
 * efficient detection of changes"). It never gives up, and what it knows stays until it knows better.
 *
 * Not client-node's informer, which stops silently after a list that failed, a watch refused with 500 or a connection
 * that was reset, skips broken lines, and asks for whole objects in one page.
 *
 * A watch that worked is resumed at its last resourceVersion; after anything else the objects are listed anew.
 */
export class ResourceWatch<T> {
  readonly #options: ResourceWatchOptions<T>;
  readonly #times: WatchTimes;
  readonly #random: () => number;
  readonly #outage: Outage;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #relist = new AbortController();
  /** By namespace, then by name; those without a namespace under an empty one. */
  #objects: Objects<T> = new Map();
  #synced = false;
  /** Where the next watch begins; undefined when a list is due. */
  #version: string | undefined;

  /** Starts at once. */
  constructor(options: ResourceWatchOptions<T>) {
    this.#options = options;
    this.#times = { ...WATCH_TIMES, ...options.times };
    this.#random = options.random ?? Math.random;
    this.#outage = new Outage({
      resource: options.resource,
      source: options.server.source,
      log: options.log,
      backoff: this.#times,
      random: this.#random,
      ...(options.right !== undefined && { right: options.right }),
    });
    this.#done = this.#run();
  }

  /** What was kept of the object of that name, which has no namespace. */
  get(name: string): T | undefined {
    return this.#objects.get('')?.get(name);
  }

  /** What was kept of the objects in a namespace, in no order. */
  in(namespace: string): Iterable<T> {
    return this.#objects.get(namespace)?.values() ?? [];
  }

  /** Whether the objects have ever been listed in full; true from then on, also while the API server is away. */
  synced(): boolean {
    return this.#synced;
  }

  /** Lists anew at once, because what is to be kept of an object has changed. */
  relist(): void {
    this.#relist.abort();
  }

  /** Resolves when no request is under way any more. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.#done;
  }

  async #run(): Promise<void> {
    const stopped = this.#stop.signal;
    while (!stopped.aborted) {
      const wanted = this.#relist.signal;
      const signal = AbortSignal.any([stopped, wanted]);
      const resumed = this.#version !== undefined;
      const end = await this.#listAndWatch(signal);
      if (!resumable(end) || wanted.aborted) this.#version = undefined;
      if (wanted.aborted) this.#relist = new AbortController();
      if (!signal.aborted) await this.#recover(end, resumed, signal);
    }
  }

  async #listAndWatch(signal: AbortSignal): Promise<End> {
    const { server, path, depth = 'metadata', fieldSelector } = this.#options;
    const { answerMs, settledMs, watchSeconds, graceMs } = this.#times;
    let step: End['step'] = this.#version === undefined ? 'list' : 'watch';
    const watch = { settled: false };
    let timer: NodeJS.Timeout | undefined;
    let connection: Connection | undefined;
    try {
      connection = await connect(server, answerMs, signal);
      const resourceVersion = (this.#version ??= await this.#list(connection));
      step = 'watch';
      // Spread, so that replicas that started together do not come back together for ever.
      const seconds = Math.ceil(watchSeconds * (1 - this.#random() / 4));
      const events = await openWatch(connection, path, {
        resourceVersion,
        seconds,
        graceMs,
        depth,
        fieldSelector,
      });
      timer = setTimeout(() => {
        watch.settled = true;
        this.#outage.over();
      }, settledMs);
      for await (const event of events) this.#apply(event);
      const error = watch.settled ? undefined : new Error('the watch ended at once');
      return { step, ...watch, error };
    } catch (error) {
      return { step, ...watch, error };
    } finally {
      clearTimeout(timer);
      connection?.close();
    }
  }

  /** Replaces all that is known, at once and at the end. */
  async #list(connection: Connection): Promise<string> {
    const { path, depth = 'metadata', fieldSelector, onSync, onChange } = this.#options;
    const { answerMs } = this.#times;
    const objects: Objects<T> = new Map();
    let count = 0;
    const take = (object: Listed): void => {
      count++;
      this.#put(objects, object);
    };
    let version: string;
    try {
      version = await listPages(connection, path, take, { answerMs, paged: true, depth, fieldSelector });
    } catch (error) {
      if (!isExpired(error)) throw error;
      // Where etcd is compacted between two pages it may be the next time too; client-go's pager does the same.
      objects.clear();
      count = 0;
      version = await listPages(connection, path, take, { answerMs, paged: false, depth, fieldSelector });
    }
    this.#objects = objects;
    this.#synced = true;
    onSync?.(count);
    onChange?.();
    return version;
  }

  #apply({ type, object }: WatchEvent): void {
    if (type === 'DELETED') remove(this.#objects, object);
    else if (type !== 'BOOKMARK') this.#put(this.#objects, object);
    this.#version = object.metadata.resourceVersion ?? this.#version;
    if (type !== 'BOOKMARK') this.#options.onChange?.();
  }

  #put(objects: Objects<T>, object: Listed): void {
    const { name, namespace = '' } = object.metadata;
    const kept = this.#options.keep(object);
    if (kept === undefined) return remove(objects, object);
    const inNamespace = objects.get(namespace);
    if (inNamespace === undefined) objects.set(namespace, new Map([[name, kept]]));
    else inNamespace.set(name, kept);
  }

  async #recover({ step, error, settled }: End, resumed: boolean, signal: AbortSignal): Promise<void> {
    if (error === undefined) return;
    const expired = step === 'watch' && isExpired(error);
    this.#options.onRestart?.(expired ? 'expired' : step, error);
    // Usual after a while without news, and a list helps; not so when the version comes from a list just made.
    if (expired && (resumed || settled)) return;
    const pause = this.#outage.failed(step, error, this.#synced);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
}

type Objects<T> = Map<string, Map<string, T>>;

function remove<T>(objects: Objects<T>, { metadata: { name, namespace = '' } }: Listed): void {
  const inNamespace = objects.get(namespace);
  inNamespace?.delete(name);
  if (inNamespace?.size === 0) objects.delete(namespace);
}

function isExpired(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410;
}

/**
 * Whether nothing can have been missed: the watch worked, and it ended or was cut, which is an error of the system with
 * a code. An ERROR event, a line that is no event or a silent connection leave no such certainty.
 */
function resumable({ settled, error }: End): boolean {
  return settled && (error === undefined || (error instanceof Error && 'code' in error));
}
