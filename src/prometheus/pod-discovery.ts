import type { ObjectMeta, OwnerReference, Pod, PodSpec } from '../core/kubernetes.ts';
import type { Labels } from './labels.ts';

/** What service discovery reads beside what the engine does; absent where nothing runs yet. */
export interface RunningPod extends Pod {
  readonly metadata?: RunningMeta | null;
  readonly spec: PodSpec & { readonly nodeName?: string };
  readonly status?: PodStatus | null;
}

export interface RunningMeta extends ObjectMeta {
  readonly uid?: string;
  readonly ownerReferences?: readonly OwnerReference[] | null;
}

export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly hostIP?: string;
  readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null;
  readonly containerStatuses?: readonly ContainerStatus[] | null;
  readonly initContainerStatuses?: readonly ContainerStatus[] | null;
}

export interface ContainerStatus {
  readonly name?: string;
  readonly containerID?: string;
}

/**
 * The labels of every target that the role `pod` makes of a Pod, in Prometheus' order: containers, then init containers;
 * none without an address (prometheus/prometheus `discovery/kubernetes/pod.go`).
 */
export function discoverPod(pod: RunningPod): readonly Labels[] {
  void pod;
  throw new Error('not written yet');
}
