import type { ApiServer } from './api-server.ts';
import type { Listed } from './list-watch.ts';
import type { RestartReason, WatchLog } from './outage.ts';
import { ResourceWatch } from './resource-watch.ts';
import type { WatchTimes } from './resource-watch.ts';

/** What podscrape decides by of a namespace. */
export interface Namespace {
  /** All of them: selectors of policies may ask for any. */
  readonly labels: Readonly<Record<string, string>>;
  /** Those under the annotation prefix only: others can be large. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The namespaces of the cluster, as last known. */
export interface NamespaceWatch {
  /** Undefined: there is no such namespace, or it is not known yet. */
  get(name: string): Namespace | undefined;
  /** False until the first full list; true from then on, also while the API server is away. */
  synced(): boolean;
  /** Lists anew at once; for a new annotation prefix, which applies to what comes from then on. */
  relist(): void;
  /** Resolves when no request is under way any more. What is known stays. */
  stop(): Promise<void>;
}

/** What the watch is given, and whom it tells. */
export interface NamespaceWatchOptions {
  readonly server: ApiServer;
  /** The prefix in force, `podscrape.dev`, without a slash. */
  readonly annotationPrefix: () => string;
  readonly log: WatchLog;
  /** After each failure and each expired resourceVersion; not when a watch ends in its time. */
  readonly onRestart?: (reason: RestartReason) => void;
  /** After each full list, with the number of namespaces. */
  readonly onSync?: (namespaces: number) => void;
  readonly times?: Partial<WatchTimes>;
  /** Like Math.random. */
  readonly random?: () => number;
}

/** Starts at once; a request never waits for it. It needs list and watch on namespaces, nothing else. */
export function startNamespaceWatch(options: NamespaceWatchOptions): NamespaceWatch {
  const { annotationPrefix, ...rest } = options;
  const keep = ({ metadata: { labels = {}, annotations = {} } }: Listed): Namespace => {
    const prefix = `${annotationPrefix()}/`;
    const own = Object.entries(annotations).filter(([key]) => key.startsWith(prefix));
    return { labels, annotations: Object.fromEntries(own) };
  };
  return new ResourceWatch({ ...rest, path: '/api/v1/namespaces', resource: 'namespaces', keep });
}
