import { parseQuantity } from '../../../src/core/quantity.ts';
import type { Objects } from './objects.ts';
import { Waiting } from './types.ts';
import type { Container, FieldRef, KeyRef, Pod, ResourceFieldRef } from './types.ts';

/** What a Pod is told about where it runs; its addresses are known before its status says them. */
export interface Surroundings {
  readonly nodeName: string;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** What every container is told of the API server. */
  readonly service: Readonly<Record<string, string>>;
}

/**
 * The variables that a container's `envFrom` and `env` define, as the kubelet resolves them.
 * Errors: `CreateContainerConfigError` for a Secret, a ConfigMap or a key that is missing and not optional.
 */
export async function environmentOf(
  pod: Pod,
  container: Container,
  around: Surroundings,
  objects: Objects,
): Promise<Record<string, string>> {
  const { namespace } = pod.metadata;
  const known: Record<string, string> = {};
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const kind = secretRef === undefined ? 'ConfigMap' : 'Secret';
    const reference = secretRef ?? configMapRef;
    if (reference === undefined) continue;
    const data = await objects.data(kind, namespace, reference.name);
    if (data === undefined && reference.optional !== true) throw missing(kind, reference.name);
    for (const [key, value] of Object.entries(data ?? {})) known[prefix + key] = value.toString('utf8');
  }
  const oneKey = async (kind: 'ConfigMap' | 'Secret', ref: KeyRef): Promise<string | undefined> => {
    const data = await objects.data(kind, namespace, ref.name);
    const value = data?.[ref.key];
    if (value !== undefined || ref.optional === true) return value?.toString('utf8');
    if (data === undefined) throw missing(kind, ref.name);
    const text = `couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name}`;
    throw new Waiting('CreateContainerConfigError', text);
  };
  for (const { name, value = '', valueFrom } of container.env ?? []) {
    let result: string | undefined = expand(value, { ...around.service, ...known });
    if (value === '' && valueFrom !== undefined) {
      const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
      if (fieldRef !== undefined) result = fieldOf(pod, fieldRef, around);
      else if (resourceFieldRef !== undefined) result = resourceOf(pod, container, resourceFieldRef);
      else if (secretKeyRef !== undefined) result = await oneKey('Secret', secretKeyRef);
      else if (configMapKeyRef !== undefined) result = await oneKey('ConfigMap', configMapKeyRef);
    }
    // An optional key that is missing leaves the variable as `envFrom` has it, or unset.
    if (result !== undefined) known[name] = result;
  }
  return { ...around.service, ...known };
}

function missing(kind: 'ConfigMap' | 'Secret', name: string): Waiting {
  return new Waiting('CreateContainerConfigError', `${kind.toLowerCase()} "${name}" not found`);
}

/** Replaces `$(NAME)`; `$$` stands for `$`, and the reference to an unknown name stays as it is. */
export function expand(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) =>
    name === undefined ? '$' : (known[name] ?? match),
  );
}

/** The value of a `fieldRef`. Errors: a field that the API server would not let pass, or that is not known here. */
export function fieldOf(pod: Pod, { fieldPath }: FieldRef, around: Surroundings): string {
  const keyed = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (keyed !== null) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace;
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return around.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.podIP':
      return around.podIPs[0] ?? '';
    case 'status.podIPs':
      return around.podIPs.join(',');
    case 'status.hostIP':
      return around.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return around.hostIPs.join(',');
    default:
      throw new Waiting('CreateContainerConfigError', `unsupported fieldPath: ${fieldPath}`);
  }
}

/** The kubelet's form of all labels or annotations: a line each, in order, the value quoted. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n');
}

/** The value of a `resourceFieldRef`, rounded up to whole divisors; without a limit it is the node's capacity. */
export function resourceOf(pod: Pod, container: Container, ref: ResourceFieldRef): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const named =
    ref.containerName === undefined ? container : all.find((one) => one.name === ref.containerName);
  const [which, resource = ''] = ref.resource.split(/\.(.*)/s);
  const { limits, requests } = named?.resources ?? {};
  const unlimited = CAPACITY[resource as keyof typeof CAPACITY];
  const text = which === 'limits' ? (limits?.[resource] ?? unlimited) : (requests?.[resource] ?? '0');
  const divisor = ref.divisor === undefined || ref.divisor === '0' ? '1' : ref.divisor;
  return String(Math.ceil((parseQuantity(text) ?? 0) / (parseQuantity(divisor) ?? 1)));
}

/** What the node says it has. */
export const CAPACITY = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '256Gi', pods: '1000' };
