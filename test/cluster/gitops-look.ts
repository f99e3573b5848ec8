import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { nameOf } from './gitops-reconcilers.ts';

type Live = KubeObject & {
  readonly metadata: { readonly generation: number; readonly uid: string; readonly name: string };
  readonly status?: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
};

const APPS = ['deployments', 'statefulsets'];

async function listed(
  plane: ControlPlane,
  namespaces: readonly string[],
  root: string,
  resource: string,
): Promise<readonly Live[]> {
  const lists = await Promise.all(
    namespaces.map((name) =>
      plane.request<{ items: readonly Live[] }>('GET', `${root}/namespaces/${name}/${resource}`),
    ),
  );
  const kind = `${resource[0]?.toUpperCase()}${resource.slice(1, -1)}`;
  const kinds: Readonly<Record<string, string>> = { Statefulset: 'StatefulSet', Cronjob: 'CronJob' };
  return lists.flatMap(({ body }) => body.items).map((item) => ({ ...item, kind: kinds[kind] ?? kind }));
}

async function workloadsOf(plane: ControlPlane, namespaces: readonly string[]): Promise<readonly Live[]> {
  const lists = await Promise.all([
    ...APPS.map((resource) => listed(plane, namespaces, '/apis/apps/v1', resource)),
    listed(plane, namespaces, '/apis/batch/v1', 'cronjobs'),
  ]);
  return lists.flat();
}

/** Whether the controllers have nothing left to say about a workload whose Pods nobody runs. */
function isSettled({ kind, metadata, spec, status = {} }: Live): boolean {
  if (kind === 'CronJob') return true;
  if (status['observedGeneration'] !== metadata.generation || status['updatedReplicas'] === undefined)
    return false;
  if (kind === 'StatefulSet') return status['currentReplicas'] === 1;
  const conditions = (status['conditions'] ?? []) as readonly unknown[];
  return (
    conditions.length === 2 &&
    ['replicas', 'updatedReplicas', 'unavailableReplicas'].every((key) => status[key] === spec['replicas'])
  );
}

/** A look at namespaces. */
export interface Settled {
  readonly workloads: readonly Live[];
  /** The uid of every Pod, and of every template that a workload has had. */
  readonly made: readonly string[];
}

/** The whole of every workload, but for version and managers of those that are named. */
export function untimed({ workloads, made }: Settled, names: readonly string[]): object {
  const without = (workload: Live): object => ({
    ...workload,
    metadata: { ...workload.metadata, resourceVersion: undefined, managedFields: undefined },
  });
  return { made, workloads: workloads.map((one) => (names.includes(nameOf(one)) ? without(one) : one)) };
}

/** Everything, once the controllers have nothing left to do, with Pods that nobody runs. */
export function settled(plane: ControlPlane, namespaces: readonly string[]): Promise<Settled> {
  return plane.waitFor(
    'the controllers to have nothing left to do',
    async () => {
      const workloads = await workloadsOf(plane, namespaces);
      if (!workloads.every(isSettled)) return false;
      const made = await Promise.all([
        listed(plane, namespaces, '/api/v1', 'pods'),
        listed(plane, namespaces, '/apis/apps/v1', 'replicasets'),
        listed(plane, namespaces, '/apis/apps/v1', 'controllerrevisions'),
      ]);
      return { workloads, made: made.flat().map(({ metadata }) => metadata.uid) };
    },
    { timeoutMs: 60_000, intervalMs: 300 },
  );
}

/** What a workload has come to. */
export interface Rollouts {
  readonly generation: number;
  readonly template: unknown;
  /** How many templates the workload has had. */
  readonly revisions: number;
}

/** By kind and name, once the controllers have seen the latest generation. */
export function rolledOut(
  plane: ControlPlane,
  namespaces: readonly string[],
): Promise<Record<string, Rollouts>> {
  return plane.waitFor(
    'the controllers to have seen everything',
    async () => {
      const workloads = await workloadsOf(plane, namespaces);
      const seen = ({ kind, metadata, status }: Live): boolean =>
        kind === 'CronJob' || status?.['observedGeneration'] === metadata.generation;
      if (!workloads.every(seen)) return false;
      const made = await Promise.all(
        ['replicasets', 'controllerrevisions'].map((name) =>
          listed(plane, namespaces, '/apis/apps/v1', name),
        ),
      );
      const owners = made
        .flat()
        .flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);
      return Object.fromEntries(
        workloads.map((workload) => {
          const { generation, uid } = workload.metadata;
          const { jobTemplate = workload } = workload.spec as { jobTemplate?: KubeObject };
          const template = jobTemplate.spec?.['template'];
          const revisions = owners.filter((owner) => owner === uid).length;
          return [nameOf(workload), { generation, template, revisions }];
        }),
      );
    },
    { timeoutMs: 60_000, intervalMs: 200 },
  );
}
