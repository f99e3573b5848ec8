import { createHash } from 'node:crypto';

import type { ContainerLife } from './container.ts';
import { timestamp } from './process.ts';
import type { Condition, ContainerStatus, Pod } from './types.ts';

/** What the status of a Pod is made of. */
export interface PodState {
  readonly pod: Pod;
  readonly inits: readonly ContainerLife[];
  readonly mains: readonly ContainerLife[];
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly initialized: boolean;
  readonly hasSandbox: boolean;
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
  readonly startTime: string;
  /** The conditions that were written last: their times stay while they do not change. */
  readonly before: readonly Condition[];
}

/** The status that the kubelet writes; `null` takes a field out in a merge patch. */
export function statusOf(
  state: PodState,
): Readonly<Record<string, unknown>> & { conditions: readonly Condition[] } {
  const { podIPs, hostIPs } = state;
  const status = (life: ContainerLife): ContainerStatus =>
    life.status(imageID(life.spec.image), !state.initialized);
  return {
    phase: state.phase,
    startTime: state.startTime,
    hostIP: hostIPs[0],
    hostIPs: hostIPs.map((ip) => ({ ip })),
    podIP: podIPs[0] ?? null,
    podIPs: podIPs.length === 0 ? null : podIPs.map((ip) => ({ ip })),
    conditions: conditions(state).map((condition) => timed(condition, state.before)),
    ...(state.inits.length > 0 && { initContainerStatuses: state.inits.map(status) }),
    containerStatuses: state.mains.map(status),
  };
}

function imageID(image: string): string {
  const digest = createHash('sha256').update(image).digest('hex');
  return `${image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')}@sha256:${digest}`;
}

function conditions(state: PodState): readonly Condition[] {
  const { pod, inits, mains, phase } = state;
  const sidecars = inits.filter(({ role }) => role === 'sidecar');
  const unready = [...sidecars, ...mains].filter(({ ready }) => !ready).map(({ spec }) => spec.name);
  const incomplete = inits
    .filter(({ role, ready, started }) => (role === 'init' ? !ready : !started))
    .map(({ spec }) => spec.name);
  const over = phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;
  const condition = (type: string, holds: boolean, reason: string, message?: string): Condition => ({
    type,
    status: holds ? 'True' : 'False',
    ...(!holds && {
      reason: over ?? reason,
      ...(message !== undefined && over === undefined && { message }),
    }),
  });
  const ready = condition(
    'ContainersReady',
    over === undefined && unready.length === 0,
    'ContainersNotReady',
    `containers with unready status: [${unready.join(' ')}]`,
  );
  const ours = ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'];
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !ours.includes(type));
  const gates = (pod.spec.readinessGates ?? []).map(({ conditionType }) => conditionType);
  const shut = gates.filter((gate) => !others.some(({ type, status }) => type === gate && status === 'True'));
  const initialized =
    phase === 'Succeeded'
      ? { type: 'Initialized', status: 'True', reason: 'PodCompleted' }
      : condition(
          'Initialized',
          state.initialized,
          'ContainersNotInitialized',
          `containers with incomplete status: [${incomplete.join(' ')}]`,
        );
  return [
    ...others,
    { type: 'PodScheduled', status: 'True' },
    { type: 'PodReadyToStartContainers', status: state.hasSandbox ? 'True' : 'False' },
    initialized,
    ready,
    shut.length === 0 || ready.status === 'False'
      ? { ...ready, type: 'Ready' }
      : condition('Ready', false, 'ReadinessGatesNotReady', `readiness gates not met: ${shut.join(' ')}`),
  ];
}

function timed(condition: Condition, before: readonly Condition[]): Condition {
  if (condition.lastTransitionTime !== undefined) return condition;
  const last = before.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastTransitionTime: last?.lastTransitionTime ?? timestamp() };
}
