import type { EngineConfig } from '../core/engine-config.ts';
import type { StringMap } from '../core/kubernetes.ts';
import { own } from '../core/pod.ts';
import { isRecord } from '../core/record.ts';
import { below } from '../core/workloads/workload.ts';
import type { Finding } from '../manifests/findings.ts';
import { objectFinding } from '../manifests/findings.ts';
import type { Manifest } from '../manifests/manifest.ts';
import { isFault, readManifest } from '../manifests/manifest.ts';
import type { KnownNamespaces } from '../manifests/namespaces.ts';
import type { ManifestObject } from '../manifests/objects.ts';
import { objectsIn } from '../manifests/objects.ts';
import { decidedOn, unreadable } from '../manifests/rewrite.ts';
import { dialectKeys } from '../prometheus/jobs/keys.ts';
import type { JobOptions } from '../prometheus/jobs/options.ts';
import type { ScrapedWorkload } from '../prometheus/jobs/services.ts';

/** What a document has to scrape through Services. */
export interface DocumentWorkloads {
  readonly workloads: readonly ScrapedWorkload[];
  /** `namespace/name` of the Services in it. */
  readonly services: readonly string[];
  readonly findings: readonly Finding[];
}

/** The Pods and workloads of a document, with what podscrape decides to scrape of each. */
export function workloadsIn(
  text: string,
  namespaces: KnownNamespaces,
  config: EngineConfig,
  options: JobOptions,
): DocumentWorkloads {
  const read = readManifest(text);
  if (isFault(read)) return { workloads: [], services: [], findings: unreadable(text, read).findings };
  const findings: Finding[] = [];
  const workloads: ScrapedWorkload[] = [];
  const services: string[] = [];
  for (const object of objectsIn(read.value, config)) {
    namespaces.see(object);
    const { namespace } = namespaces.surroundings(object);
    if (object.apiVersion === 'v1' && object.kind === 'Service') services.push(`${namespace}/${object.name}`);
    const decided = decidedOn(object, namespaces, config, read, findings);
    if (decided === undefined || object.type === 'other') continue;
    const { targets, profiles, outcome } = decided.decision;
    if (outcome !== 'injected' || targets.length === 0) continue;
    const selector = selectorOf(object, read, findings);
    if (selector === undefined) continue;
    const { kind, name } = object;
    const annotations = own<unknown>(metadataOf(decided.after, object) ?? {}, 'annotations');
    const slow = own(annotations as StringMap, dialectKeys(options.dialect).slow) === 'true';
    workloads.push({ kind, namespace, name, selector, targets, profiles, slow });
  }
  return { workloads, services, findings };
}

/** Metadata of the Pods. */
function metadataOf(value: unknown, { type }: ManifestObject): Readonly<Record<string, unknown>> | undefined {
  const path = type === 'pod' || type === 'other' ? 'metadata' : `${type.template}.metadata`;
  const metadata = below(value, path);
  return isRecord(metadata) ? metadata : undefined;
}

/** The whole selector where a Service can have it, else the Pods' labels; undefined, and reported, where it would be empty. */
function selectorOf(object: ManifestObject, manifest: Manifest, findings: Finding[]): StringMap | undefined {
  const { value, type } = object;
  const warn = (message: string): void =>
    void findings.push(objectFinding('warning', object, manifest, message));
  const labels = metadataOf(value, object)?.['labels'] as StringMap | null | undefined;
  const selector = type === 'pod' || type === 'other' ? undefined : below(value, 'spec.selector');
  const said = isRecord(selector) ? selector : {};
  const { matchLabels, matchExpressions } = said;
  const isOldStyle = !('matchLabels' in said) && !('matchExpressions' in said);
  const plain = (isOldStyle ? said : matchLabels) as StringMap | null | undefined;
  const hasExpressions = Array.isArray(matchExpressions) && matchExpressions.length > 0;
  const chosen = hasExpressions || isEmpty(plain) ? labels : plain;
  if (isEmpty(chosen)) {
    warn(
      'no Service: neither selector nor labels tell its Pods from others; give the Pods a label of their own',
    );
    return undefined;
  }
  if (hasExpressions)
    warn('a Service cannot have matchExpressions, so it selects by the pod template’s labels instead');
  return chosen ?? undefined;
}

function isEmpty(map: StringMap | null | undefined): boolean {
  return Object.keys(map ?? {}).length === 0;
}
