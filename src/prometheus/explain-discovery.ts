import { matches } from '../core/selector.ts';
import type { LabelRequirement } from '../core/selector.ts';
import { clip, oneOf } from '../core/text.ts';
import type { Job } from './job.ts';
import type { RunningPod } from './pod-discovery.ts';
import type { KubernetesSdConfig } from './scrape-config.ts';

/** Whether a job sees a Pod at all, before any of its rules. */
export type Discovery =
  | { readonly state: 'discovered'; readonly notes: readonly string[] }
  /** Why, in words. */
  | { readonly state: 'not-discovered'; readonly reason: string }
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
  return { state: 'not-discovered', reason: results.map(({ hidden }) => hidden).join('; ') };
}

interface Seen {
  /** Why the Pod is not seen. */
  readonly hidden?: string;
  readonly notes: readonly string[];
}

function seenBy({ namespaces, selectors = [], api_server }: KubernetesSdConfig, pod: RunningPod): Seen {
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
  return { notes };
}

/** Which requirement of a label selector the Pod does not meet, in words. */
function labelMismatch(text: string, { metadata }: RunningPod): string | undefined {
  for (const part of splitSelector(text)) {
    const requirement = requirementOf(part);
    if (requirement === undefined) return `the selector ${clip(text, 60)} is not one: ${clip(part, 30)}`;
    if (matches({ matchExpressions: [requirement] }, metadata?.labels)) continue;
    const value = metadata?.labels?.[requirement.key];
    return `the label selector wants ${part}, and the Pod has ${value === undefined ? 'no such label' : `${requirement.key}=${value}`}`;
  }
  return undefined;
}

/** At commas that are in no parentheses. */
function splitSelector(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** One requirement as `kubectl get -l` takes it (apimachinery, `labels.Parse`), without the comparisons of numbers. */
function requirementOf(part: string): LabelRequirement | undefined {
  const [, key = '', negated, list] = /^(\S+)\s+(not)?in\s*\(([^)]*)\)$/.exec(part) ?? [];
  if (list !== undefined) {
    const values = list.split(',').map((value) => value.trim());
    return { key, operator: negated === undefined ? 'In' : 'NotIn', values };
  }
  const [, left = '', sign, right = ''] = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part) ?? [];
  if (sign !== undefined) return { key: left, operator: sign === '!=' ? 'NotIn' : 'In', values: [right] };
  const [, not = '', name] = /^(!?)\s*([^\s=!()]+)$/.exec(part) ?? [];
  if (name === undefined) return undefined;
  return { key: name, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
}

/** What a Pod can be selected by (kubernetes/kubernetes, `pkg/registry/core/pod`, ToSelectableFields). */
const FIELDS: Readonly<Record<string, (pod: RunningPod) => string>> = {
  'metadata.name': ({ metadata }) => metadata?.name ?? '',
  'metadata.namespace': ({ metadata }) => metadata?.namespace ?? '',
  'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
  'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? 'Always',
  'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork === true),
  'status.phase': ({ status }) => status?.phase ?? '',
  'status.podIP': ({ status }) => status?.podIP ?? '',
};

function fieldMismatch(text: string, pod: RunningPod): string | undefined {
  for (const part of splitSelector(text)) {
    const [, field = '', sign = '', wanted = ''] = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part) ?? [];
    const read = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
    if (read === undefined) return `the field selector ${clip(part, 60)} cannot be told from the Pod`;
    const value = read(pod);
    if ((value === wanted) === (sign !== '!=')) continue;
    return `the field selector wants ${part}, and it is ${value === '' ? 'empty' : value}`;
  }
  return undefined;
}
