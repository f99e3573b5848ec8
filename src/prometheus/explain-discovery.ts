import { own } from '../core/pod.ts';
import { clip, oneOf } from '../core/text.ts';
import type { Job } from './job.ts';
import type { RunningPod } from './pod-discovery.ts';
import type { AttachMetadata, KubernetesSdConfig } from './scrape-config.ts';
import { meets, parseFieldSelector, parseLabelSelector } from './selector-text.ts';

/** Whether a job sees a Pod at all, before any of its rules. */
export type Discovery =
  | { readonly state: 'discovered'; readonly notes: readonly string[] }
  /** Why, in words. */
  | { readonly state: 'not-discovered'; readonly reason: string }
  /** It depends on other objects than the Pod, which are not known. */
  | { readonly state: 'untold'; readonly reason: string }
  /** It discovers by other roles than `pod`, or nothing: what it scrapes of a Pod cannot be told from the Pod. */
  | { readonly state: 'not-explained'; readonly reason: string };

/** Whether the job discovers the Pod by the role `pod`. */
export function discoveryOf(pod: RunningPod, job: Job): Discovery {
  const roles = [...new Set(job.discovery.map(({ role }) => role))].filter((role) => role !== 'pod');
  const ofPods = job.discovery.filter(({ role }) => role === 'pod');
  const others = `discovers by role ${roles.join(', ')}: not explained`;
  if (ofPods.length === 0) {
    const reason = roles.length > 0 ? others : 'discovers nothing in Kubernetes: not explained';
    return { state: 'not-explained', reason };
  }
  const also = roles.length > 0 ? [`also ${others}`] : [];
  const results = ofPods.map((config) => seenBy(config, pod));
  const seen = results.find(({ hidden }) => hidden === undefined);
  if (seen !== undefined) return { state: 'discovered', notes: [...also, ...seen.notes] };
  const untold = results.find(({ isUntold }) => isUntold);
  if (untold !== undefined) return { state: 'untold', reason: untold.hidden ?? '' };
  return { state: 'not-discovered', reason: results.map(({ hidden }) => hidden).join('; ') };
}

/** What the discoveries that see the Pod attach to its targets; those that attach the same find the same targets. */
export function attachedBy(pod: RunningPod, job: Job): readonly AttachMetadata[] {
  const seeing = job.discovery.filter(
    (config) => config.role === 'pod' && seenBy(config, pod).hidden === undefined,
  );
  const attached = seeing.map(({ attach_metadata = {} }) => attach_metadata);
  return [...new Map(attached.map((one) => [JSON.stringify(one), one])).values()];
}

interface Seen {
  /** Why the Pod is not seen. */
  readonly hidden?: string;
  /** Whether it may be seen all the same. */
  readonly isUntold?: true;
  readonly notes: readonly string[];
}

function seenBy(
  { namespaces, selectors = [], api_server, attach_metadata }: KubernetesSdConfig,
  pod: RunningPod,
): Seen {
  const namespace = pod.metadata?.namespace ?? '';
  const names = namespaces?.names ?? [];
  const own = namespaces?.own_namespace === true;
  const notes: string[] = [];
  if (api_server !== undefined)
    notes.push(`asks the API server ${api_server}; the Pod must be of its cluster`);
  if ((names.length > 0 || own) && !names.includes(namespace)) {
    const listed = names.length === 0 ? '' : `namespaces.names has ${oneOf(names)}, not ${namespace}`;
    if (!own) return { hidden: listed, notes };
    notes.push(
      `discovers in its own namespace, which is not known here; explained as if it were ${namespace}`,
    );
  }
  for (const { role, label = '', field = '' } of selectors) {
    if (role !== 'pod') continue;
    const labelled = labelMismatch(label, pod);
    if (labelled !== undefined) return { hidden: labelled, notes };
    const fielded = fieldMismatch(field, pod);
    if (fielded !== undefined) return { hidden: fielded, notes };
  }
  if ((pod.status?.podIP ?? '') === '') return { hidden: 'the Pod has no address yet (status.podIP)', notes };
  if (attach_metadata?.node !== true) return { notes };
  if ((pod.spec.nodeName ?? '') === '')
    return { hidden: 'the Pod is on no node, and attach_metadata.node leaves such Pods out', notes };
  // Without the metadata of nodes, their selectors are not looked at.
  const { label = '', field = '' } = selectors.find(({ role }) => role === 'node') ?? {};
  if (label === '' && field === '') return { notes };
  const chosen = `cannot be told: it discovers Pods on nodes with ${[label, field].filter(Boolean).join(' and ')}, and the node is not known here`;
  return { hidden: chosen, isUntold: true, notes };
}

/** Which requirement of a label selector the Pod does not meet, in words. */
function labelMismatch(text: string, { metadata }: RunningPod): string | undefined {
  const terms = parseLabelSelector(text);
  if ('fault' in terms) return `the label selector ${clip(text, 60)} is none: ${terms.fault}`;
  const term = terms.find((one) => !meets(one, metadata?.labels));
  if (term === undefined) return undefined;
  const value = own(metadata?.labels, term.key);
  return `the label selector wants ${term.text}, and the Pod has ${value === undefined ? 'no such label' : `${term.key}=${value}`}`;
}

/** What a Pod can be selected by (kubernetes/kubernetes, `pkg/registry/core/pod`, ToSelectableFields). */
const FIELDS: Readonly<Record<string, (pod: RunningPod) => string>> = {
  'metadata.name': ({ metadata }) => metadata?.name ?? '',
  'metadata.namespace': ({ metadata }) => metadata?.namespace ?? '',
  'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
  'spec.host': ({ spec }) => spec.nodeName ?? '',
  'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? 'Always',
  'spec.schedulerName': ({ spec }) => spec.schedulerName || 'default-scheduler',
  'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName || spec.serviceAccount || 'default',
  'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork === true),
  'status.phase': ({ status }) => status?.phase ?? '',
  'status.podIP': ({ status }) => status?.podIP ?? '',
  // The API server takes it, and then finds it empty.
  'status.podIPs': () => '',
  'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
};

function fieldMismatch(text: string, pod: RunningPod): string | undefined {
  const terms = parseFieldSelector(text);
  if ('fault' in terms) return `the field selector ${clip(text, 60)} is none: ${terms.fault}`;
  for (const { text: term, field, isEqual, value } of terms) {
    const read = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (read === undefined)
      return `the field selector wants ${clip(term, 60)}, and the API server refuses it: Pods are selected by ${Object.keys(FIELDS).join(', ')}`;
    const actual = read(pod);
    if ((actual === value) === isEqual) continue;
    return `the field selector wants ${term}, and it is ${actual === '' ? 'empty' : actual}`;
  }
  return undefined;
}
