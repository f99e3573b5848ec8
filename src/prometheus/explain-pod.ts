import type { Container, OwnerReference, Pod, StringMap } from '../core/kubernetes.ts';
import type { Around } from './attached.ts';
import type { RunningPod } from './pod-discovery.ts';

/** What a Pod is made from: itself, or a workload. */
export interface PodOrigin {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** What its controller gives to a Pod; parts that only the cluster knows are `x`. */
interface Made {
  readonly name: string;
  readonly owner: { readonly kind: string; readonly name: string };
  readonly labels: StringMap;
}

const HASH = 'xxxxxxxxxx';
const SUFFIX = 'xxxxx';

/** How the controllers of Kubernetes name and label their Pods (kubernetes/kubernetes, `pkg/controller`). */
const CONTROLLERS: Readonly<Record<string, (name: string) => Made>> = {
  Deployment: (name) => ({
    name: generated(`${name}-${HASH}-`),
    owner: { kind: 'ReplicaSet', name: `${name}-${HASH}` },
    labels: { 'pod-template-hash': HASH },
  }),
  StatefulSet: (name) => ({
    name: `${name}-0`,
    owner: { kind: 'StatefulSet', name },
    labels: {
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': `${name}-${HASH}`,
      'statefulset.kubernetes.io/pod-name': `${name}-0`,
    },
  }),
  DaemonSet: (name) => ({
    ...plain('DaemonSet', name),
    labels: { 'controller-revision-hash': HASH, 'pod-template-generation': '1' },
  }),
  Job: (name) => ({ ...plain('Job', name), labels: jobLabels(name) }),
  CronJob: (name) => ({ ...plain('Job', `${name}-xxxxxxxx`), labels: jobLabels(`${name}-xxxxxxxx`) }),
};

function plain(kind: string, name: string): Made {
  return { name: generated(`${name}-`), owner: { kind, name }, labels: {} };
}

function jobLabels(name: string): StringMap {
  return {
    'batch.kubernetes.io/controller-uid': UID,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': UID,
    'job-name': name,
  };
}

const UID = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx';

/** Kubernetes cuts a `generateName` so that the suffix fits into 63 characters. */
function generated(prefix: string): string {
  return `${prefix.slice(0, 63 - SUFFIX.length)}${SUFFIX}`;
}

/**
 * The Pod that Prometheus would discover once `pod` runs: with the name, owner and labels that its controller gives it,
 * running, ready, and at the address `ip`.
 *
 * @param pod after the injection, made of the template where `origin` is a workload
 */
export function runningPod(pod: Pod, origin: PodOrigin, ip: string): RunningPod {
  const made = madeBy(pod, origin);
  const owner: OwnerReference = { ...made.owner, controller: true };
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: made.name,
      namespace: origin.namespace,
      uid: UID,
      labels: { ...pod.metadata?.labels, ...made.labels },
      ...(origin.kind === 'Pod' ? {} : { ownerReferences: [owner] }),
    },
    spec: { ...withDefaults(pod).spec, nodeName: 'xxxxx' },
    status: {
      phase: 'Running',
      podIP: ip,
      hostIP: pod.spec.hostNetwork === true ? ip : '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

function madeBy({ metadata }: Pod, { kind, name }: PodOrigin): Made {
  if (kind !== 'Pod') return (CONTROLLERS[kind] ?? ((of): Made => plain(kind, of)))(name);
  const own = metadata?.name ?? generated(metadata?.generateName ?? '');
  return { name: own, owner: { kind, name: own }, labels: {} };
}

/** A Pod as it is in a cluster, or was: with the defaults that discovery sees. */
export function existingPod(pod: RunningPod, namespace: string): RunningPod {
  return { ...withDefaults(pod), metadata: { ...pod.metadata, namespace } };
}

/**
 * What is known around the Pods of an object: a workload that is handed over is the owner of what owns them.
 *
 * @param namespace what is known of its namespace
 */
export function aroundOf({ kind, name }: PodOrigin, namespace: Around['namespace'] = {}): Around {
  return {
    namespace,
    ...(kind === 'Deployment' ? { deployment: name } : {}),
    ...(kind === 'CronJob' ? { cronJob: name } : {}),
  };
}

/** The apiserver's default that matters to discovery. */
function withDefaults<P extends Pod>(pod: P): P {
  const of = (container: Container): Container => ({
    ...container,
    ...(container.ports
      ? { ports: container.ports.map((port) => ({ ...port, protocol: port.protocol ?? 'TCP' })) }
      : {}),
  });
  const { containers, initContainers } = pod.spec;
  const init = initContainers ? { initContainers: initContainers.map(of) } : {};
  return { ...pod, spec: { ...pod.spec, containers: containers.map(of), ...init } };
}

/** Kubernetes' alphabet of generated names (apimachinery, `util/rand`), so that `web` is told from `web-api`. */
const RANDOM = /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/;

/** Whether a discovered Pod is one of the origin's. */
export function isPodOf(
  { kind, name }: PodOrigin,
  pod: { readonly name: string; readonly controllerKind: string; readonly controllerName: string },
): boolean {
  const isNamed = (rest: RegExp): boolean =>
    pod.controllerName.startsWith(`${name}-`) && rest.test(pod.controllerName.slice(name.length + 1));
  if (kind === 'Pod') return pod.name === name;
  if (kind === 'Deployment') return pod.controllerKind === 'ReplicaSet' && isNamed(RANDOM);
  if (kind === 'CronJob') return pod.controllerKind === 'Job' && isNamed(/^\d+$/);
  return pod.controllerKind === kind && pod.controllerName === name;
}
