import type { Decision } from '../core/decision.ts';
import { writtenPrefixes } from '../core/dialects.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { inject } from '../core/inject.ts';
import type { ObjectMeta, Pod } from '../core/kubernetes.ts';
import { makePatch } from '../core/patch.ts';
import { isPodShaped, own } from '../core/pod.ts';
import { segments, valueBelow } from '../core/pointer.ts';
import type { Problem } from '../core/problem.ts';
import { statusKey } from '../core/status.ts';
import type { Surroundings } from '../core/surroundings.ts';
import type { TakenOut } from '../core/uninject.ts';
import { takeOut } from '../core/uninject.ts';
import type { WorkloadKind } from '../core/workload-kinds.ts';
import { admitWorkload } from '../core/workloads/admit.ts';
import { hoist, hoistedKey, NO_KEYS, parseHoisted } from '../core/workloads/hoist.ts';
import { makeWorkloadPatch } from '../core/workloads/patch.ts';
import type { Workload } from '../core/workloads/workload.ts';
import { asWorkload, below, templateOf, withAnnotation, withTemplate } from '../core/workloads/workload.ts';
import { isRecord } from '../core/record.ts';
import type { ManifestObject } from './objects.ts';
import type { Sources } from './sources.ts';
import { pointerTo, sourcesOf, valueOfSource, withSources } from './sources.ts';

/** The engine at work on the values of a manifest's objects: the same code as at admission. */

/** A decision about an object, and the object after it: the very same one where nothing changes. */
export interface Decided {
  readonly decision: Decision;
  readonly after: unknown;
}

/**
 * Decides as at creation. In a workload the whole injection goes into the pod template, whatever the configuration says
 * of workloads, so that the manifest shows it and the webhook finds nothing left to do.
 *
 * @throws SelfCheckError where the result would not be sound
 */
export function decideObject(
  { type, value }: ManifestObject,
  surroundings: Surroundings,
  config: EngineConfig,
): Decided | undefined {
  if (type === 'other') return undefined;
  if (type === 'pod') {
    const before = value as unknown as Pod;
    const { decision, pod } = inject(before, surroundings, config);
    makePatch(before, pod, config.annotationPrefix, writtenPrefixes(config));
    return { decision, after: pod };
  }
  const whole: EngineConfig = { ...config, workloads: 'inject' };
  const admission = { kind: type, operation: 'CREATE', object: value, oldObject: undefined } as const;
  const { decision, object } = admitWorkload(admission, surroundings, whole);
  makeWorkloadPatch(admission, object, whole);
  return { decision, after: object };
}

/** Where `P/status` stands in an object. */
export function statusPath(type: 'pod' | WorkloadKind, config: EngineConfig): readonly string[] {
  const root = type === 'pod' ? [] : type.template.split('.');
  return [...root, 'metadata', 'annotations', statusKey(config)];
}

/** The sources that the object's record keeps. */
export function keptSources({ type, value }: ManifestObject, config: EngineConfig): Sources {
  if (type === 'other') return {};
  const record = valueBelow(value, statusPath(type, config));
  return sourcesOf(typeof record === 'string' ? record : undefined);
}

/** The object after a decision with a record that keeps sources too; as it is where it has no record to keep them. */
export function withKeptSources(
  { type }: ManifestObject,
  after: unknown,
  sources: Sources,
  config: EngineConfig,
): unknown {
  if (type === 'other' || Object.keys(sources).length === 0) return after;
  const path = statusPath(type, config);
  const record = valueBelow(after, path);
  return typeof record === 'string' ? withValue(after, path, withSources(record, sources)) : after;
}

/** An object without what podscrape put into it, and the places where a value comes back that it wrote over. */
export interface Bare {
  readonly after: unknown;
  readonly restored: ReadonlySet<string>;
  /** What stays, and what to do about it. */
  readonly problems: readonly Problem[];
}

/** Takes out what the object's own records say. Undefined where there is nothing to take out. */
export function bareObject(object: ManifestObject, config: EngineConfig): Bare | undefined {
  const { type, value } = object;
  if (type === 'other') return undefined;
  const bare = type === 'pod' ? barePod(value, config) : bareWorkload(value, type, config);
  if (bare === undefined) return undefined;
  let whole = bare.after;
  const restored = new Set<string>();
  for (const [pointer, source] of Object.entries(keptSources(object, config))) {
    const path = segments(pointer);
    const isGone = valueBelow(whole, path) === undefined && valueBelow(value, path) !== undefined;
    const said = isGone && typeof source === 'string' ? valueOfSource(source) : undefined;
    // Nothing but what is as good as absent: anybody may have written the record.
    if (said === undefined || !isNothing(said.value)) continue;
    whole = withValue(whole, path, said.value);
    restored.add(pointerTo(path));
  }
  return { after: whole, restored, problems: bare.problems };
}

function isNothing(value: unknown): boolean {
  if (value === null || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function barePod(value: unknown, config: EngineConfig): Omit<Bare, 'restored'> | undefined {
  if (!isPodShaped(value) || own(value.metadata?.annotations, statusKey(config)) === undefined)
    return undefined;
  const { pod, problems } = takeOut(value, config);
  return { after: pod, problems };
}

function bareWorkload(
  value: unknown,
  kind: WorkloadKind,
  config: EngineConfig,
): Omit<Bare, 'restored'> | undefined {
  const workload = asWorkload(value, kind);
  if (workload === undefined) return undefined;
  const before = templateOf(workload, kind);
  const isInjected = own(before.metadata?.annotations, statusKey(config)) !== undefined;
  const hoisted = own(workload.metadata?.annotations, hoistedKey(config));
  if (!isInjected && hoisted === undefined) return undefined;
  const bare: TakenOut = isInjected ? takeOut(before, config) : { pod: before, problems: [] };
  const record = parseHoisted(hoisted, config.annotationPrefix);
  const { template } = hoist(bare.pod, NO_KEYS, record);
  const after = withTemplate(workload, kind, template);
  const withoutRecord = hoisted === undefined ? after : withoutHoistedRecord(after, config);
  const path = [...kind.template.split('.'), 'metadata'];
  return { after: pruned(withoutRecord, path, workload), problems: bare.problems };
}

/** The annotations go with their last one. */
function withoutHoistedRecord(workload: Workload, config: EngineConfig): Workload {
  const after = withAnnotation(workload, hoistedKey(config), undefined);
  const { annotations, ...rest }: ObjectMeta = after.metadata ?? {};
  return Object.keys(annotations ?? {}).length === 0 ? { ...after, metadata: rest } : after;
}

/** A map that podscrape made and that is empty now goes. */
function pruned(after: Workload, path: readonly string[], before: Workload): unknown {
  const left = below(after, path.join('.'));
  const had = below(before, path.join('.'));
  const isEmptied = isRecord(left) && Object.keys(left).length === 0 && Object.keys(had ?? {}).length > 0;
  return isEmptied ? withValue(after, path, undefined) : after;
}

/** The value with another one at a path, or none for `undefined`; other branches are shared, parents made. */
export function withValue(value: unknown, path: readonly (string | number)[], wanted: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return wanted;
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    return list.with(Number(step), withValue(list[Number(step)], rest, wanted));
  }
  const object = isRecord(value) ? value : {};
  const inner = withValue(Object.hasOwn(object, step) ? object[step] : undefined, rest, wanted);
  if (inner !== undefined) return { ...object, [step]: inner };
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== step));
}
