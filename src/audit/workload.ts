import type { EngineConfig } from '../core/engine-config.ts';
import type { Pod, StringMap } from '../core/kubernetes.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { isRequestKey, requestKeys } from '../core/workloads/hoist.ts';
import type { Keys } from '../core/workloads/hoist.ts';
import { asWorkload, below, templateOf } from '../core/workloads/workload.ts';
import type { RunningMeta, RunningPod } from '../prometheus/pod-discovery.ts';

/** A reference to an owner, as the API server has it. */
export interface OwnerLink {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly controller?: boolean;
}

interface LiveMeta extends RunningMeta {
  readonly ownerReferences?: readonly OwnerLink[] | null;
  readonly creationTimestamp?: string;
}

/** A Pod as the API server has it. */
export interface LivePod extends RunningPod {
  readonly metadata?: LiveMeta | null;
}

/** What a Pod belongs to; a Pod without an owner belongs to itself. */
export interface Workload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** How a workload replaces its Pods after a change of its template. */
export type Replacement = 'rollout' | 'paused' | 'on-delete';

/** What is kept of a listed workload: never the whole object, of which a cluster has many. */
export interface KnownWorkload extends Workload {
  readonly uid: string;
  /** What controls it. */
  readonly controller: OwnerLink | undefined;
  /** Keys that its Pods are to carry: those of the template, and those that hoisting copies into it. */
  readonly asks: Keys;
  readonly replacement: Replacement;
}

/** A listed object as far as an audit needs it; undefined for what has no uid. */
export function knownWorkload(
  object: unknown,
  kind: WorkloadKind,
  config: EngineConfig,
): KnownWorkload | undefined {
  const { metadata } = object as { readonly metadata?: LiveMeta };
  const { uid, name } = metadata ?? {};
  if (uid === undefined || name === undefined) return undefined;
  const controller = controllerOf(metadata);
  return {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
    name,
    uid,
    controller,
    // Of an object that another one controls, that one is asked.
    asks: controller === undefined ? asksOf(object, kind, config) : NO_KEYS,
    replacement: replacementOf(object),
  };
}

const NO_KEYS: Keys = { annotations: {}, labels: {} };

function asksOf(object: unknown, kind: WorkloadKind, { annotationPrefix, workloads }: EngineConfig): Keys {
  const workload = asWorkload(object, kind);
  if (workload === undefined) return NO_KEYS;
  const { metadata } = templateOf(workload, kind);
  const hoisted = workloads === 'off' ? NO_KEYS : requestKeys(workload, kind, annotationPrefix);
  const own = (map: StringMap | null | undefined): StringMap =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => isRequestKey(key, annotationPrefix)));
  return {
    annotations: { ...hoisted.annotations, ...own(metadata?.annotations) },
    labels: { ...hoisted.labels, ...own(metadata?.labels) },
  };
}

function replacementOf(object: unknown): Replacement {
  if (below(object, 'spec.paused') === true) return 'paused';
  return below(object, 'spec.updateStrategy.type') === 'OnDelete' ? 'on-delete' : 'rollout';
}

/**
 * What controls an object. The API server takes any text as the kind and name of an owner, and people run commands that
 * are made of it: what can name no object is nobody's.
 */
function controllerOf(metadata: LiveMeta | null | undefined): OwnerLink | undefined {
  const link = (metadata?.ownerReferences ?? []).find(({ controller }) => controller === true);
  return KIND.test(link?.kind ?? '') && NAME.test(link?.name ?? '') ? link : undefined;
}

const KIND = /^[A-Za-z][-A-Za-z0-9]{0,62}$/;
const NAME = /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/;

/** A Pod's workload, with what is known of it. */
export interface Owner {
  readonly workload: Workload;
  /** Undefined for a bare Pod, for kinds that are not listed, and without the right to list them. */
  readonly known: KnownWorkload | undefined;
}

/** Longer chains of owners are a circle. */
const LONGEST_CHAIN = 8;

/** The workloads of a cluster, by uid. */
export class Workloads {
  readonly #known = new Map<string, KnownWorkload>();

  add(workload: KnownWorkload): void {
    this.#known.set(workload.uid, workload);
  }

  /** What stands at the end of the chain of controllers, as far as it is known. */
  ownerOf({ metadata }: LivePod): Owner {
    let link = controllerOf(metadata);
    let owner: Owner = {
      workload: { apiVersion: 'v1', kind: 'Pod', name: metadata?.name ?? '' },
      known: undefined,
    };
    for (let depth = 0; link !== undefined && depth < LONGEST_CHAIN; depth += 1) {
      const known = this.#known.get(link.uid ?? '');
      const { apiVersion = '', kind = '', name = '' } = link;
      owner = { workload: { apiVersion, kind, name }, known };
      link = known?.controller;
    }
    return owner;
  }
}

/** The Pod with the keys that its workload asks with, under its own. */
export function withAsked(pod: LivePod, { annotations, labels }: Keys): Pod {
  const { metadata } = pod;
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: { ...annotations, ...metadata?.annotations },
      labels: { ...labels, ...metadata?.labels },
    },
  };
}

/** Whether any key is asked with. */
export function asksAnything({ annotations, labels }: Keys): boolean {
  return Object.keys(annotations).length + Object.keys(labels).length > 0;
}
