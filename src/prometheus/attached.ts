import type { StringMap } from '../core/kubernetes.ts';
import type { Labels } from './labels.ts';
import { compareNames, makeLabels } from './labels.ts';
import { META } from './meta-labels.ts';
import type { RunningPod } from './pod-discovery.ts';
import { sanitiseLabelName } from './sanitise.ts';
import type { AttachMetadata } from './scrape-config.ts';
import type { UnknownName } from './unknown-labels.ts';

/** What is known of other objects than the Pod, of which `attach_metadata` takes labels; what is left out is not known. */
export interface Around {
  /** Of the Pod's namespace. */
  readonly namespace?: { readonly labels?: StringMap; readonly annotations?: StringMap };
  /** The Deployment of the Pod's ReplicaSet. */
  readonly deployment?: string;
  /** The CronJob of the Pod's Job. */
  readonly cronJob?: string;
}

/** Labels that targets get by `attach_metadata`. */
export interface Attached {
  readonly labels: Labels;
  readonly unknown: readonly UnknownName[];
}

type Entries = (readonly [name: string, value: string])[];

/** What `attach_metadata` adds to every target of a Pod (prometheus/prometheus `discovery/kubernetes/pod.go`). */
export function attachedLabels(pod: RunningPod, attach: AttachMetadata, around: Around): Attached {
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  const entries: Entries = [];
  const unknown: UnknownName[] = [];
  const above = (label: string, name: string | undefined, of: UnknownName['of']): void => {
    if (name === undefined) unknown.push({ name: label, isPrefix: false, of });
    else entries.push([label, name]);
  };
  if (owner?.kind === 'ReplicaSet' && attach.deployment === true)
    above(META.deployment, around.deployment, 'Deployment');
  // The Job itself is not looked at, only the Pod's reference to it.
  if (owner?.kind === 'Job' && attach.job === true) entries.push([META.job, owner.name ?? '']);
  if (owner?.kind === 'Job' && attach.cronjob === true) above(META.cronJob, around.cronJob, 'CronJob');
  if (attach.node === true) {
    entries.push([META.node, pod.spec.nodeName ?? '']);
    for (const what of ['label', 'annotation'] as const) addMap('node', what, undefined, entries, unknown);
  }
  if (attach.namespace === true) {
    const { namespace: name } = pod.metadata ?? {};
    // The API server gives it to every namespace.
    const own = name === undefined ? {} : { 'kubernetes.io/metadata.name': name };
    const { labels } = around.namespace ?? {};
    addMap('namespace', 'label', labels && { ...labels, ...own }, entries, unknown);
    if (labels === undefined) addMap('namespace', 'label', own, entries, []);
    addMap('namespace', 'annotation', around.namespace?.annotations, entries, unknown);
  }
  return { labels: makeLabels(entries), unknown };
}

function addMap(
  of: 'namespace' | 'node',
  what: 'label' | 'annotation',
  map: StringMap | undefined,
  entries: Entries,
  unknown: UnknownName[],
): void {
  const [value, present] = [`__meta_kubernetes_${of}_${what}_`, `__meta_kubernetes_${of}_${what}present_`];
  if (map === undefined) {
    unknown.push(...[value, present].map((name) => ({ name, isPrefix: true, of })));
    return;
  }
  for (const [name, text] of Object.entries(map).sort(([one], [other]) => compareNames(one, other))) {
    const sanitised = sanitiseLabelName(name);
    entries.push([`${value}${sanitised}`, typeof text === 'string' ? text : '']);
    entries.push([`${present}${sanitised}`, 'true']);
  }
}
