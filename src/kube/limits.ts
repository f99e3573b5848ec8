import type { Quantities } from '../core/kubernetes.ts';
import type {
  LimitRange,
  LimitResource,
  LimitRangeItem,
  NamespaceLimits,
  Quota,
  QuotaScope,
} from '../core/namespace-limits.ts';
import { COMPUTE } from '../core/namespace-limits-amounts.ts';
import { COUNTED } from '../core/namespace-limits-faults.ts';
import type { ApiServer } from './api-server.ts';
import type { Listed } from './list-watch.ts';
import type { RestartReason, WatchLog } from './outage.ts';
import { ResourceWatch } from './resource-watch.ts';
import type { WatchTimes } from './resource-watch.ts';

/** The limits of the cluster's namespaces, as last known. */
export interface LimitWatch {
  /** By name, each list; undefined where nothing is known to bind a Pod of that namespace. */
  get(namespace: string): NamespaceLimits | undefined;
  /** Resolves when no request is under way any more. What is known stays. */
  stop(): Promise<void>;
}

/** What the watch is given, and whom it tells. */
export interface LimitWatchOptions {
  readonly server: ApiServer;
  readonly log: WatchLog;
  /** After each failure and each expired resourceVersion; not when a watch ends in its time. */
  readonly onRestart?: (resource: LimitResource, reason: RestartReason) => void;
  /** After each full list, with the number of objects. */
  readonly onSync?: (resource: LimitResource, objects: number) => void;
  readonly times?: Partial<WatchTimes>;
  /** Like Math.random. */
  readonly random?: () => number;
}

/**
 * Starts at once; a request never waits for it. Best effort: it needs list and watch on limitranges and resourcequotas,
 * and where it may not, Pods are decided about without the one or the other. The log says so once.
 *
 * What is used of a quota comes a moment late: of Pods that are made at once one may get an exporter too many, and is
 * refused. Their controller makes it again, and by then the figures are there.
 */
export function startLimitWatch({ onRestart, onSync, ...options }: LimitWatchOptions): LimitWatch {
  const start = <T>(resource: LimitResource, keep: (object: Listed) => T | undefined): ResourceWatch<T> =>
    new ResourceWatch({
      ...options,
      path: `/api/v1/${resource}`,
      resource,
      depth: 'whole',
      keep,
      onRestart: (reason) => onRestart?.(resource, reason),
      onSync: (objects) => onSync?.(resource, objects),
    });
  const ranges = start('limitranges', readLimitRange);
  const quotas = start('resourcequotas', readQuota);
  return {
    get(namespace) {
      const limits = { ranges: byName(ranges.in(namespace)), quotas: byName(quotas.in(namespace)) };
      return limits.ranges.length + limits.quotas.length === 0 ? undefined : limits;
    },
    async stop() {
      await Promise.all([ranges.stop(), quotas.stop()]);
    },
  };
}

/** So that one state of a namespace has one decision. */
function byName<T extends { readonly name: string }>(objects: Iterable<T>): readonly T[] {
  return [...objects].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Objects as the API server sends them; a member that is missing is read as empty. */
interface RawLimitRange extends Listed {
  readonly spec?: {
    readonly limits?: readonly ({ readonly type?: string } & Omit<LimitRangeItem, 'type'>)[];
  };
}

interface RawQuota extends Listed {
  readonly spec?: {
    readonly hard?: Quantities;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly QuotaScope[] };
  };
  readonly status?: { readonly hard?: Quantities; readonly used?: Quantities };
}

/** What of a LimitRange is about cpu or memory of containers and Pods; undefined where nothing is. */
export function readLimitRange(object: Listed): LimitRange | undefined {
  const limits = ((object as RawLimitRange).spec?.limits ?? []).flatMap((item): readonly LimitRangeItem[] => {
    const { type } = item;
    if (type !== 'Container' && type !== 'Pod') return [];
    const kept = LIMIT_KEYS.flatMap((key) => {
      const quantities = only(item[key], (name) => COMPUTED.includes(name));
      return quantities === undefined ? [] : [[key, quantities] as const];
    });
    return kept.length === 0 ? [] : [{ type, ...Object.fromEntries(kept) }];
  });
  return limits.length === 0 ? undefined : { name: object.metadata.name, limits };
}

const COMPUTED: readonly string[] = COMPUTE;
const LIMIT_KEYS = ['min', 'max', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

/**
 * What of a ResourceQuota counts Pods, cpu or memory; undefined where nothing does. The quota controller copies `hard`
 * into the status, which the admission plugin goes by, and until then nothing is used.
 */
export function readQuota(object: Listed): Quota | undefined {
  const { spec = {}, status = {} } = object as RawQuota;
  const hard = only(status.hard ?? spec.hard, (name) => COUNTED.includes(name));
  if (hard === undefined) return undefined;
  const used = only(status.used, (name) => Object.hasOwn(hard, name)) ?? {};
  const scopes: readonly QuotaScope[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' as const })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  return { name: object.metadata.name, hard, used, ...(scopes.length === 0 ? {} : { scopes }) };
}

function only(quantities: Quantities | undefined, wanted: (name: string) => boolean): Quantities | undefined {
  const entries = Object.entries(quantities ?? {}).filter(([name]) => wanted(name));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
