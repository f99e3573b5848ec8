import type { Decision } from '../core/decision.ts';
import { REASONS } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { Pod } from '../core/kubernetes.ts';
import { isPodShaped, own } from '../core/pod.ts';
import { isRecord } from '../core/record.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { requestMetadata } from '../core/workload-kinds.ts';
import { asWorkload, below, templateOf } from '../core/workloads/workload.ts';
import { caveats } from './caveats.ts';
import type { Finding } from './findings.ts';
import { find, isFault, positionAt, readManifest } from './manifest.ts';
import type { KnownNamespaces } from './namespaces.ts';
import type { ManifestObject } from './objects.ts';
import { objectsIn } from './objects.ts';
import { decidedOn, unreadable } from './rewrite.ts';
import { offsetOf } from './values.ts';

/** A decision about one object, and what led to it. */
export interface Explained {
  /** Of the object in its document, counted from 1. */
  readonly line: number;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Who is in, and why. */
  readonly eligibility: string;
  /** The keys under podscrape's prefix, with where each stands. */
  readonly request: readonly RequestKey[];
  readonly decision: Decision;
  /** The reason in words. */
  readonly because: string;
  /** Why the object does not have the shape of its kind; only then. */
  readonly faults?: readonly ShapeFaultAt[];
  readonly caveats: readonly string[];
}

/** What is off with an object's shape. The apiserver refuses what is an error. */
export interface ShapeFaultAt {
  /** As that of the object. */
  readonly line: number;
  readonly level: Finding['level'];
  readonly message: string;
}

export interface RequestKey {
  readonly key: string;
  readonly value: string;
  /** `annotation of spec.template.metadata`. */
  readonly place: string;
}

/** An explanation with the Pod that it is about. */
export interface ExplainedObject extends Explained {
  /** After the injection, of a workload its pod template; undefined for what does not have the shape. */
  readonly pod: Pod | undefined;
  /** The Pod as it stands where it has a status: a cluster has it, or had it, and nobody injects it any more. */
  readonly livePod: Pod | undefined;
  /** What is known of its namespace. */
  readonly namespaceMetadata: Pick<Surroundings, 'labels' | 'annotations'>;
}

export interface ExplainedDocument {
  readonly objects: readonly ExplainedObject[];
  readonly findings: readonly Finding[];
}

/** Explains every Pod and workload of a document. */
export function explainDocument(
  text: string,
  namespaces: KnownNamespaces,
  config: EngineConfig,
): ExplainedDocument {
  const read = readManifest(text);
  if (isFault(read)) return { objects: [], findings: unreadable(text, read).findings };
  const findings: Finding[] = [];
  const objects = objectsIn(read.value, config).flatMap((object): readonly ExplainedObject[] => {
    namespaces.see(object);
    const before = findings.length;
    const decided = decidedOn(object, namespaces, config, read, findings);
    if (decided === undefined || object.type === 'other') return [];
    const { decision, after } = decided;
    const surroundings = namespaces.surroundings(object);
    const pod = podOf(object, after);
    const lineOf = (offset: number): number => positionAt(text, offset).line;
    const faults = findings
      .slice(before)
      .map(({ level, offset, message }) => ({ level, line: lineOf(offset), message }));
    const isMalformed = decision.reason === 'malformed';
    return [
      {
        line: lineOf(offsetOf(find(read, object.path)?.node)),
        apiVersion: object.apiVersion,
        kind: object.kind,
        namespace: surroundings.namespace,
        name: object.name,
        eligibility: isMalformed
          ? `out: it does not have the shape of a ${object.kind}`
          : eligibility(decision, surroundings, config),
        request: requestOf(object, config),
        decision,
        because: isMalformed ? malformedWords(faults) : REASONS[decision.reason],
        ...(isMalformed ? { faults } : {}),
        caveats: isPodShaped(pod) ? caveats(pod, decision, config) : [],
        pod: isPodShaped(pod) ? pod : undefined,
        livePod: livePod(object),
        namespaceMetadata: surroundings,
      },
    ];
  });
  return { objects, findings };
}

function malformedWords(faults: readonly ShapeFaultAt[]): string {
  return faults.some(({ level }) => level === 'error')
    ? 'the API server refuses it as it is, so that nothing is scraped; see the problems'
    : 'it is no whole object, so that it is left alone; see the problems';
}

function podOf({ type }: ManifestObject, after: unknown): Pod | undefined {
  if (type === 'pod') return after as Pod;
  const workload = type === 'other' ? undefined : asWorkload(after, type);
  return workload === undefined || type === 'other' ? undefined : templateOf(workload, type);
}

function livePod({ type, value }: ManifestObject): Pod | undefined {
  const { status } = value;
  const isThere =
    isRecord(status) && (typeof status['phase'] === 'string' || typeof status['podIP'] === 'string');
  return type === 'pod' && isThere && isPodShaped(value) ? value : undefined;
}

/** Reasons that keep an object out before anything is read of its request. */
const OUT: readonly string[] = [
  'namespace-excluded',
  'namespace-disabled',
  'disabled',
  'scrape-false',
  'not-in',
  'mirror-pod',
  'owned',
  'being-deleted',
];

function eligibility(decision: Decision, { namespace, labels }: Surroundings, config: EngineConfig): string {
  if (OUT.includes(decision.reason)) return `out: ${REASONS[decision.reason]}`;
  const key = `${config.annotationPrefix}/inject`;
  if (labels === undefined)
    return `in: nothing is known of namespace ${namespace}, so that it counts as opted in (--namespace-labels tells)`;
  const label = own(labels, key);
  if (label === 'enabled' || label === 'true')
    return `in: namespace ${namespace} has the label ${key}: ${label}`;
  if (config.optIn === 'label') return `in: the Pod has the label ${key}`;
  return `in: the Pod carries a key of ${config.annotationPrefix}`;
}

function requestOf(
  { type, value }: ManifestObject,
  { annotationPrefix }: EngineConfig,
): readonly RequestKey[] {
  if (type === 'other') return [];
  const places = type === 'pod' ? ['metadata'] : requestMetadata(type);
  return places.flatMap((place) => {
    const { annotations, labels } = recordOf(below(value, place));
    return [
      ...keysOf(recordOf(annotations), `annotation of ${place}`, annotationPrefix),
      ...keysOf(recordOf(labels), `label of ${place}`, annotationPrefix),
    ];
  });
}

const WRITTEN = ['status', 'hoisted', 'mapping'];

function keysOf(
  map: Readonly<Record<string, unknown>>,
  place: string,
  prefix: string,
): readonly RequestKey[] {
  return Object.entries(map)
    .filter(([key]) => key.startsWith(`${prefix}/`) && !WRITTEN.includes(key.slice(prefix.length + 1)))
    .map(([key, value]) => ({ key, value: textOf(value), place }));
}

/** What is no text has a fault of its own, and is shown all the same. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
